// @ts-check
/** What somebody has to know now: one line for each subject, and an alert for those who cannot see it. */

import { h } from "../view/dom.js";

export class Notices {
  /** @param {HTMLElement} place an alert for assistive technology */
  constructor(place) {
    this.#place = place;
  }

  #place;
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /**
   * Say `text` in place of what was said of the subject.
   *
   * @param {string} subject
   * @param {string} text
   * @param {"error" | "note"} [kind]
   */
  say(subject, text, kind = "error") {
    const shown = this.#shown.get(subject);
    const words = shown?.querySelector("p");
    if (words) words.textContent = text;
    else this.#add(subject, text, kind);
  }

  /** It is no longer so. @param {...string} subjects */
  drop(...subjects) {
    for (const subject of subjects) {
      this.#shown.get(subject)?.remove();
      this.#shown.delete(subject);
    }
  }

  /** @param {string} subject @param {string} text @param {string} kind */
  #add(subject, text, kind) {
    const close = h("button", { type: "button", class: "close", "aria-label": "Dismiss", onclick: () => this.drop(subject) }, "\u00d7");
    const notice = h("div", { class: `notice ${kind}`, "data-subject": subject }, h("p", {}, text), close);
    this.#shown.set(subject, notice);
    this.#place.append(notice);
  }
}
