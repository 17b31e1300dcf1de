// @ts-check
/**
 * What is said, over as many sessions as the network takes. A session that survives a cut is the client's affair; where
 * it is lost, another one begins here and is sent again what was heard since the last verdict.
 *
 * Events carry times in ms since the first sample of the tape, and numbers of utterances that go on.
 */

import { Backoff, LostError, Pause, Pcm, RefusedError, UnreachableError, connect } from "../../client/undertone.js";
import { applied } from "./session_settings.js";

const KEPT_MS = 120_000; // of live audio, to be sent again
const SOON_S = 60;
const PASSING = new Set(["server_full", "server_draining", "session_expired", "too_far_behind", "internal", "resume_refused"]);
const TIMES = ["start_ms", "end_ms", "speech_start_ms"];

/**
 * @typedef {object} Place where to be heard, and how
 * @property {string | URL} url
 * @property {string} token
 * @property {Record<string, any>} settings
 * @property {boolean} isLive whether audio goes on whatever happens
 */

export class Conversation {
  /**
   * @param {Place} place
   * @param {import("../audio/tape.js").Tape} tape
   * @param {(event: any) => void} tell called with each event
   * @param {number} [lastId] the number of the last utterance before this conversation
   */
  constructor(place, tape, tell, lastId = 0) {
    this.#place = place;
    this.#tape = tape;
    this.#tell = tell;
    this.#lastId = lastId;
    this.#doneMs = tape.ms;
  }

  #place;
  #tape;
  #tell;
  #pcm = new Pcm();
  #backoff = new Backoff();
  /** @type {Pause | null} */
  #pause = null;
  /** @type {import("../../client/undertone.js").Session | null} */
  #session = null;
  /** @type {Promise<void>} */
  #opening = Promise.resolve();
  /** Where the running session begins in the conversation. */
  #baseMs = 0;
  #baseId = 0;
  /** The last utterance that has its verdict, and its end. */
  #lastId;
  #doneMs;
  #stopped = false;

  /** Open a session, however long that takes; rejected where waiting cannot help. */
  start() {
    this.#opening = this.#open();
    return this.#opening;
  }

  /** Hear more; settled when there is room for it. @param {Float32Array | Int16Array} samples @param {number} rateHz */
  async hear(samples, rateHz) {
    const pcm = this.#pcm.push(samples, rateHz);
    this.#tape.add(pcm);
    if (this.#place.isLive) this.#tape.forget(this.#tape.ms - KEPT_MS); // also while nobody speaks
    if (this.#session) await this.#session.send(pcm).catch(() => {}); // its end says why
    else if (!this.#place.isLive) await this.#opening;
  }

  /** End in order: what was heard is answered. A lost connection is not waited for. */
  async stop() {
    this.#stopped = true;
    this.#pause?.cancel();
    const session = this.#session;
    if (session?.isConnected) await session.finish().catch(() => {});
    else session?.close();
  }

  /** End now: what was not answered is lost. */
  abandon() {
    this.#stopped = true;
    this.#pause?.cancel();
    this.#session?.close();
  }

  /** The network is back: try now. */
  retryNow() {
    this.#pause?.skip();
    this.#session?.retryNow();
  }

  async #open() {
    let settled = false;
    while (!settled && !this.#stopped) {
      this.#tell({ type: "state", state: "connecting" });
      settled = await this.#begin().then(() => true, (error) => this.#wait(error));
    }
  }

  async #begin() {
    const session = await connect(this.#place.url, { token: this.#place.token });
    const refused = await applied(session, this.#place.settings);
    if (this.#stopped) return session.close();
    this.#baseMs = Math.floor(Math.max(this.#doneMs, this.#tape.startMs));
    this.#baseId = this.#lastId;
    this.#session = session;
    session.on("*", (message) => this.#take(message));
    session.on("connection", (line) => this.#tell({ ...line, type: "state", isKept: true }));
    session.closed.then(() => this.#tell({ type: "ended" }), (error) => this.#lost(error));
    this.#tell({ type: "began", created: session.created, settings: session.settings, refused });
    this.#tell({ type: "state", state: "open" });
    session.send(this.#tape.between(this.#baseMs));
  }

  /** @param {any} error */
  async #wait(error) {
    if (this.#stopped) return true;
    if (!isPassing(error)) throw error;
    const retryInMs = Math.max(this.#backoff.next(), 1000 * (error.retryAfterS ?? 0));
    this.#pause = new Pause(retryInMs);
    this.#tell({ type: "state", state: "waiting", error, retryInMs });
    await this.#pause.over;
    return false;
  }

  /** @param {any} message */
  #take(message) {
    const shifted = { ...message };
    for (const name of TIMES) if (name in message) shifted[name] += this.#baseMs;
    if ("utterance_id" in message) shifted.utterance_id += this.#baseId;
    if (message.type === "utterance.final") this.#done(shifted);
    this.#tell(shifted);
  }

  /** @param {any} final */
  #done(final) {
    [this.#lastId, this.#doneMs] = [final.utterance_id, final.end_ms];
    this.#backoff.reset();
  }

  /** @param {any} error */
  async #lost(error) {
    this.#session = null;
    this.#tell({ type: "lost", error });
    if (this.#stopped) return this.#tell({ type: "ended", error });
    const wasMute = error.code === "session_expired" && this.#lastId === this.#baseId; // another would be so, too
    if (isPassing(error) && !wasMute) await this.start().catch((reason) => this.#tell({ type: "ended", error: reason }));
    else this.#tell({ type: "ended", error });
  }
}

/** Whether it makes sense to come again. @param {any} error */
function isPassing(error) {
  const isSoon = error.retryAfterS != null && error.retryAfterS <= SOON_S;
  const isRefused = error instanceof RefusedError && (PASSING.has(error.code) || isSoon);
  return isRefused || error instanceof LostError || error instanceof UnreachableError;
}
