// @ts-check
/** Where the sound comes from: a microphone by its name, or a tab or the system. */

import { canShare } from "../audio/capture.js";
import { microphones, onChange } from "../audio/devices.js";
import { h } from "../view/dom.js";

const SHARED = "shared";

export class Sources {
  /** @param {HTMLSelectElement} select */
  constructor(select) {
    this.#select = select;
    onChange(() => this.refresh());
    this.refresh();
  }

  #select;

  /** Whether a tab or the system is to be heard. */
  get isShared() {
    return this.#select.value === SHARED;
  }

  /** The microphone that is chosen; "" for the one that the browser prefers. */
  get device() {
    return this.#select.value;
  }

  /** Ask anew which there are; their names are told once one was allowed. */
  async refresh() {
    const chosen = this.#select.value;
    const devices = (await microphones().catch(() => [])).map(({ id, name }) => h("option", { value: id }, name));
    const share = canShare ? [h("option", { value: SHARED }, "Sound of a tab or the system")] : [];
    this.#select.replaceChildren(h("option", { value: "" }, "Default microphone"), ...devices, ...share);
    this.#select.value = chosen;
    if (this.#select.selectedIndex < 0) this.#select.value = "";
  }
}
