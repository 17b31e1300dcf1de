// @ts-check
/** Plays one utterance at a time. */

import { RATE_HZ } from "../../client/undertone.js";

export class Player {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AudioBufferSourceNode | null} */
  #source = null;
  /** @type {() => void} */
  #ended = () => {};

  /** Whether something is played now. */
  get isPlaying() {
    return this.#source !== null;
  }

  /** Play (samples,) int16 of 16 kHz; `ended` is called when it is over, or stopped. @param {Int16Array} samples @param {() => void} ended */
  play(samples, ended) {
    this.stop();
    this.#context ??= new AudioContext();
    const buffer = this.#context.createBuffer(1, Math.max(1, samples.length), RATE_HZ);
    buffer.copyToChannel(Float32Array.from(samples, (value) => value / 32768), 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    source.onended = () => source === this.#source && this.stop();
    [this.#source, this.#ended] = [source, ended];
    this.#context.resume();
    source.start();
  }

  /** Stop what is played. */
  stop() {
    const [source, ended] = [this.#source, this.#ended];
    [this.#source, this.#ended] = [null, () => {}];
    source?.stop();
    ended();
  }
}
