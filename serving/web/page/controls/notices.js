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
  /** What somebody has put away, by its subject: it is not said again as long as it is so. @type {Map<string, string>} */
  #dismissed = new Map();

  /**
   * Say `text` in place of what was said of the subject.
   *
   * @param {string} subject
   * @param {string} text
   * @param {"error" | "note"} [kind]
   */
  say(subject, text, kind = "error") {
    const words = this.#shown.get(subject)?.querySelector(".said");
    if (words && words.textContent !== text) words.textContent = text;
    else if (!words && this.#dismissed.get(subject) !== text) this.#add(subject, text, kind);
  }

  /** Show `text` behind what is said of the subject, without saying it: it changes every second. @param {string} subject @param {string} text */
  count(subject, text) {
    const place = this.#shown.get(subject)?.querySelector(".counted");
    if (place) place.textContent = text;
  }

  /** It is no longer so. @param {...string} subjects */
  drop(...subjects) {
    for (const subject of subjects) {
      this.#dismissed.delete(subject);
      this.#shown.get(subject)?.remove();
      this.#shown.delete(subject);
    }
  }

  /** @param {string} subject @param {string} text @param {string} kind */
  #add(subject, text, kind) {
    const onclick = () => {
      const said = notice.querySelector(".said")?.textContent ?? "";
      this.drop(subject);
      this.#dismissed.set(subject, said);
    };
    const close = h("button", { type: "button", class: "close", "aria-label": "Dismiss", onclick }, "\u00d7");
    const words = h("p", {}, h("span", { class: "said" }, text), h("span", { class: "counted", "aria-hidden": "true" }));
    const notice = h("div", { class: `notice ${kind}`, "data-subject": subject }, words, close);
    this.#shown.set(subject, notice);
    this.#place.append(notice);
  }
}
