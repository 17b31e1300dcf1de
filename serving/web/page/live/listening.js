// @ts-check
/** From the press of the button to the last verdict: a source, a conversation, and what was heard in it. */

import { Capture } from "../audio/capture.js";
import { Tape } from "../audio/tape.js";
import { Conversation } from "./conversation.js";
import { Heard } from "./heard.js";

const PIECE = 4000; // samples of a recording at once: a quarter of a second
const RATE_HZ = 16_000;

/**
 * @typedef {object} Shown what the page does with it
 * @property {(event: any, utterance: any) => void} event
 * @property {(db: number) => void} level
 * @property {(share: number | null) => void} progress of a recording; null: there is no end
 */

export class Listening {
  /** @param {Shown} shown */
  constructor(shown) {
    this.#shown = shown;
  }

  #shown;
  heard = new Heard();
  tape = new Tape();
  /** @type {Conversation | null} */
  #conversation = null;
  /** Whose events count: also while its last answers are awaited. @type {Conversation | null} */
  #told = null;
  /** @type {Capture | null} */
  #capture = null;

  /** Whether a conversation is under way. */
  get isOn() {
    return this.#conversation !== null;
  }

  /** Whether the last answers of a conversation are awaited. */
  isFinishing = false;

  /** Silence in place of what the microphone hears, while an utterance is played back. @param {boolean} muted */
  mute(muted) {
    if (this.#capture) this.#capture.muted = muted;
  }

  /** Forget everything that was heard. */
  clear() {
    this.heard = new Heard();
    this.tape = new Tape();
  }

  /** Hear a live source until `stop`. @param {MediaStream} stream @param {{url: URL, token: string, settings: any}} place */
  async live(stream, place) {
    const conversation = this.#begin({ ...place, isLive: true });
    this.#capture = new Capture(stream, (samples, rateHz) => this.#hear(samples, rateHz), () => this.#unplugged());
    this.#shown.progress(null);
    await Promise.all([this.#capture.start(), conversation.start()]).catch((error) => this.#fail(error, conversation));
  }

  /** Hear a recording to its end. @param {Float32Array} samples (samples,) at 16 kHz @param {{url: URL, token: string, settings: any}} place */
  async recording(samples, place) {
    const conversation = this.#begin({ ...place, isLive: false });
    const opened = conversation.start().then(() => true, (error) => this.#fail(error, conversation));
    for (let first = 0; (await opened) && conversation === this.#conversation && first < samples.length; first += PIECE) {
      await conversation.hear(samples.subarray(first, first + PIECE), RATE_HZ);
      this.#shown.progress(Math.min(1, (first + PIECE) / samples.length));
    }
    if (conversation === this.#conversation) await this.stop();
  }

  /** No more audio: what was heard is answered. */
  async stop() {
    const conversation = this.#conversation;
    this.#release();
    if (!conversation) return;
    this.isFinishing = true;
    this.#shown.event({ type: "state", state: "finishing" }, null);
    await conversation.stop();
    this.isFinishing = false;
    this.#end();
  }

  /** Wait for no more answers. */
  abandon() {
    const conversation = this.#told;
    this.#told = null;
    conversation?.abandon();
  }

  /** The network is back. */
  retryNow() {
    this.#told?.retryNow();
  }

  /** @param {import("./conversation.js").Place} place */
  #begin(place) {
    const last = Math.max(0, ...this.heard.utterances.keys());
    this.tape.forget(this.tape.ms);
    const conversation = new Conversation(place, this.tape, (event) => this.#take(event, conversation), last);
    return (this.#conversation = this.#told = conversation);
  }

  /** @param {Float32Array} samples @param {number} rateHz */
  #hear(samples, rateHz) {
    this.#shown.level(decibels(samples));
    this.#conversation?.hear(samples, rateHz);
  }

  /** @param {any} event @param {Conversation} conversation */
  #take(event, conversation) {
    if (conversation !== this.#told) return;
    if (event.type === "ended") return event.error ? this.#fail(event.error, conversation) : this.#release();
    if (event.type === "lost") this.#drop(event);
    const utterance = this.heard.take(event);
    if (event.type === "utterance.final" && utterance) this.tape.cut(event.utterance_id, event.start_ms, event.end_ms);
    this.#shown.event(event, utterance);
  }

  /** @param {any} event */
  #drop(event) {
    for (const utterance of this.heard.dropUnfinished()) this.#shown.event({ ...event, type: "dropped" }, utterance);
  }

  #unplugged() {
    this.#shown.event({ type: "unplugged" }, null);
    this.stop();
  }

  #release() {
    this.#capture?.stop();
    this.#capture = this.#conversation = null;
  }

  /** Say it, unless somebody has stopped it before. @param {any} error @param {Conversation} conversation */
  #fail(error, conversation) {
    if (conversation !== this.#told) return false;
    this.#told = null;
    conversation.abandon();
    this.#release();
    this.#shown.event({ type: "failed", error }, null);
    this.#end();
    return false;
  }

  #end() {
    this.#told = null;
    this.#drop({});
    this.#shown.event({ type: "over" }, null);
  }
}

/** How loud it is, in dB under full scale. @param {Float32Array} samples */
export function decibels(samples) {
  const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
  return 10 * Math.log10(power + 1e-10);
}
