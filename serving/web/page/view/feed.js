// @ts-check
/** The utterances, the newest first, and what a screen reader is told of them. */

import { card, update } from "./card.js";
import { NAMES } from "./labels.js";

const MOST = 60; // cards at once: hundreds would make every word slow to draw

export class Feed {
  /**
   * @param {{list: HTMLElement, count: HTMLElement, empty: HTMLElement, earlier: HTMLElement, spoken: HTMLElement}} places
   * @param {import("./card.js").Playing} playing
   * @param {() => Map<number, import("../live/heard.js").Utterance>} utterances all of them, in order
   */
  constructor(places, playing, utterances) {
    this.#places = places;
    this.#playing = playing;
    this.#utterances = utterances;
    places.earlier.addEventListener("click", () => this.#showEarlier(MOST));
  }

  #places;
  #playing;
  #utterances;
  #most = MOST;
  /** Those that are shown, the oldest first. @type {Map<number, HTMLElement>} */
  #cards = new Map();

  /** Show an utterance as it is now. @param {import("../live/heard.js").Utterance} utterance */
  show(utterance) {
    const item = this.#cards.get(utterance.id);
    if (item) update(item, utterance, this.#playing);
    else this.#add(utterance);
    if (utterance.isFinal) this.#announce(utterance);
  }

  /** Take one away: it is heard again. @param {number} id */
  drop(id) {
    this.#remove(id);
    this.#counted();
  }

  /** Bring an utterance into view. @param {number} id */
  reveal(id) {
    const earlier = [...this.#utterances().keys()].filter((each) => each >= id).length - this.#cards.size;
    if (earlier > 0) this.#showEarlier(earlier);
    const item = this.#cards.get(id);
    item?.scrollIntoView({ block: "center" });
    item?.focus({ preventScroll: true });
  }

  /** Forget all. */
  clear() {
    for (const id of [...this.#cards.keys()]) this.#remove(id);
    this.#most = MOST;
    this.#counted();
  }

  /** @param {import("../live/heard.js").Utterance} utterance */
  #add(utterance) {
    const item = card(utterance, this.#playing);
    this.#cards.set(utterance.id, item);
    this.#places.list.prepend(item);
    const [oldest] = this.#cards.keys();
    if (this.#cards.size > this.#most) this.#remove(oldest);
    this.#counted();
  }

  /** @param {number} id */
  #remove(id) {
    this.#cards.get(id)?.remove();
    this.#cards.delete(id);
  }

  /** @param {number} more */
  #showEarlier(more) {
    const hidden = [...this.#utterances().values()].filter(({ id }) => !this.#cards.has(id)).slice(-more);
    const added = new Map(hidden.map((utterance) => [utterance.id, card(utterance, this.#playing)]));
    this.#places.list.append(...[...added.values()].reverse());
    this.#cards = new Map([...added, ...this.#cards]);
    this.#most = Math.max(this.#most, this.#cards.size);
    this.#counted();
  }

  #counted() {
    const count = this.#utterances().size;
    this.#places.count.textContent = String(count || "");
    this.#places.empty.hidden = count > 0;
    this.#places.earlier.hidden = this.#cards.size >= count;
  }

  /** @param {import("../live/heard.js").Utterance} utterance */
  #announce({ id, verdict }) {
    const label = NAMES[/** @type {import("./labels.js").Label} */ (verdict.fused_sentiment.label)];
    const doubtful = verdict.abstain ? ", doubtful" : "";
    this.#places.spoken.textContent = `Utterance ${id}: ${label}${doubtful}. ${verdict.text ?? ""}`;
  }
}
