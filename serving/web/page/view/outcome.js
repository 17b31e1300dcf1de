// @ts-check
/** The end of a conversation: its course, what it came to, and the ways to take it along. */

import { asCsv, asJson } from "../live/export.js";
import { byId, h } from "./dom.js";
import { save } from "../controls/drop.js";
import { trajectory } from "./trajectory.js";

export class Outcome {
  /**
   * @param {HTMLElement} section
   * @param {() => import("../live/heard.js").Heard} heard
   * @param {{reveal: (id: number) => void, clear: () => void}} act
   */
  constructor(section, heard, act) {
    this.#section = section;
    this.#heard = heard;
    this.#act = act;
    const name = () => `undertone-${new Date().toISOString().slice(0, 16).replaceAll(":", "")}`;
    byId("export-json").addEventListener("click", () => save(`${name()}.json`, "application/json", asJson(heard(), new Date())));
    byId("export-csv").addEventListener("click", () => save(`${name()}.csv`, "text/csv", asCsv(heard().finals)));
    byId("clear").addEventListener("click", () => act.clear());
  }

  #section;
  #heard;
  #act;

  /** Show what was heard, if anything was. */
  show() {
    const { finals, notes } = this.#heard();
    this.#section.hidden = !finals.length;
    if (!finals.length) return;
    const told = notes.map(({ message }) => h("p", { class: "told" }, message));
    const course = byId("course");
    course.replaceChildren(...trajectory(finals, course.clientWidth, (id) => this.#act.reveal(id)), ...told);
  }

  /** It goes on. */
  hide() {
    this.#section.hidden = true;
  }
}
