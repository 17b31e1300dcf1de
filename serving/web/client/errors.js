// @ts-check
/**
 * What can go wrong with a session.
 *
 * UndertoneError
 * ├── UnreachableError  nothing answers at the address, or what answers is no undertone server
 * ├── RefusedError      the server says why in `code`, and in `retryAfterS` when to come again
 * └── LostError         the connection was lost and could not be taken up again
 */

export class UndertoneError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

export class UnreachableError extends UndertoneError {}

export class LostError extends UndertoneError {}

export class RefusedError extends UndertoneError {
  /** @param {{code: string, message: string, retry_after_s?: number}} told an `error` message of the server */
  constructor(told) {
    super(told.message);
    /** Which error it is, for programs: "server_full". */
    this.code = told.code;
    /** After how many seconds it makes sense to come again; null: the server does not say. */
    this.retryAfterS = told.retry_after_s ?? null;
  }
}
