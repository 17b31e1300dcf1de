// @ts-check
/** Who waits for which message of the server. */

export class Answers {
  /** @type {{fits: (message: any) => boolean, inTurn: boolean, resolve: (message: any) => void, reject: (error: Error) => void}[]} */
  #awaited = [];

  /**
   * The next message that fits.
   *
   * @param {(message: any) => boolean} fits
   * @param {boolean} [inTurn] a message answers one of those that wait so, the first
   * @returns {Promise<any>}
   */
  next(fits, inTurn = false) {
    const answer = new Promise((resolve, reject) => this.#awaited.push({ fits, inTurn, resolve, reject }));
    answer.catch(() => {}); // whoever waits for it is told
    return answer;
  }

  /** @param {any} message */
  offer(message) {
    const fitting = this.#awaited.filter(({ fits }) => fits(message));
    const first = fitting.find(({ inTurn }) => inTurn);
    const answered = fitting.filter((each) => !each.inTurn || each === first);
    this.#awaited = this.#awaited.filter((each) => !answered.includes(each));
    for (const { resolve } of answered) resolve(message);
  }

  /** Nothing comes any more. @param {Error} error */
  fail(error) {
    for (const { reject } of this.#awaited.splice(0)) reject(error);
  }
}
