// @ts-check
/** The settings of a session, as far as this server can do them. */

import { RefusedError } from "../../client/undertone.js";

/**
 * Apply all settings, or, where one is refused, each by itself; returns what the server says of those that it refused.
 *
 * @param {{update: (settings: any) => Promise<any>}} session
 * @param {Record<string, any>} settings
 * @returns {Promise<string[]>}
 */
export async function applied(session, settings) {
  if (!Object.keys(settings).length || !(await refusal(session, settings))) return [];
  const refusals = [];
  for (const [name, value] of Object.entries(settings)) refusals.push(await refusal(session, { [name]: value }));
  return refusals.filter((message) => message !== null);
}

/** @param {{update: (settings: any) => Promise<any>}} session @param {Record<string, any>} settings */
async function refusal(session, settings) {
  try {
    await session.update(settings);
    return null;
  } catch (error) {
    if (error instanceof RefusedError && error.code === "invalid_setting") return error.message;
    throw error;
  }
}
