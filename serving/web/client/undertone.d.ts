/** Types of undertone.js; those of the messages are in messages.d.ts, written from the server's own. */

import type { ServerMessage, SessionClosed, SessionCreated, SessionSettings } from "./messages.d.ts";

export type * from "./messages.d.ts";

export interface Options {
  /** A key of the server, or a token that it takes. */
  token?: string | null;
  /** Settings of the session, told before its first audio. */
  settings?: Partial<SessionSettings>;
  /** In place of the global WebSocket: for node before 22, and for tests. */
  WebSocket?: typeof WebSocket;
}

/** What becomes of the connection: lost, tried again in `retryInMs`, taken up again. */
export interface ConnectionEvent {
  type: "connection";
  state: "lost" | "waiting" | "open";
  attempt: number;
  retryInMs?: number;
}

type Listened = ServerMessage | ConnectionEvent;
type Of<Type extends string> = Extract<Listened, { type: Type }>;

/** One session with the server, over as many connections as it takes; made by `connect`. */
export class Session implements AsyncIterable<ServerMessage> {
  private constructor();
  /** `session.created` of the server. */
  readonly created: SessionCreated;
  /** All settings that hold. */
  readonly settings: SessionSettings;
  readonly id: string;
  /** Milliseconds of audio that were sent. */
  readonly sentMs: number;
  /** Whether what is sent now goes out now. */
  readonly isConnected: boolean;
  /** Settled at the end of the session; rejected with the reason of an end that was not asked for. */
  readonly closed: Promise<SessionClosed>;
  /** Send mono audio of `rateHz`, 16 kHz by default; settled when there is room for more. */
  send(samples: Float32Array | Int16Array, rateHz?: number): Promise<void>;
  /** Change settings, before the first audio; all that hold come back, and what is null stays. Rejected with RefusedError, invalid_setting. */
  update(settings: Partial<SessionSettings>): Promise<SessionSettings>;
  /** End the utterance that is under way. */
  commit(): void;
  /** No more audio: settled when everything is answered. */
  finish(): Promise<SessionClosed>;
  /** Hang up now; what was not answered is lost. */
  close(): void;
  /** Where a lost connection is waited for: try now, the network is back. */
  retryNow(): void;
  /** Call `listener` with each message of `type`, or with all for "*"; returns what ends that. */
  on<Type extends Listened["type"]>(type: Type, listener: (event: Of<Type>) => void): () => void;
  on(type: "*", listener: (event: ServerMessage) => void): () => void;
  /** Messages as they come, kept from the first on where `on` was not used before; once somebody reads, all are kept. */
  [Symbol.asyncIterator](): AsyncIterator<ServerMessage>;
}

/** Open a session. Rejected with UnreachableError or RefusedError. */
export function connect(url: string | URL, options?: Options): Promise<Session>;

export class UndertoneError extends Error {}
/** Nothing answers at the address, or what answers is no undertone server. */
export class UnreachableError extends UndertoneError {}
/** The connection was lost and could not be taken up again. */
export class LostError extends UndertoneError {}
/** The server says why in `code`. */
export class RefusedError extends UndertoneError {
  constructor(told: { code: string; message: string; retry_after_s?: number });
  readonly code: string;
  /** After how many seconds it makes sense to come again; null: it does not say. */
  readonly retryAfterS: number | null;
}

/** The rate of audio on the wire. */
export const RATE_HZ: 16000;

/** Floats in [-1, 1] as int16; what is louder is clipped. */
export function toInt16(samples: Float32Array): Int16Array;

/** Any mono audio, piece by piece, as int16 of 16 kHz. */
export class Pcm {
  push(samples: Float32Array | Int16Array, rateHz: number): Int16Array;
  flush(): Int16Array;
}

/** Turns a stream of one rate into one of 16 kHz, piece by piece. */
export class Resampler {
  constructor(fromHz: number);
  push(samples: Float32Array): Float32Array;
  flush(): Float32Array;
}

/** When to try again: longer after each failure, a half of it left to chance. */
export class Backoff {
  constructor(chance?: () => number);
  readonly attempt: number;
  next(): number;
  reset(): void;
}

/** A pause that can be cut short; `over` is false where `cancel` did it. */
export class Pause {
  constructor(ms: number);
  readonly over: Promise<boolean>;
  skip(): void;
  cancel(): void;
}
