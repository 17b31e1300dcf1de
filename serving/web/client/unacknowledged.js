// @ts-check
/** What was sent and what the server has not yet said to have heard, in its order, so that it can be sent again. */

/** Audio, or a message in its place between the audio. @typedef {Int16Array | object} Sent */

export class Unacknowledged {
  /** Each with the sample of the session at which it stands. @type {{place: number, sent: Sent}[]} */
  #items = [];
  #known = 0;

  /** Samples of the session so far. */
  total = 0;

  /** Samples that may have to be sent again. */
  get pending() {
    return this.total - this.#known;
  }

  /**
   * @param {Sent} sent what follows all others
   * @param {boolean} keep false: only count its samples, there is nobody to send them to again
   */
  add(sent, keep) {
    if (keep) this.#items.push({ place: this.total, sent });
    this.total += length(sent);
    if (!keep) this.#known = this.total;
  }

  /** @param {number} heard samples since the first that are safe with the server */
  forget(heard) {
    const kept = this.#items.findIndex(({ place, sent }) => place >= heard || place + length(sent) > heard);
    this.#items.splice(0, kept < 0 ? this.#items.length : kept);
    this.#known = Math.max(this.#known, Math.min(heard, this.total));
  }

  /** The server has taken a commit, the first of those that are kept. */
  committed() {
    const place = this.#items.findIndex(({ sent }) => "type" in sent && sent.type === "utterance.commit");
    if (place >= 0) this.#items.splice(place, 1);
  }

  /**
   * What stands at sample `first` of the session and behind it; null where some of it was forgotten already.
   *
   * @param {number} first
   * @returns {Sent[] | null}
   */
  from(first) {
    if (first < this.#known) return null;
    return this.#items
      .filter(({ place, sent }) => place >= first || place + length(sent) > first)
      .map(({ place, sent }) => (sent instanceof Int16Array ? sent.subarray(Math.max(0, first - place)) : sent));
  }
}

/** @param {Sent} sent */
function length(sent) {
  return sent instanceof Int16Array ? sent.length : 0;
}
