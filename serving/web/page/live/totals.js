// @ts-check
/** What a conversation came to. */

/** @param {any[]} finals */
export function totals(finals) {
  const counts = { negative: 0, neutral: 0, positive: 0 };
  for (const { fused_sentiment: fused } of finals) counts[/** @type {keyof typeof counts} */ (fused.label)] += 1;
  return {
    utterances: finals.length,
    counts,
    doubtful: finals.filter(({ abstain }) => abstain).length,
    speechMs: finals.reduce((sum, { start_ms, end_ms }) => sum + end_ms - start_ms, 0),
    meanScore: finals.length ? finals.reduce((sum, { fused_score }) => sum + fused_score, 0) / finals.length : 0,
  };
}
