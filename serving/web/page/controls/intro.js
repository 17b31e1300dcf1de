// @ts-check
/** What this page hears, what that does not mean, and that nothing is kept: shown until somebody has read it. */

import { keep, kept } from "./kept.js";

const PLACE = "undertone.introduced";

/** @param {HTMLElement} about @param {HTMLElement} close @param {HTMLElement} open */
export function introduce(about, close, open) {
  about.hidden = kept("localStorage", PLACE) !== null;
  close.addEventListener("click", () => {
    keep("localStorage", PLACE, "yes");
    about.hidden = true;
  });
  open.addEventListener("click", () => {
    about.hidden = false;
    about.scrollIntoView({ block: "nearest" });
    about.focus();
  });
}
