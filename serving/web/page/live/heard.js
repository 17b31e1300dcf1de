// @ts-check
/** What was heard in a conversation: utterances with their moods, words and verdicts. */

/**
 * @typedef {object} Utterance
 * @property {number} id
 * @property {number} startMs
 * @property {number | null} endMs
 * @property {string | null} partial the words so far
 * @property {any} verdict the provisional or the final one
 * @property {boolean} isFinal
 */

/** One value of the ribbon: probabilities between two times. @typedef {{startMs: number, endMs: number, values: number[]}} Mood */

const LABELS = ["negative", "neutral", "positive"];

export class Heard {
  /** @type {Map<number, Utterance>} */
  utterances = new Map();
  /** In the order of time. @type {Mood[]} */
  moods = [];
  /** What the server said of itself and of each session. @type {any[]} */
  sessions = [];
  /** `notes` of the sessions. @type {any[]} */
  notes = [];

  /** Take in an event of a conversation; returns the utterance that changed, null where none did. @param {any} event */
  take(event) {
    if (event.type === "began") this.sessions.push(told(event));
    if (event.type === "session.closed") this.notes.push(...(event.notes ?? []));
    if (event.type === "speech.started") return this.#begin(event);
    const utterance = this.utterances.get(event.utterance_id);
    if (!utterance) return null;
    if (event.type === "mood") this.#addMood(utterance, event);
    if (event.type === "transcript.partial") utterance.partial = event.text;
    if (event.type === "speech.ended") utterance.endMs = event.end_ms;
    if (event.type === "utterance.provisional" || event.type === "utterance.final") judge(utterance, event);
    return utterance;
  }

  /** Forget the utterances without a final: they are heard again in another session. Returns them. */
  dropUnfinished() {
    const dropped = [...this.utterances.values()].filter(({ isFinal }) => !isFinal);
    for (const { id } of dropped) this.utterances.delete(id);
    const from = Math.min(...dropped.map(({ startMs }) => startMs));
    this.moods = this.moods.filter(({ startMs }) => startMs < from);
    return dropped;
  }

  /** The finals, in order. */
  get finals() {
    return [...this.utterances.values()].filter(({ isFinal }) => isFinal).map(({ verdict }) => verdict);
  }

  /** @param {any} event */
  #begin({ utterance_id: id, start_ms: startMs }) {
    const utterance = { id, startMs, endMs: null, partial: null, verdict: null, isFinal: false };
    this.utterances.set(id, utterance);
    return utterance;
  }

  /** @param {Utterance} utterance @param {any} event */
  #addMood(utterance, event) {
    const before = this.moods.at(-1);
    const startMs = before && before.endMs > utterance.startMs ? before.endMs : Math.max(utterance.startMs, event.start_ms);
    const values = LABELS.map((label) => event.audio_sentiment.probabilities[label]);
    this.moods.push({ startMs, endMs: event.end_ms, values });
  }
}

/** What the server said of a session, without the secret that takes it up again. @param {any} event */
function told({ created, settings }) {
  const { resume, seq, ...rest } = created;
  return { ...rest, settings };
}

/** @param {Utterance} utterance @param {any} verdict */
function judge(utterance, verdict) {
  utterance.verdict = verdict;
  utterance.isFinal = verdict.type === "utterance.final";
  utterance.endMs = verdict.end_ms;
}
