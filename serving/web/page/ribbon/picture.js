// @ts-check
/** Paints the ribbon: stacked moods, the spans of the utterances with the shapes of their verdicts, and a scale of time. */

import { firstFrom } from "./moods.js";
import { clock } from "../view/dom.js";

const FILLS = ["negative", "fill", "positive"];
const MARKS_PX = 20; // for the utterances
const SCALE_PX = 18; // for the times
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const TICK_PX = 78;
const MARK = 5;
const HATCH_PX = 6;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./ribbon.js").Course} course
 * @param {{fromMs: number, toMs: number}} span
 * @param {Record<string, string>} colours
 */
export function draw(canvas, course, span, colours) {
  const paint = canvas.getContext("2d");
  if (!paint || !canvas.width) return;
  const scale = Math.min(3, devicePixelRatio);
  const [width, height] = [canvas.width / scale, canvas.height / scale];
  paint.setTransform(scale, 0, 0, scale, 0, 0);
  paint.clearRect(0, 0, width, height);
  const x = (/** @type {number} */ ms) => ((ms - span.fromMs) / (span.toMs - span.fromMs)) * width;
  const body = height - MARKS_PX - SCALE_PX;
  drawScale(paint, span, x, width, height, colours);
  drawMoods(paint, course.moods, span, x, body, colours);
  for (const utterance of course.utterances) {
    if ((utterance.endMs ?? course.nowMs) >= span.fromMs) drawMark(paint, utterance, course.nowMs, x, body, colours);
  }
}

/** @param {CanvasRenderingContext2D} paint @param {any} span @param {(ms: number) => number} x @param {number} width @param {number} height @param {Record<string, string>} colours */
function drawScale(paint, { fromMs, toMs }, x, width, height, colours) {
  const most = width / TICK_PX;
  const stepMs = 1000 * (STEPS_S.find((step) => (toMs - fromMs) / 1000 / step <= most) ?? 7200);
  paint.font = "11px system-ui, sans-serif";
  paint.textAlign = "center";
  for (let ms = Math.ceil(fromMs / stepMs) * stepMs; ms <= toMs; ms += stepMs) {
    paint.fillStyle = colours.line;
    paint.fillRect(Math.round(x(ms)), 0, 1, height - SCALE_PX);
    paint.fillStyle = colours.faint;
    if (x(ms) > 14 && x(ms) < width - 14) paint.fillText(clock(ms), x(ms), height - 5);
  }
}

/** @param {CanvasRenderingContext2D} paint @param {import("../live/heard.js").Mood[]} moods @param {{fromMs: number, toMs: number}} span @param {(ms: number) => number} x @param {number} body @param {Record<string, string>} colours */
function drawMoods(paint, moods, span, x, body, colours) {
  /** @type {{left: number, right: number, values: number[], count: number} | null} */
  let column = null;
  for (let i = firstFrom(moods, span.fromMs); i < moods.length; i += 1) {
    const [left, right] = [Math.floor(x(moods[i].startMs)), Math.max(Math.floor(x(moods[i].endMs)), Math.floor(x(moods[i].startMs)) + 1)];
    if (column && right <= column.right) {
      for (let j = 0; j < 3; j += 1) column.values[j] += moods[i].values[j]; // many in one column of pixels: their mean
      column.count += 1;
    } else {
      if (column) drawColumn(paint, column, body, colours);
      column = { left: Math.max(left, column ? Math.min(column.right, right - 1) : left), right, values: [...moods[i].values], count: 1 };
    }
  }
  if (column) drawColumn(paint, column, body, colours);
}

/** @param {CanvasRenderingContext2D} paint @param {any} column @param {number} body @param {Record<string, string>} colours */
function drawColumn(paint, { left, right, values, count }, body, colours) {
  let bottom = body;
  for (let i = 0; i < 3; i += 1) {
    const height = (values[i] / count) * body;
    paint.fillStyle = colours[FILLS[i]];
    paint.fillRect(left, bottom - height, right - left, height);
    bottom -= height;
  }
  const lowest = (values[0] / count) * body;
  paint.fillStyle = hatch(paint);
  paint.fillRect(left, body - lowest, right - left, lowest);
}

/** Lines through what is negative, so that no eye needs its colour. @type {CanvasPattern | null} */
let hatched = null;

/** @param {CanvasRenderingContext2D} paint */
function hatch(paint) {
  if (hatched) return hatched;
  const tile = new OffscreenCanvas(HATCH_PX, HATCH_PX);
  const lines = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  lines.strokeStyle = "rgb(255 255 255 / 0.4)";
  lines.lineWidth = 1.2;
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    lines.moveTo(shift, HATCH_PX);
    lines.lineTo(shift + HATCH_PX, 0);
  }
  lines.stroke();
  hatched = paint.createPattern(tile, "repeat");
  return hatched ?? "transparent";
}

/** @param {CanvasRenderingContext2D} paint @param {import("../live/heard.js").Utterance} utterance @param {number} nowMs @param {(ms: number) => number} x @param {number} body @param {Record<string, string>} colours */
function drawMark(paint, { startMs, endMs, verdict }, nowMs, x, body, colours) {
  const [left, right, middle] = [x(startMs), x(endMs ?? nowMs), body + MARKS_PX / 2];
  paint.fillStyle = verdict ? colours[verdict.fused_sentiment.label] : colours.faint;
  paint.fillRect(left, body + 3, Math.max(1, right - left - 1), 2);
  if (!verdict || right - left < 3 * MARK) return;
  const centre = Math.max(left + MARK, (Math.max(left, 0) + right) / 2);
  paint.beginPath();
  outline(paint, verdict.fused_sentiment.label, centre, middle + 3);
  if (verdict.abstain) {
    paint.strokeStyle = paint.fillStyle;
    paint.lineWidth = 1.5;
    paint.stroke(); // doubtful: hollow
  } else {
    paint.fill();
  }
}

/** @param {CanvasRenderingContext2D} paint @param {string} label @param {number} x @param {number} y */
function outline(paint, label, x, y) {
  if (label === "neutral") return paint.arc(x, y, MARK - 1, 0, 2 * Math.PI);
  const up = label === "positive" ? -1 : 1;
  paint.moveTo(x - MARK, y - up * MARK * 0.75);
  paint.lineTo(x + MARK, y - up * MARK * 0.75);
  paint.lineTo(x, y + up * MARK);
  paint.closePath();
}
