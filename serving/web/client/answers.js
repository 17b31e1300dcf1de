// @ts-check
/** Who waits for which message of the server. */

export class Answers {
  /** @type {{fits: (message: any) => boolean, resolve: (message: any) => void, reject: (error: Error) => void}[]} */
  #awaited = [];

  /**
   * The next message that fits.
   *
   * @param {(message: any) => boolean} fits
   * @returns {Promise<any>}
   */
  next(fits) {
    const answer = new Promise((resolve, reject) => this.#awaited.push({ fits, resolve, reject }));
    answer.catch(() => {}); // whoever waits for it is told
    return answer;
  }

  /** @param {any} message */
  offer(message) {
    const answered = this.#awaited.filter(({ fits }) => fits(message));
    this.#awaited = this.#awaited.filter((each) => !answered.includes(each));
    for (const { resolve } of answered) resolve(message);
  }

  /** Nothing comes any more. @param {Error} error */
  fail(error) {
    for (const { reject } of this.#awaited.splice(0)) reject(error);
  }
}
