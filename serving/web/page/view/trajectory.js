// @ts-check
/** The course of a conversation: P(positive) - P(negative) of each utterance over time, and what it came to. */

import { totals } from "../live/totals.js";
import { LABELS, NAMES, shape } from "./labels.js";
import { clock, h, svg } from "./dom.js";

const [NARROWEST, WIDEST, HEIGHT, LEFT, EDGE] = [300, 640, 200, 34, 14]; // px
const MARKED = 120; // utterances at most with a shape of their own

/**
 * @param {any[]} finals at least one
 * @param {number} width of the place for it, in px
 * @param {(id: number) => void} chosen called with the utterance of a mark that was clicked
 */
export function trajectory(finals, width, chosen) {
  return [figures(finals), picture(finals, Math.max(NARROWEST, Math.min(WIDEST, width)), chosen)];
}

/** @param {any[]} finals */
function figures(finals) {
  const { utterances, counts, doubtful, speechMs } = totals(finals);
  const rows = [...LABELS].reverse().map((label) => figure(String(counts[label]), NAMES[label], shape(label)));
  const all = figure(String(utterances), utterances === 1 ? "Utterance" : "Utterances");
  return h("dl", { class: "figures" }, all, ...rows, figure(String(doubtful), "Doubtful"), figure(clock(speechMs), "Of speech"));
}

/** @param {string} value @param {string} name @param {Node | null} [mark] */
function figure(value, name, mark = null) {
  return h("div", {}, h("dt", {}, mark, name), h("dd", {}, value));
}

/** @param {any[]} finals @param {number} width @param {(id: number) => void} chosen */
function picture(finals, width, chosen) {
  const [from, to] = [finals[0].start_ms, finals[finals.length - 1].end_ms];
  const x = (/** @type {any} */ final) => LEFT + EDGE + (((final.start_ms + final.end_ms) / 2 - from) / Math.max(1, to - from)) * (width - LEFT - 2 * EDGE);
  const y = (/** @type {number} */ score) => HEIGHT / 2 - score * (HEIGHT / 2 - EDGE);
  const points = finals.map((final) => `${x(final).toFixed(1)},${y(final.fused_score).toFixed(1)}`).join(" ");
  const marks = finals.length > MARKED ? [] : finals.map((final) => mark(final, x(final), y(final.fused_score), chosen));
  const line = svg("polyline", { points, class: "course" });
  const attributes = { viewBox: `0 0 ${width} ${HEIGHT}`, class: "trajectory", role: "img", "aria-label": summary(finals) };
  return svg("svg", attributes, ...scale(y, width), line, ...marks);
}

/** @param {(score: number) => number} y @param {number} width */
function scale(y, width) {
  return [1, 0, -1].flatMap((score) => [
    svg("line", { x1: LEFT, x2: width, y1: y(score), y2: y(score), class: score ? "edge" : "zero" }),
    svg("text", { x: LEFT - 8, y: y(score) + 4, class: "score" }, score > 0 ? "+1" : String(score).replace("-", "\u2212")),
  ]);
}

/** @param {any} final @param {number} x @param {number} y @param {(id: number) => void} chosen */
function mark(final, x, y, chosen) {
  const { label } = final.fused_sentiment;
  const about = svg("title", {}, `${clock(final.start_ms)} ${NAMES[/** @type {import("./labels.js").Label} */ (label)]}: ${final.text ?? "no words"}`);
  const symbol = svg("g", { transform: `translate(${x - 6} ${y - 6})` }, ...shape(label).childNodes);
  const onclick = () => chosen(final.utterance_id);
  return svg("g", { class: `mark ${label} ${final.abstain ? "doubtful" : ""}`, onclick }, symbol, about);
}

/** @param {any[]} finals */
function summary(finals) {
  const { utterances, counts, meanScore } = totals(finals);
  const lean = meanScore.toFixed(2);
  return `Course over ${utterances} utterances: ${LABELS.map((label) => `${counts[label]} ${label}`).join(", ")}; mean score ${lean} between -1 and 1`;
}
