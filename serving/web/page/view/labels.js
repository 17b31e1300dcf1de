// @ts-check
/** The three labels: their order, names and shapes. A colour never stands alone. */

import { h, percent, svg } from "./dom.js";

/** @typedef {"negative" | "neutral" | "positive"} Label */

/** @type {Label[]} */
export const LABELS = ["negative", "neutral", "positive"];

/** @type {Record<Label, string>} */
export const NAMES = { negative: "Negative", neutral: "Neutral", positive: "Positive" };

/** @type {Record<Label, string>} */
const SHAPES = { negative: "M1 2.5h10L6 11z", neutral: "M6 1.2a4.8 4.8 0 1 0 .01 0z", positive: "M6 1l5 8.5H1z" };

/** The shape of a label, 12 by 12: a triangle down, a circle, a triangle up. @param {Label} label */
export function shape(label) {
  const path = svg("path", { d: SHAPES[label] });
  return svg("svg", { class: `shape ${label}`, viewBox: "0 0 12 12", "aria-hidden": "true" }, path);
}

/** Shape and name of a label. @param {Label} label */
export function chip(label) {
  return h("span", { class: `chip ${label}` }, shape(label), NAMES[label]);
}

/** Probabilities in words: "negative 9 %, neutral 20 %, positive 71 %". @param {Record<Label, number>} probabilities */
export function said(probabilities) {
  return LABELS.map((label) => `${label} ${percent(probabilities[label])}`).join(", ");
}

/** A bar of three parts, as wide as they are probable. @param {Record<Label, number>} probabilities @param {string} of */
export function bar(probabilities, of) {
  const parts = LABELS.map((label) => {
    const part = h("span", { class: `part ${label}` });
    part.style.flexGrow = String(Math.max(probabilities[label], 0.001));
    return part;
  });
  const words = said(probabilities);
  return h("span", { class: "bar", role: "img", "aria-label": `${of}: ${words}`, title: words }, ...parts);
}
