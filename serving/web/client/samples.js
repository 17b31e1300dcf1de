// @ts-check
/** Audio as the wire carries it: 16 kHz, mono, int16; and the way there from any rate and from floats. */

export const RATE_HZ = 16_000;

const ZERO_CROSSINGS = 16; // of the kernel, each side, at the lower of both rates
const PASSED = 0.95; // of the band under the lower Nyquist frequency
const KAISER_BETA = 8; // about 80 dB of what would fold back
const PHASES = 512; // kernels between two samples; the nearest is taken

/**
 * Floats in [-1, 1] as int16; what is louder is clipped.
 *
 * @param {Float32Array} samples (samples,)
 * @returns {Int16Array}
 */
export function toInt16(samples) {
  const written = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) {
    written[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32767)));
  }
  return written;
}

/**
 * Int16 as floats in [-1, 1].
 *
 * @param {Int16Array} samples (samples,)
 * @returns {Float32Array}
 */
export function toFloat(samples) {
  return Float32Array.from(samples, (value) => value / 32768);
}

/**
 * Turns a stream of one rate into one of 16 kHz, piece by piece: a windowed sinc, the same output whatever the pieces.
 *
 *     const resampler = new Resampler(48_000);
 *     const heard = resampler.push(new Float32Array(480)); // (about 160,)
 */
export class Resampler {
  /** @param {number} fromHz the rate of what is pushed */
  constructor(fromHz) {
    if (!(fromHz >= 3000 && fromHz <= 768_000)) throw new RangeError(`no rate of audio: ${fromHz} Hz`);
    this.#step = fromHz / RATE_HZ;
    const cutoff = PASSED * Math.min(1, 1 / this.#step);
    this.#reach = Math.ceil(ZERO_CROSSINGS * Math.max(1, this.#step));
    this.#kernels = kernels(this.#reach, cutoff);
    this.#held = new Float32Array(this.#reach); // silence before the first sample
    this.#first = -this.#reach;
  }

  #step;
  #reach;
  #kernels;
  /** Samples that are still needed, the first of which is number `#first`. */
  #held;
  #first;
  #written = 0;

  /**
   * The samples at 16 kHz that are complete with these.
   *
   * @param {Float32Array} samples (samples,) at the rate of the stream
   * @returns {Float32Array}
   */
  push(samples) {
    const known = joined(this.#held, samples);
    const end = this.#first + known.length - this.#reach; // centres before it have all that they need
    const count = Math.max(0, Math.ceil(end / this.#step) - this.#written);
    const heard = Float32Array.from({ length: count }, (_, i) => this.#at(known, (this.#written + i) * this.#step));
    this.#written += count;
    this.#keep(known);
    return heard;
  }

  /** What is left in it at the end of the stream. */
  flush() {
    return this.push(new Float32Array(this.#reach));
  }

  /**
   * @param {Float32Array} known
   * @param {number} centre in samples of the stream
   */
  #at(known, centre) {
    const near = Math.round(centre * PHASES) / PHASES;
    const whole = Math.floor(near);
    const kernel = this.#kernels[Math.round((near - whole) * PHASES)];
    const begin = whole - this.#reach + 1 - this.#first;
    let sum = 0;
    for (let i = 0; i < kernel.length; i += 1) sum += kernel[i] * known[begin + i];
    return sum;
  }

  /** @param {Float32Array} known */
  #keep(known) {
    const needed = Math.floor(this.#written * this.#step) - this.#reach - this.#first;
    const from = Math.max(0, Math.min(needed, known.length));
    this.#held = known.slice(from);
    this.#first += from;
  }
}

/** Any audio, piece by piece, as the wire carries it. */
export class Pcm {
  /** @type {Resampler | null} */
  #resampler = null;
  /** @type {number | null} */
  #rateHz = null;

  /**
   * @param {Float32Array | Int16Array} samples (samples,)
   * @param {number} rateHz the same for all pieces
   * @returns {Int16Array} at 16 kHz
   */
  push(samples, rateHz) {
    if (rateHz !== (this.#rateHz ?? rateHz)) throw new RangeError(`audio of ${rateHz} Hz follows audio of ${this.#rateHz} Hz`);
    if (rateHz !== RATE_HZ) this.#resampler ??= new Resampler(rateHz);
    this.#rateHz = rateHz;
    if (!this.#resampler) return samples instanceof Int16Array ? samples.slice() : toInt16(samples);
    return toInt16(this.#resampler.push(samples instanceof Int16Array ? toFloat(samples) : samples));
  }

  /** What is left at the end. */
  flush() {
    return this.#resampler ? toInt16(this.#resampler.flush()) : new Int16Array();
  }
}

/**
 * The kernel for every phase between two samples; each has 2 * reach values, which add up to 1.
 *
 * @param {number} reach
 * @param {number} cutoff of the Nyquist frequency of the stream
 */
function kernels(reach, cutoff) {
  return Array.from({ length: PHASES }, (_, phase) => {
    const kernel = Float32Array.from({ length: 2 * reach }, (_, i) => tap(i - reach + 1 - phase / PHASES, reach, cutoff));
    const sum = kernel.reduce((total, value) => total + value, 0);
    return kernel.map((value) => value / sum);
  });
}

/**
 * @param {number} x distance from the centre in samples
 * @param {number} reach
 * @param {number} cutoff
 */
function tap(x, reach, cutoff) {
  const arc = Math.PI * x * cutoff;
  const sinc = x === 0 ? 1 : Math.sin(arc) / arc;
  const inside = Math.max(0, 1 - (x / reach) ** 2);
  return (sinc * bessel(KAISER_BETA * Math.sqrt(inside))) / bessel(KAISER_BETA);
}

/** The modified Bessel function of order 0, by its series. @param {number} x */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let n = 1; n < 40; n += 1) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {Float32Array} before @param {Float32Array} after */
function joined(before, after) {
  const both = new Float32Array(before.length + after.length);
  both.set(before);
  both.set(after, before.length);
  return both;
}
