// @ts-check
/** Elements, made in one call, and times as people read them. */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, any>} Attributes: `onclick` and the like are listeners, null and false are left out */

/**
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string | null | undefined)} children
 */
export function h(tag, attributes = {}, ...children) {
  return built(document.createElement(tag), attributes, children);
}

/**
 * The same for a picture.
 *
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function svg(tag, attributes = {}, ...children) {
  return built(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/** Milliseconds as "1:05". @param {number} ms */
export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const [hours, rest] = [Math.floor(seconds / 3600), seconds % 3600];
  const [minutes, two] = [Math.floor(rest / 60), String(rest % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${two}` : `${minutes}:${two}`;
}

/** A share as "38 %". @param {number} share */
export function percent(share) {
  return `${Math.round(share * 100)}\u202f%`;
}

/** @template {Element} E @param {E} element @param {Attributes} attributes @param {(Node | string | null | undefined)[]} children */
function built(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
