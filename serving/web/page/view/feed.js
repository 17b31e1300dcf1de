// @ts-check
/** The utterances, the newest first, and what a screen reader is told of them. */

import { card, update } from "./card.js";
import { NAMES } from "./labels.js";

export class Feed {
  /** @param {{list: HTMLElement, count: HTMLElement, empty: HTMLElement, spoken: HTMLElement}} places @param {import("./card.js").Playing} playing */
  constructor(places, playing) {
    this.#places = places;
    this.#playing = playing;
  }

  #places;
  #playing;
  /** @type {Map<number, HTMLElement>} */
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
    this.#cards.get(id)?.remove();
    this.#cards.delete(id);
    this.#counted();
  }

  /** Bring an utterance into view. @param {number} id */
  reveal(id) {
    const item = this.#cards.get(id);
    item?.scrollIntoView({ block: "center" });
    item?.focus({ preventScroll: true });
  }

  /** Forget all. */
  clear() {
    for (const id of [...this.#cards.keys()]) this.drop(id);
  }

  /** @param {import("../live/heard.js").Utterance} utterance */
  #add(utterance) {
    const item = card(utterance, this.#playing);
    this.#cards.set(utterance.id, item);
    this.#places.list.prepend(item);
    this.#counted();
  }

  #counted() {
    this.#places.count.textContent = String(this.#cards.size || "");
    this.#places.empty.hidden = this.#cards.size > 0;
  }

  /** @param {import("../live/heard.js").Utterance} utterance */
  #announce({ id, verdict }) {
    const label = NAMES[/** @type {import("./labels.js").Label} */ (verdict.fused_sentiment.label)];
    const doubtful = verdict.abstain ? ", doubtful" : "";
    this.#places.spoken.textContent = `Utterance ${id}: ${label}${doubtful}. ${verdict.text ?? ""}`;
  }
}
