// @ts-check
/** The moods over time: three colours, one above the other, and the values under the pointer or the arrow keys. */

import { moodAt } from "./moods.js";
import { clock, h, percent } from "../view/dom.js";
import { LABELS, NAMES, shape } from "../view/labels.js";
import { draw } from "./picture.js";

const MINUTE_MS = 60_000;
const EVERY_MS = 90;

/** @typedef {{moods: import("../live/heard.js").Mood[], utterances: Iterable<import("../live/heard.js").Utterance>, nowMs: number}} Course */

export class Ribbon {
  /**
   * @param {{frame: HTMLElement, canvas: HTMLCanvasElement, tip: HTMLElement, legend: HTMLElement}} places
   * @param {() => Course} course what there is to show now
   * @param {(ms: number) => void} chosen called with a time that was clicked
   */
  constructor(places, course, chosen) {
    this.#places = places;
    this.#course = course;
    const { frame } = places;
    frame.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    frame.addEventListener("pointerleave", () => this.#point(null));
    frame.addEventListener("click", () => this.#shownMs !== null && chosen(this.#shownMs));
    frame.addEventListener("keydown", (event) => this.#key(event, chosen));
    frame.addEventListener("blur", () => this.#point(null));
    new ResizeObserver(() => this.#resize()).observe(frame);
    for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
      matchMedia(query).addEventListener("change", () => this.recolour());
    }
  }

  #places;
  #course;
  /** @type {Record<string, string>} */
  #colours = {};
  /** Where the pointer is, in px; null: nowhere. @type {number | null} */
  #pointer = null;
  /** Which mood the keys chose. @type {number | null} */
  #chosen = null;
  /** @type {number | null} */
  #shownMs = null;
  #isDue = false;
  #drawnMs = 0;
  #isWhole = false;

  /** Whether all of it is shown, and not the last minute alone. */
  get isWhole() {
    return this.#isWhole;
  }

  set isWhole(isWhole) {
    this.#isWhole = isWhole;
    this.redraw();
  }

  /** Draw it with a frame of the screen soon: by a minute it moves ten pixels a second, more is not seen. */
  redraw() {
    if (this.#isDue) return;
    this.#isDue = true;
    const waitMs = Math.max(0, this.#drawnMs + EVERY_MS - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.#draw()), waitMs);
  }

  /** Take the colours of the theme anew. */
  recolour() {
    const style = (/** @type {string} */ name) => getComputedStyle(this.#places.legend.querySelector(`.${name}`) ?? this.#places.legend).color;
    for (const name of [...LABELS, "faint", "line", "fill"]) this.#colours[name] = style(name);
    this.redraw();
  }

  #resize() {
    const { frame, canvas } = this.#places;
    const scale = Math.min(3, devicePixelRatio);
    [canvas.width, canvas.height] = [frame.clientWidth * scale, frame.clientHeight * scale];
    if (!this.#colours.line) this.recolour();
    this.#isDue = false;
    this.#draw();
  }

  /** @param {Course} course */
  #span({ moods, nowMs }) {
    if (this.#isWhole) return { fromMs: 0, toMs: Math.max(nowMs, 1000) };
    const chosenMs = moods[this.#chosen ?? -1]?.startMs ?? nowMs; // a minute that holds what the keys chose
    const toMs = Math.min(Math.max(nowMs, MINUTE_MS), Math.max(chosenMs, 0) + MINUTE_MS);
    return { fromMs: toMs - MINUTE_MS, toMs };
  }

  #draw() {
    this.#isDue = false;
    this.#drawnMs = performance.now();
    const course = this.#course();
    draw(this.#places.canvas, course, this.#span(course), this.#colours);
    this.#tell();
  }

  /** @param {number | null} x */
  #point(x) {
    if (this.#chosen !== null) this.redraw();
    [this.#pointer, this.#chosen] = [x, null];
    this.#tell();
  }

  /** @param {KeyboardEvent} event @param {(ms: number) => void} chosen */
  #key(event, chosen) {
    const last = this.#course().moods.length - 1;
    const at = this.#chosen ?? last + 1;
    const moved = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 20, PageDown: at + 20, Home: 0, End: last }[event.key];
    if (event.key === "Enter" && this.#shownMs !== null) return chosen(this.#shownMs);
    if (moved === undefined || last < 0) return;
    event.preventDefault();
    this.#pointer = null;
    this.#chosen = Math.max(0, Math.min(last, moved));
    this.#tell();
    this.redraw();
  }

  /** Say the values where the pointer is, or that the keys chose. */
  #tell() {
    const { frame, tip } = this.#places;
    const course = this.#course();
    const { fromMs, toMs } = this.#span(course);
    const width = frame.clientWidth;
    const pointedMs = this.#pointer === null ? null : fromMs + ((toMs - fromMs) * this.#pointer) / width;
    const mood = pointedMs === null ? course.moods[this.#chosen ?? -1] : moodAt(course.moods, pointedMs);
    this.#shownMs = mood ? (pointedMs ?? (mood.startMs + mood.endMs) / 2) : null;
    const x = this.#shownMs === null ? null : ((this.#shownMs - fromMs) / (toMs - fromMs)) * width;
    tip.hidden = !mood || x === null || x < 0;
    this.#describe(course, mood);
    if (!mood || x === null) return;
    tip.replaceChildren(...values(mood, this.#shownMs ?? 0));
    tip.style.left = `${Math.max(70, Math.min(width - 70, x))}px`;
  }

  /** @param {Course} course @param {import("../live/heard.js").Mood | undefined} mood */
  #describe({ nowMs }, mood) {
    const words = mood && mood.values.map((value, i) => `${LABELS[i]} ${percent(value)}`).join(", ");
    const told = {
      "aria-valuemax": String(Math.ceil(nowMs / 1000)),
      "aria-valuenow": String(Math.round((mood?.endMs ?? nowMs) / 1000)),
      "aria-valuetext": words ? `${clock(mood.endMs)}: ${words}` : "no value chosen; the arrow keys choose one",
    };
    for (const [name, value] of Object.entries(told)) {
      if (this.#places.frame.getAttribute(name) !== value) this.#places.frame.setAttribute(name, value);
    }
  }
}

/** @param {import("../live/heard.js").Mood} mood @param {number} ms */
function values(mood, ms) {
  const rows = [...LABELS].reverse().map((label) => {
    const value = percent(mood.values[LABELS.indexOf(label)]);
    return h("span", { class: "row" }, shape(label), h("span", {}, NAMES[label]), h("b", {}, value));
  });
  return [h("span", { class: "time" }, clock(ms)), ...rows];
}
