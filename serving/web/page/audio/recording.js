// @ts-check
/** A recording that somebody dropped: decoded by the browser, as mono of 16 kHz. */

import { RATE_HZ } from "../../client/undertone.js";

const MOST_BYTES = 512 * 1024 * 1024;

/** The file is none that this browser can decode. */
export class UndecodableError extends Error {}

/**
 * @param {File} file
 * @returns {Promise<Float32Array>} (samples,)
 */
export async function decoded(file) {
  if (file.size > MOST_BYTES) throw new UndecodableError("it is larger than 512 MB");
  const context = new OfflineAudioContext(1, 1, RATE_HZ); // its rate is what decodeAudioData resamples to
  try {
    return mono(await context.decodeAudioData(await file.arrayBuffer()));
  } catch (error) {
    throw new UndecodableError("this browser cannot decode it", { cause: error });
  }
}

/** @param {AudioBuffer} buffer */
function mono(buffer) {
  const mixed = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const samples = buffer.getChannelData(channel);
    for (let i = 0; i < mixed.length; i += 1) mixed[i] += samples[i] / buffer.numberOfChannels;
  }
  return mixed;
}
