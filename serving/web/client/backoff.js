// @ts-check
/** When to try again: longer after each failure, and never at the same moment as everybody else. */

const FIRST_MS = 250;
const LONGEST_MS = 8000;

export class Backoff {
  /** @param {() => number} [chance] gives numbers from 0 to 1 */
  constructor(chance = Math.random) {
    this.#chance = chance;
  }

  #chance;
  #failures = 0;

  /** How often it has been asked since the last `reset`. */
  get attempt() {
    return this.#failures;
  }

  /** The milliseconds until the next try: 250 doubled each time up to 8000, a half of it left to chance. */
  next() {
    const most = Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures += 1;
    return Math.round(most * (0.5 + this.#chance() / 2));
  }

  /** It worked: begin anew. */
  reset() {
    this.#failures = 0;
  }
}

/** A pause that can be cut short. */
export class Pause {
  /** @param {number} ms */
  constructor(ms) {
    /** Settled when it is over; false where `cancel` ended it. @type {Promise<boolean>} */
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
      this.#timer = setTimeout(() => resolve(true), ms);
    });
  }

  /** @type {(goOn: boolean) => void} */
  #settle = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** End it now and go on. */
  skip() {
    this.#end(true);
  }

  /** End it now and do not go on. */
  cancel() {
    this.#end(false);
  }

  /** @param {boolean} goOn */
  #end(goOn) {
    clearTimeout(this.#timer);
    this.#settle(goOn);
  }
}
