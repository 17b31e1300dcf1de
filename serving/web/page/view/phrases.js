// @ts-check
/** What a verdict means, in sentences. */

/** Why there are no words. @type {Record<string, string>} */
const REASONS = {
  asr_unavailable: "The server has no speech recognition now, so only the voice was judged.",
  asr_timeout: "The words did not come in time, so only the voice was judged.",
  no_words: "No words were heard, so only the voice was judged.",
  hallucination: "What the recogniser made of it was not said, so only the voice was judged.",
  language: "It is another language than the recogniser knows, so only the voice was judged.",
  overload: "The server was too busy for the words, so only the voice was judged.",
  worker_lost: "The words were lost on the server, so only the voice was judged.",
  pending: "So far only the voice was judged; the words are on their way.",
};

/** How words and voice stand to each other. @param {any} verdict */
export function agreement(verdict) {
  if (verdict.mode === "audio_only") return REASONS[verdict.reason] ?? "Only the voice was judged.";
  if (verdict.agreement === true) return "Words and voice say the same.";
  if (verdict.agreement === false) return "Words and voice contradict each other.";
  return "Only one of the two takes a side; the other is neutral or undecided.";
}

/** Why a verdict is doubtful, null where it is not. @param {any} verdict */
export function doubt(verdict) {
  if (!verdict.abstain) return null;
  if (verdict.reason === "hallucination") return "Doubtful: it seems that nobody spoke.";
  if (verdict.agreement === false) return "Doubtful: do not rely on this one while words and voice disagree.";
  return "Doubtful: the evidence is too weak to rely on this label.";
}

/** How much each counted, as shares. @param {any} verdict */
export function weights(verdict) {
  return { words: verdict.mode === "fused" ? verdict.alpha : 0, voice: verdict.mode === "fused" ? 1 - verdict.alpha : 1 };
}

/** What went wrong, for whoever has to do something about it. @type {Record<string, string>} */
export const CAPTURE = {
  insecure: "Browsers give the microphone only to pages over https or on this computer. A recording can be opened all the same.",
  refused: "The browser was not allowed to listen. Allow the microphone for this page (the icon in the address bar), then press again.",
  none: "No microphone was found. Plug one in, choose a tab or the system, or open a recording.",
  busy: "Another program holds the microphone. Close it, then press again.",
  unshared: "Nothing was shared. Press again, and choose a tab or the screen with its sound.",
  unplugged: "The sound has ended: the microphone was unplugged, or is no longer shared.",
  silent_share: "No sound was shared. Choose a tab and tick the box that shares its audio.",
  unloaded: "The server does not answer: the part of this page that hears could not be loaded from it. Press again when it does.",
  failed: "The microphone could not be started.",
};

/** @type {Record<string, string>} */
const REFUSALS = {
  server_full: "All places on this server are taken.",
  unauthorized: "This server wants a key. Enter it in the settings, then press again.",
  quota_exceeded: "What this key may use is used up.",
  server_draining: "The server is restarting.",
  too_far_behind: "The server could not keep up.",
  internal: "The server had a fault.",
};

/** What an error of the client means. @param {any} error */
export function refusal(error) {
  if (error.code) return REFUSALS[error.code] ?? `The server says: ${error.message}`;
  return error.name === "UnreachableError" ? "The server does not answer." : "The connection was lost.";
}

/** Times of a final as rows: what, and how long in ms. @param {any} timings @returns {[string, number][]} */
export function timingRows(timings) {
  /** @type {[string, number | null][]} */
  const rows = [
    ["Silence awaited at the end", timings.endpoint_wait_ms],
    ["Words asked for ahead, by", timings.speculation_lead_ms],
    ["Waiting for a free worker", timings.queue_latency_ms],
    ["Recognising the words", timings.asr_latency_ms],
    ["Judging the words", timings.text_latency_ms],
    ["Judging the voice", timings.acoustic_latency_ms],
    ["Joining both", timings.fusion_latency_ms],
    ["From the end to the verdict", timings.total_latency_ms],
  ];
  return /** @type {[string, number][]} */ (rows.filter(([, ms]) => ms !== null && ms !== undefined));
}
