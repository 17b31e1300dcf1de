// @ts-check
/** What is kept in this browser; where it keeps nothing, for as long as the page is open. */

/** @type {Map<string, string>} */
const here = new Map();

/** @param {"localStorage" | "sessionStorage"} where @param {string} name @returns {string | null} */
export function kept(where, name) {
  try {
    return globalThis[where].getItem(name);
  } catch {
    return here.get(name) ?? null;
  }
}

/** @param {"localStorage" | "sessionStorage"} where @param {string} name @param {string} value */
export function keep(where, name, value) {
  try {
    globalThis[where].setItem(name, value);
  } catch {
    here.set(name, value);
  }
}
