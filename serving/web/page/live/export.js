// @ts-check
/** A conversation as a file: JSON with all that was told, or a table with a row for each utterance. */

import { totals } from "./totals.js";

const LABELS = ["negative", "neutral", "positive"];
/** @type {[string, string][]} */
const VERDICTS = [
  ["fused", "fused_sentiment"],
  ["words", "text_sentiment"],
  ["voice", "audio_sentiment"],
];
const PLAIN = ["utterance_id", "start_ms", "end_ms", "text", "mode", "reason", "fused_score", "alpha", "agreement", "abstain"];
const FORMULA = /^[=+\-@\t\r]/; // a spreadsheet would compute it

/** @param {import("./heard.js").Heard} heard @param {Date} now */
export function asJson(heard, now) {
  const { sessions, notes, finals } = heard;
  return JSON.stringify({ exported: now.toISOString(), sessions, utterances: finals, totals: totals(finals), notes }, null, 2);
}

/** @param {any[]} finals */
export function asCsv(finals) {
  const names = VERDICTS.flatMap(([name]) => [`${name}_label`, ...LABELS.map((label) => `${name}_${label}`)]);
  const rows = [[...PLAIN, ...names, "total_latency_ms"], ...finals.map(row)];
  return rows.map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** @param {any} final */
function row(final) {
  const verdicts = VERDICTS.flatMap(([, field]) => [
    final[field]?.label,
    ...LABELS.map((label) => final[field]?.probabilities[label]),
  ]);
  return [...PLAIN.map((name) => final[name]), ...verdicts, final.timings.total_latency_ms];
}

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
