/** Runs in the audio thread: gathers what the microphone gives into pieces of mono and hands them over. */

const PIECE = 2048; // frames: 43 ms at 48 kHz

class Gatherer extends AudioWorkletProcessor {
  #piece = new Float32Array(PIECE);
  #filled = 0;

  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    if (!channels?.length) return true;
    for (let i = 0; i < channels[0].length; i += 1) this.#add(channels.reduce((sum, one) => sum + one[i], 0) / channels.length);
    return true;
  }

  #add(sample) {
    this.#piece[this.#filled] = sample;
    this.#filled += 1;
    if (this.#filled < PIECE) return;
    this.port.postMessage(this.#piece, [this.#piece.buffer]);
    this.#piece = new Float32Array(PIECE);
    this.#filled = 0;
  }
}

registerProcessor("gatherer", Gatherer);
