// @ts-check
/** The audio of a session that the server has not yet said to have heard, so that it can be sent again. */

export class Unacknowledged {
  /** @type {{first: number, samples: Int16Array}[]} */
  #pieces = [];
  #known = 0;

  /** Samples of the session so far. */
  total = 0;

  /** Samples that may have to be sent again. */
  get pending() {
    return this.total - this.#known;
  }

  /**
   * @param {Int16Array} samples (samples,) that follow all others
   * @param {boolean} keep false: only count them, there is nobody to send them to again
   */
  add(samples, keep) {
    if (keep) this.#pieces.push({ first: this.total, samples });
    this.total += samples.length;
    if (!keep) this.forget(this.total);
  }

  /** @param {number} heard samples since the first that are safe with the server */
  forget(heard) {
    while (this.#pieces.length && this.#pieces[0].first + this.#pieces[0].samples.length <= heard) this.#pieces.shift();
    this.#known = Math.max(this.#known, Math.min(heard, this.total));
  }

  /**
   * The pieces from sample `first` of the session on; null where some of it was forgotten already.
   *
   * @param {number} first
   * @returns {Int16Array[] | null}
   */
  from(first) {
    const oldest = this.#pieces.length ? this.#pieces[0].first : this.total;
    if (first < oldest) return null;
    return this.#pieces
      .filter((piece) => piece.first + piece.samples.length > first)
      .map((piece) => piece.samples.subarray(Math.max(0, first - piece.first)));
  }
}
