// @ts-check
/** Events to whoever listens, by their type, and as an asynchronous sequence that is kept until it is read. */

export class Events {
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  /** @type {any[] | null} */
  #kept = [];
  /** @type {{resolve: (step: any) => void, reject: (error: Error) => void}[]} */
  #waiting = [];
  #isRead = false; // also between two messages, while its reader does something with the first
  #over = false;
  /** @type {Error | null} */
  #failure = null;

  /**
   * Call `listener` with each event of `type`, or with all for "*"; returns what ends that. Where nobody reads, nothing is kept any more.
   *
   * @param {string} type
   * @param {(event: any) => void} listener
   */
  on(type, listener) {
    if (!this.#isRead) this.#kept = null;
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** @param {{type: string, [more: string]: any}} event @param {boolean} [silent] only for those who listen to its type */
  emit(event, silent = false) {
    if (!silent) this.#deliver(event);
    const everything = silent ? [] : (this.#listeners.get("*") ?? []);
    for (const listener of [...(this.#listeners.get(event.type) ?? []), ...everything]) told(listener, event);
  }

  /** There are no more; a reader is told of `failure`, if any. @param {Error | null} [failure] */
  end(failure = null) {
    this.#over = true;
    this.#failure = failure;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (failure) reject(failure);
      else resolve({ value: undefined, done: true });
    }
  }

  /** @returns {AsyncIterator<any>} */
  read() {
    this.#kept ??= [];
    this.#isRead = true;
    const end = async () => {
      this.#isRead = false;
      return { value: undefined, done: true };
    };
    return { next: () => this.#next(), return: end };
  }

  #next() {
    if (this.#kept?.length) return Promise.resolve({ value: this.#kept.shift(), done: false });
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#over) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** @param {any} event */
  #deliver(event) {
    const reader = this.#waiting.shift();
    if (reader) reader.resolve({ value: event, done: false });
    else this.#kept?.push(event);
  }
}

/** What fails in a listener is its own affair, as in the browser: it stops neither the others nor the session. @param {(event: any) => void} listener @param {any} event */
function told(listener, event) {
  try {
    listener(event);
  } catch (error) {
    if (globalThis.reportError) globalThis.reportError(error);
    else
      queueMicrotask(() => {
        throw error;
      });
  }
}
