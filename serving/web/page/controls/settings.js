// @ts-check
/** The settings, kept in this browser; the key only until the tab is closed. */

import { h } from "../view/dom.js";
import { keep, kept } from "./kept.js";

const PLACE = "undertone.settings";
const KEY = "undertone.key";
const NAMES = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

export class Settings {
  /** @param {HTMLDialogElement} dialog @param {HTMLFormElement} form */
  constructor(dialog, form) {
    this.#dialog = dialog;
    this.#form = form;
    this.#restore();
    form.addEventListener("change", () => this.#store());
    form.addEventListener("input", () => this.#describe());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#store();
      dialog.close();
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  #dialog;
  #form;

  /** The key that is shown to the server. */
  get token() {
    return this.#field("token").value.trim();
  }

  /** What the session is told: only what is not the server's default. */
  get session() {
    const pause = Number(this.#field("pause").value);
    return {
      ...(this.#field("partials").checked ? { partials: true } : {}),
      ...(this.#field("redact_text").checked ? { redact_text: true } : {}),
      ...(this.#field("endpoint").value === "adaptive" ? { endpoint: "adaptive" } : {}),
      ...(pause === 500 ? {} : { endpoint_silence_ms: pause }),
      ...(this.#field("language").value ? { language: this.#field("language").value } : {}),
    };
  }

  /** Open the dialog, at the key where `subject` is "token". @param {string} [subject] */
  open(subject) {
    if (!this.#dialog.open) this.#dialog.showModal();
    if (subject) this.#field(subject).focus();
  }

  /** Offer the languages that the recogniser knows. @param {string[]} codes */
  offer(codes) {
    const [field, chosen] = [this.#field("language"), this.#field("language").value];
    const options = codes.map((code) => h("option", { value: code }, NAMES.of(code) ?? code));
    field.replaceChildren(field.options[0], ...options);
    if (codes.includes(chosen)) field.value = chosen;
  }

  /** @param {string} name @returns {any} */
  #field(name) {
    return this.#form.elements.namedItem(name);
  }

  #store() {
    const values = Object.fromEntries(["language", "endpoint", "pause"].map((name) => [name, this.#field(name).value]));
    const ticks = Object.fromEntries(["partials", "redact_text"].map((name) => [name, this.#field(name).checked]));
    keep("localStorage", PLACE, JSON.stringify({ ...values, ...ticks }));
    keep("sessionStorage", KEY, this.token);
    this.#describe();
  }

  #restore() {
    for (const [name, value] of Object.entries(stored())) {
      const field = this.#field(name);
      if (field?.type === "checkbox") field.checked = Boolean(value);
      else if (name === "language" && value) field.append(h("option", { value, selected: true }, NAMES.of(value) ?? value));
      else if (field) field.value = value;
    }
    this.#field("token").value = kept("sessionStorage", KEY) ?? "";
    this.#describe();
  }

  #describe() {
    const seconds = (Number(this.#field("pause").value) / 1000).toFixed(1);
    const output = this.#form.querySelector("output");
    if (output) output.textContent = `${seconds}\u202fs`;
  }
}

/** @returns {Record<string, any>} */
function stored() {
  try {
    return JSON.parse(kept("localStorage", PLACE) ?? "{}");
  } catch {
    return {};
  }
}
