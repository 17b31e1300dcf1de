// @ts-check
/** Light, dark, or as the system has it. */

import { keep } from "./kept.js";

const PLACE = "undertone.theme";
const NAMES = { "": "as the system", light: "light", dark: "dark" };
/** @type {Record<string, keyof typeof NAMES>} */
const NEXT = { "": "light", light: "dark", dark: "" };

/** Let `button` go through the themes. @param {HTMLElement} button @param {() => void} changed */
export function themed(button, changed) {
  const root = document.documentElement;
  const describe = () => {
    const name = `Theme: ${NAMES[/** @type {keyof typeof NAMES} */ (root.dataset.theme ?? "")]}`;
    button.setAttribute("aria-label", name);
    button.title = name;
  };
  button.addEventListener("click", () => {
    root.dataset.theme = NEXT[root.dataset.theme ?? ""];
    keep("localStorage", PLACE, root.dataset.theme);
    describe();
    changed();
  });
  describe();
}
