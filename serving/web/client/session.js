// @ts-check
/** One session with the server, over as many connections as it takes. */

import { Answers } from "./answers.js";
import { Backoff, Pause } from "./backoff.js";
import { Connection, address, protocols } from "./connection.js";
import { LostError, RefusedError, UnreachableError } from "./errors.js";
import { Events } from "./events.js";
import { RATE_HZ, Pcm } from "./samples.js";
import { Unacknowledged } from "./unacknowledged.js";

const FRAME_SAMPLES = RATE_HZ; // a second; the server takes 32
const MOST_BUFFERED_BYTES = 512 * 1024;
const MOST_PENDING_SAMPLES = 120 * RATE_HZ; // sent and not acknowledged
const LOOK_MS = 20;
const ANSWER_MS = 10_000; // for a server to take a session up again, before another connection is tried
const PASSING = new Set(["server_full", "server_draining"]); // refusals of a session that may yet be taken up again
const REFUSED = new Set(["invalid_setting", "invalid_message"]); // what answers an update that the server does not take
const OF_THE_LINE = new Set(["audio.ack", "pong", "session.resumed"]); // they tell nothing of what was heard

/**
 * Open a session; settled when the server has taken it, and its settings.
 *
 * @param {string | URL} url
 * @param {import("./undertone.js").Options} [options]
 * @returns {Promise<Session>}
 */
export async function connect(url, options = {}) {
  const session = new Session(url, options);
  await session.ready;
  return session;
}

