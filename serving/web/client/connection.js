// @ts-check
/** One socket to the server, from its opening to its end: JSON and audio out, JSON in, and a watch for silence. */

import { RefusedError } from "./errors.js";

const LOOK_MS = 2000;
const ASK_AFTER_MS = 10_000; // of silence: a ping
const LOST_AFTER_MS = 25_000; // of silence: whatever the system says of the socket
const KEY = /^[\w!#$%&'*+.^`|~-]+$/; // what the name of a subprotocol may be made of
const OPEN = 1;
const LOST = 4000; // a close code that is no goodbye

/**
 * @typedef {object} Heard
 * @property {(message: any) => void} message called with each message of the server
 * @property {() => void} end called once, at its end
 */

/**
 * The address of the endpoint as a WebSocket takes it.
 *
 * @param {string | URL} url of any of the schemes ws, wss, http, https
 * @param {string | null} [resume] the session that is to be taken up again
 */
export function address(url, resume = null) {
  const parts = new URL(url, globalThis.location?.href);
  parts.protocol = { "http:": "ws:", "https:": "wss:" }[parts.protocol] ?? parts.protocol;
  if (resume) parts.searchParams.set("resume", resume);
  return parts.href;
}

/**
 * The subprotocols that show a key: the way that browsers have.
 *
 * @param {string | null | undefined} token
 */
export function protocols(token) {
  if (!token) return ["undertone"];
  if (KEY.test(token)) return ["undertone", `undertone.key.${token}`];
  throw new RefusedError({ code: "unauthorized", message: "a key is made of letters, digits and signs, without spaces" });
}

export class Connection {
  /**
   * @param {string} url see `address`
   * @param {string[]} names see `protocols`
   * @param {Heard} heard
   * @param {typeof WebSocket} [Socket]
   */
  constructor(url, names, heard, Socket = globalThis.WebSocket) {
    this.#socket = new Socket(url, names);
    this.#socket.binaryType = "arraybuffer";
    this.#heard = heard;
    this.#timer = setInterval(() => this.#watch(), LOOK_MS);
    const opened = new Promise((resolve) => this.#socket.addEventListener("open", resolve));
    /** Settled when it is open, or cannot be opened. */
    this.opened = Promise.race([opened, this.ended]);
    this.#socket.addEventListener("close", () => this.#end());
    this.#socket.addEventListener("message", (event) => this.#take(event.data));
    this.#socket.addEventListener("error", () => this.#end()); // node may tell no close after it
  }

  #socket;
  #heard;
  #timer;
  #over = false;
  /** @type {(value?: any) => void} */
  #tellEnd = () => {};
  /** Settled at its end. @type {Promise<void>} */
  ended = new Promise((resolve) => (this.#tellEnd = resolve));
  #quietSince = Date.now();
  #unsent = 0;

  /** Bytes that wait to go out. */
  get bufferedAmount() {
    return this.#socket.bufferedAmount;
  }

  /** Whether something can be sent. */
  get isOpen() {
    return this.#socket.readyState === OPEN && !this.#over;
  }

  /** @param {Int16Array | object} sent audio, or a message */
  send(sent) {
    if (!this.isOpen) return;
    const isAudio = sent instanceof Int16Array;
    this.#socket.send(isAudio ? /** @type {ArrayBufferView<ArrayBuffer>} */ (sent) : JSON.stringify(sent));
  }

  /** Hang up, for the server to end the session. */
  close() {
    this.#socket.close();
    this.#end();
  }

  /** Give it up as lost, for the server to keep the session; a dead network would hold the socket for minutes. */
  drop() {
    this.#socket.close(LOST);
    this.#end();
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    this.#quietSince = Date.now();
    const message = this.#over ? null : parsed(data);
    if (message) this.#heard.message(message);
    else this.drop(); // no undertone server
  }

  #end() {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    this.#tellEnd();
    this.#heard.end();
  }

  #watch() {
    const unsent = this.#socket.bufferedAmount;
    if (unsent < this.#unsent) this.#quietSince = Date.now(); // it still takes what we send
    this.#unsent = unsent;
    const quietMs = Date.now() - this.#quietSince;
    if (quietMs > LOST_AFTER_MS) this.drop();
    else if (quietMs > ASK_AFTER_MS) this.send({ type: "ping" });
  }
}

/** The message in a text frame, null where it is none. @param {unknown} data */
function parsed(data) {
  try {
    const message = JSON.parse(String(data));
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
