// @ts-check
/** One utterance: its words, its three verdicts, how much each counted, and what that means. */

import { bar, chip } from "./labels.js";
import { clock, h, percent } from "./dom.js";
import { agreement, doubt, timingRows, weights } from "./phrases.js";

/**
 * @typedef {object} Playing
 * @property {(id: number, button: HTMLElement) => void} toggle
 * @property {(id: number) => boolean} has whether its audio is still here
 */

/** The card of an utterance, as it is now. @param {import("../live/heard.js").Utterance} utterance @param {Playing} playing */
export function card(utterance, playing) {
  const item = h("li", { class: "card", id: `utterance-${utterance.id}`, tabindex: "-1" });
  update(item, utterance, playing);
  return item;
}

/** Show what has changed. @param {HTMLElement} item @param {import("../live/heard.js").Utterance} utterance @param {Playing} playing */
export function update(item, utterance, playing) {
  item.classList.toggle("live", !utterance.isFinal);
  item.replaceChildren(...(utterance.verdict ? judged(utterance, playing) : [running(utterance)]));
}

/** @param {import("../live/heard.js").Utterance} utterance */
function running(utterance) {
  const doing = utterance.endMs === null ? "Listening" : "Judging";
  return h(
    "div",
    { class: "running" },
    h("p", { class: "doing" }, h("span", { class: "dots", "aria-hidden": "true" }), `${doing}\u2026`, when(utterance)),
    h("p", { class: "words partial" }, utterance.partial ?? ""),
  );
}

/** @param {import("../live/heard.js").Utterance} utterance @param {Playing} playing */
function judged(utterance, playing) {
  const { verdict, isFinal } = utterance;
  const doubtful = doubt(verdict);
  return [
    h(
      "header",
      {},
      h("h3", {}, chip(verdict.fused_sentiment.label), h("span", { class: "hidden" }, `, utterance ${utterance.id}`)),
      doubtful && h("span", { class: "tag doubtful" }, "Doubtful"),
      !isFinal ? h("span", { class: "tag" }, "Provisional") : null,
      when(utterance),
      isFinal ? playButton(utterance, playing) : null,
    ),
    words(verdict),
    verdicts(verdict),
    h("p", { class: "says" }, agreement(verdict), doubtful && h("strong", {}, ` ${doubtful}`)),
    isFinal ? timings(verdict) : null,
  ].filter((part) => part !== null);
}

/** @param {import("../live/heard.js").Utterance} utterance */
function when({ startMs, endMs }) {
  return h("span", { class: "when" }, endMs === null ? clock(startMs) : `${clock(startMs)}\u2009\u2013\u2009${clock(endMs)}`);
}

/** @param {any} verdict */
function words(verdict) {
  if (verdict.text) return h("p", { class: "words" }, verdict.text);
  return h("p", { class: "words none" }, verdict.mode === "fused" ? "Words withheld" : "No words");
}

/** @param {any} verdict */
function verdicts(verdict) {
  const counted = weights(verdict);
  return h(
    "dl",
    { class: "verdicts" },
    ...verdictRow("Words", verdict.text_sentiment, counted.words),
    ...verdictRow("Voice", verdict.audio_sentiment, counted.voice),
    ...verdictRow("Together", verdict.fused_sentiment, null),
  );
}

/** @param {string} name @param {any} sentiment @param {number | null} counted */
function verdictRow(name, sentiment, counted) {
  const weight = counted === null ? null : h("span", { class: "weight" }, `counted ${percent(counted)}`);
  const term = h("dt", {}, name, weight);
  if (!sentiment) return [term, h("dd", {}, h("span", { class: "bar empty" }), h("span", { class: "verdict" }, "none"))];
  const verdict = h("span", { class: "verdict" }, chip(sentiment.label), percent(sentiment.probabilities[sentiment.label]));
  return [term, h("dd", {}, bar(sentiment.probabilities, name), verdict)];
}

/** @param {import("../live/heard.js").Utterance} utterance @param {Playing} playing */
function playButton({ id }, playing) {
  const name = `Play utterance ${id}`;
  const button = h("button", { type: "button", class: "play", "aria-label": name, title: "Play", "aria-pressed": "false" });
  button.toggleAttribute("disabled", !playing.has(id));
  button.addEventListener("click", () => playing.toggle(id, button));
  return button;
}

/** @param {any} verdict */
function timings({ timings: times, speech_rate_wpm: rate }) {
  const rows = timingRows(times).flatMap(([name, ms]) => [h("dt", {}, name), h("dd", {}, `${Math.round(ms)}\u202fms`)]);
  const pace = rate ? [h("dt", {}, "Words per minute"), h("dd", {}, String(rate))] : [];
  const afterMs = times.endpoint_wait_ms + times.total_latency_ms;
  const total = `verdict ${(afterMs / 1000).toFixed(2)}\u202fs after the end of speech`;
  return h(
    "details",
    {},
    h("summary", {}, "Timings", h("span", { class: "total" }, total)),
    h("dl", { class: "timings" }, ...rows, ...pace),
  );
}