export class Session {
  /**
   * Use `connect`.
   *
   * @param {string | URL} url
   * @param {import("./undertone.js").Options} options
   */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
    this.#names = protocols(options.token);
    this.closed = new Promise((resolve, reject) => (this.#settled = { resolve, reject }));
    this.closed.catch(() => {}); // whoever waits for it is told
    this.ready = this.#begin();
  }

  #url;
  #options;
  #names;
  #events = new Events();
  #answers = new Answers();
  #backoff = new Backoff();
  #sent = new Unacknowledged();
  #pcm = new Pcm();
  /** @type {any} */
  #settled;
  /** The connection that takes audio; null while there is none. @type {Connection | null} */
  #connection = null;
  /** The last connection that was to take the session up again. @type {Connection | null} */
  #attempt = null;
  /** @type {Pause | null} */
  #pause = null;
  /** What the server needs to know us again. @type {{secret: string, within_s: number} | null} */
  #resume = null;
  /** The number of the last message. */
  #seq = 0;
  #finishing = false;
  #over = false;
  /** The fatal error of the server. @type {any} */
  #refusal = null;
  /** `session.closed` of the server. @type {any} */
  #end = null;
  /** `session.created` of the server. @type {any} */
  created = null;
  /** All settings that hold. @type {any} */
  settings = null;

  /** The name that the server gave it. */
  get id() {
    return this.created?.session_id ?? null;
  }

  /** Milliseconds of audio that were sent. */
  get sentMs() {
    return (this.#sent.total * 1000) / RATE_HZ;
  }

  /** Whether what is sent now goes out now. */
  get isConnected() {
    return Boolean(this.#connection?.isOpen);
  }

  /**
   * Change settings, before the first audio; all that hold come back. What is null stays as it is.
   *
   * @param {Record<string, any>} settings
   */
  async update(settings) {
    const { encoding = "pcm_s16le", channels = 1 } = settings;
    if (encoding !== "pcm_s16le" || channels !== 1) {
      const message = "this client sends 16-bit PCM of one channel, whatever it is given";
      throw new RefusedError({ code: "invalid_setting", message });
    }
    if (this.#finishing || this.#over) throw new LostError("the session takes no more settings");
    const answered = this.#answers.next((told) => told.type === "session.updated" || REFUSED.has(told.code), true);
    const asked = Object.entries(settings).filter(([, value]) => value !== null); // null, in `settings`: as released
    this.#send({ ...Object.fromEntries(asked), type: "session.update" });
    const answer = await answered;
    if (answer.type === "error") throw new RefusedError(answer);
    return answer.settings;
  }

  /**
   * Send mono audio; settled when there is room for more. A live source need not wait for that.
   *
   * @param {Float32Array | Int16Array} samples (samples,)
   * @param {number} [rateHz] of these samples, the same in the whole session
   */
  send(samples, rateHz = RATE_HZ) {
    const room = this.#finishing || this.#over ? refused() : this.#room(samples, rateHz);
    room.catch(() => {}); // a live source does not look
    return room;
  }

  /** End the utterance that is under way. */
  commit() {
    this.#send({ type: "utterance.commit" });
  }

  /** No more audio: settled with `session.closed` when everything is answered. */
  finish() {
    if (!this.#finishing && !this.#over) {
      this.#write(this.#pcm.flush());
      this.#finishing = true;
      this.#send({ type: "session.finish" });
    }
    return this.closed;
  }

  /** Hang up now; what was not answered is lost. */
  close() {
    this.#fail(new LostError("the session was closed here"));
  }

  /** Where a lost connection is waited for: try now, the network is back. */
  retryNow() {
    this.#pause?.skip();
  }

  /** @param {string} type @param {(event: any) => void} listener */
  on(type, listener) {
    return this.#events.on(type, listener);
  }

  [Symbol.asyncIterator]() {
    return this.#events.read();
  }

  async #begin() {
    const created = this.#answers.next((told) => told.type === "session.created");
    this.#connection = this.#connected();
    await created;
    const settings = this.#options.settings ?? {};
    if (Object.keys(settings).length) await this.update(settings).catch((error) => this.#giveUp(error));
    return this;
  }

  /** @param {string | null} [resume] */
  #connected(resume = null) {
    const heard = {
      message: (/** @type {any} */ message) => this.#take(message, connection),
      end: () => connection === this.#connection && this.#cut(),
    };
    const connection = new Connection(address(this.#url, resume), this.#names, heard, this.#options.WebSocket);
    return connection;
  }

  /** @param {Int16Array} pcm */
  #write(pcm) {
    for (let first = 0; first < pcm.length; first += FRAME_SAMPLES) {
      this.#send(pcm.subarray(first, first + FRAME_SAMPLES));
    }
  }

  /** @param {Int16Array | object} sent audio, or a message in its place between the audio */
  #send(sent) {
    this.#sent.add(sent, this.#resume !== null);
    this.#connection?.send(sent);
  }

  /** @param {Float32Array | Int16Array} samples @param {number} rateHz */
  async #room(samples, rateHz) {
    this.#write(this.#pcm.push(samples, rateHz));
    while (!this.#over && this.#isFull()) await new Pause(LOOK_MS).over;
  }

  #isFull() {
    const buffered = this.#connection?.bufferedAmount ?? Infinity;
    return buffered > MOST_BUFFERED_BYTES || this.#sent.pending > MOST_PENDING_SAMPLES;
  }

  /** @param {any} message @param {Connection} connection */
  #take(message, connection) {
    if (this.#over || message.seq <= this.#seq) return;
    if (message.seq > this.#seq + 1) return this.#fail(new LostError("messages of the server are missing"));
    this.#seq = message.seq ?? this.#seq;
    this.#note(message, connection);
    this.#events.emit(message, OF_THE_LINE.has(message.type));
    this.#answers.offer(message);
  }

  /** @param {any} message @param {Connection} connection */
  #note(message, connection) {
    if (message.type === "session.created") this.created = message;
    if (message.settings) this.settings = message.settings;
    if (message.resume !== undefined) this.#resume = message.resume;
    if (message.type === "audio.ack") this.#sent.forget(message.samples ?? 0);
    if (message.type === "session.resumed") this.#goOn(message.samples, connection);
    if (message.type === "error" && message.fatal) this.#refusal = message;
    if (message.cause === "commit") this.#sent.committed();
    if (message.type === "session.closed") this.#end = message;
  }

  #cut() {
    this.#connection = null;
    if (this.#isExplained()) return;
    if (this.#resume) this.#takeUpAgain(Date.now() + 1000 * this.#resume.within_s);
    else if (this.created) this.#fail(new LostError("the connection to the server was lost"));
    else this.#fail(new UnreachableError(`no undertone server answers at ${address(this.#url)}`));
  }

  /** Whether the server has said why the connection ended; the session is over then. */
  #isExplained() {
    if (this.#end) this.#finish();
    else if (this.#refusal) this.#fail(new RefusedError(this.#refusal));
    return this.#over;
  }

  /** @param {number} until Unix time in ms */
  async #takeUpAgain(until) {
    this.#tellState("lost");
    let done = false;
    while (!done) {
      const delayMs = this.#backoff.next();
      if (Date.now() + delayMs > until) return this.#fail(new LostError("the connection was lost for too long"));
      this.#pause = new Pause(delayMs);
      this.#tellState("waiting", delayMs);
      done = !(await this.#pause.over) || (await this.#tryAgain());
    }
  }

  /** Whether there is nothing more to try: the session goes on, or is over. */
  async #tryAgain() {
    const connection = this.#connected(this.id);
    this.#attempt = connection;
    const resumed = this.#answers.next((told) => told.type === "session.resumed");
    const late = new Pause(ANSWER_MS);
    await Promise.race([connection.opened, late.over]);
    connection.send({ type: "session.resume", session_id: this.id, secret: this.#resume?.secret, after_seq: this.#seq });
    const answer = await Promise.race([resumed, connection.ended, late.over]).catch(() => null);
    late.cancel();
    if (answer?.type) return true;
    connection.drop();
    if (PASSING.has(this.#refusal?.code) && !this.#end) this.#refusal = null;
    return this.#isExplained();
  }

  /** @param {number} first the sample that the server wants next @param {Connection} connection */
  #goOn(first, connection) {
    this.#connection = connection;
    const again = this.#sent.from(first);
    if (!again) return this.#fail(new LostError("the server wants audio that it had acknowledged"));
    for (const sent of again) connection.send(sent);
    this.#backoff.reset();
    this.#tellState("open");
  }

  #finish() {
    this.#over = true;
    const unasked = this.#refusal && new RefusedError(this.#refusal);
    this.#events.end(unasked);
    this.#answers.fail(unasked ?? new LostError("the session is over"));
    if (unasked) this.#settled.reject(unasked);
    else this.#settled.resolve(this.#end);
  }

  /** @param {Error} error */
  #fail(error) {
    if (this.#over) return;
    this.#over = true;
    this.#pause?.cancel();
    this.#answers.fail(error);
    this.#events.end(error);
    this.#settled.reject(error);
    this.#connection?.close();
    this.#attempt?.close();
  }

  /** @param {Error} error */
  #giveUp(error) {
    this.#fail(error);
    throw error;
  }

  /** @param {"lost" | "waiting" | "open"} state @param {number} [retryInMs] */
  #tellState(state, retryInMs) {
    this.#events.emit({ type: "connection", state, attempt: this.#backoff.attempt, retryInMs }, true);
  }
}

async function refused() {
  throw new LostError("the session takes no more audio");
}
