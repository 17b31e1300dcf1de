// @ts-check
/** What goes on, in two words, and for how long it has been heard. */

import { clock } from "../view/dom.js";
import { refusal } from "../view/phrases.js";

/** @type {Record<string, string>} */
const WORDS = { idle: "Ready", connecting: "Connecting", open: "Listening", finishing: "Finishing", waiting: "Reconnecting", lost: "Reconnecting" };

export class Status {
  /** @param {{pill: HTMLElement, time: HTMLElement, button: HTMLElement, names: HTMLElement[]}} places @param {import("./notices.js").Notices} notices */
  constructor(places, notices) {
    this.#places = places;
    this.#notices = notices;
  }

  #places;
  #notices;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #countdown;
  #isOnce = false; // connected at least once since the press

  /** Show a state of the conversation. @param {any} event */
  show({ state, error, retryInMs, isKept }) {
    clearInterval(this.#countdown);
    this.#isOnce = state === "open" || (this.#isOnce && state !== "idle");
    this.#places.pill.dataset.state = state;
    this.#places.pill.textContent = state === "waiting" && !this.#isOnce ? "Waiting" : WORDS[state];
    const isOn = state !== "idle";
    this.#places.button.setAttribute("aria-pressed", String(isOn));
    for (const name of this.#places.names) name.textContent = isOn ? "Stop" : "Start listening";
    if (state === "waiting") this.#wait(error, retryInMs, isKept);
    else if (state !== "connecting" && state !== "lost") this.#notices.drop("connection");
  }

  /** @param {number} ms of audio */
  heard(ms) {
    const text = clock(ms);
    if (this.#places.time.textContent !== text) this.#places.time.textContent = text;
  }

  /** @param {any} error @param {number} retryInMs @param {boolean} [isKept] whether the server keeps the session */
  #wait(error, retryInMs, isKept) {
    const until = Date.now() + retryInMs;
    const why = isKept ? "The connection was lost; the server keeps the session." : refusal(error);
    const kept = this.#isOnce ? " What is said meanwhile is kept and sent later." : "";
    this.#notices.say("connection", `${why}${kept} Trying again\u2026`, "note");
    const count = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      this.#notices.count("connection", seconds > 1 ? ` in ${seconds}\u202fs` : "");
    };
    count();
    this.#countdown = setInterval(count, 1000);
  }
}
