// @ts-check
/** The audio of a conversation, in the memory of this page only: to play utterances back, and to send again what was lost. */

const RATE_PER_MS = 16;
const MOST_BYTES = 96 * 1024 * 1024; // of utterances: 50 minutes of speech

export class Tape {
  /** @param {number} [mostBytes] */
  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  #mostBytes;
  /** What belongs to no finished utterance yet. @type {{first: number, samples: Int16Array}[]} */
  #open = [];
  /** @type {Map<number, Int16Array>} */
  #utterances = new Map();
  #bytes = 0;
  #length = 0;

  /** Milliseconds of audio so far. */
  get ms() {
    return this.#length / RATE_PER_MS;
  }

  /** From when on everything is still here. */
  get startMs() {
    return (this.#open.length ? this.#open[0].first : this.#length) / RATE_PER_MS;
  }

  /** @param {Int16Array} samples (samples,) at 16 kHz */
  add(samples) {
    this.#open.push({ first: this.#length, samples });
    this.#length += samples.length;
  }

  /**
   * What was heard between two times, as far as it is still here.
   *
   * @param {number} startMs
   * @param {number} [endMs]
   */
  between(startMs, endMs = this.ms) {
    const [from, to] = [startMs * RATE_PER_MS, endMs * RATE_PER_MS];
    const pieces = this.#open
      .filter(({ first, samples }) => first < to && first + samples.length > from)
      .map(({ first, samples }) => samples.subarray(Math.max(0, from - first), Math.min(samples.length, to - first)));
    return joined(pieces);
  }

  /** Keep an utterance by its number, and forget what came before its end. @param {number} id @param {number} startMs @param {number} endMs */
  cut(id, startMs, endMs) {
    const samples = this.between(startMs, endMs);
    this.#utterances.set(id, samples);
    this.#bytes += samples.byteLength;
    this.forget(endMs);
    for (const [oldest, { byteLength }] of this.#utterances) {
      if (this.#bytes <= this.#mostBytes) break;
      this.#utterances.delete(oldest);
      this.#bytes -= byteLength;
    }
  }

  /** Forget what was heard before `ms` and belongs to no utterance. @param {number} ms */
  forget(ms) {
    const kept = this.#open.findIndex(({ first, samples }) => first + samples.length > ms * RATE_PER_MS);
    this.#open.splice(0, kept < 0 ? this.#open.length : kept);
  }

  /** The audio of an utterance; undefined where it is not kept any more. @param {number} id */
  utterance(id) {
    return this.#utterances.get(id);
  }
}

/** @param {Int16Array[]} pieces */
function joined(pieces) {
  const whole = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
