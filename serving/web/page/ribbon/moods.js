// @ts-check
/** Finding moods by their time: they are sorted, and an hour has 14,000. */

/** The mood at a time, undefined in silence. @param {import("../live/heard.js").Mood[]} moods @param {number} ms */
export function moodAt(moods, ms) {
  const index = firstFrom(moods, ms);
  return moods[index]?.startMs <= ms ? moods[index] : undefined;
}

/** The first mood that ends at `ms` or later, by halving. @param {import("../live/heard.js").Mood[]} moods @param {number} ms */
export function firstFrom(moods, ms) {
  let [low, high] = [0, moods.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moods[middle].endMs < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
