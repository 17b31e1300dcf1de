// @ts-check
/** How loud it is now, and a word where nothing is heard at all. */

const FLOOR_DB = -60;
const QUIET_DB = -58;
const QUIET_MS = 6000;
const FALL_DB = 3; // each piece of audio: it falls slower than it rises
const TOLD_MS = 1000;

export class Meter {
  /** @param {HTMLElement} stage @param {HTMLElement} meter @param {(isQuiet: boolean) => void} quiet */
  constructor(stage, meter, quiet) {
    this.#stage = stage;
    this.#meter = meter;
    this.#quiet = quiet;
  }

  #stage;
  #meter;
  #quiet;
  #db = FLOOR_DB;
  #toldMs = 0;
  #loudMs = 0;
  #isQuiet = false;

  /** Show a level in dB under full scale. @param {number} db */
  show(db) {
    const nowMs = performance.now();
    this.#db = Math.max(FLOOR_DB, db, this.#db - FALL_DB);
    this.#stage.style.setProperty("--level", (1 - this.#db / FLOOR_DB).toFixed(3));
    if (db > QUIET_DB || !this.#loudMs) this.#loudMs = nowMs;
    this.#tellQuiet(nowMs - this.#loudMs > QUIET_MS);
    if (nowMs - this.#toldMs < TOLD_MS) return;
    this.#toldMs = nowMs;
    this.#tell();
  }

  /** Nothing is heard any more. */
  rest() {
    [this.#db, this.#loudMs] = [FLOOR_DB, 0];
    this.#stage.style.setProperty("--level", "0");
    this.#tell();
    this.#tellQuiet(false);
  }

  #tell() {
    this.#meter.setAttribute("aria-valuenow", this.#db.toFixed(0));
    this.#meter.setAttribute("aria-valuetext", `${this.#db.toFixed(0)} decibels`);
  }

  /** @param {boolean} isQuiet */
  #tellQuiet(isQuiet) {
    if (isQuiet !== this.#isQuiet) this.#quiet(isQuiet);
    this.#isQuiet = isQuiet;
  }
}
