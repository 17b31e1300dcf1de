// @ts-check
/** The settings of a session, as far as this server can do them. */

import { RefusedError } from "../../client/undertone.js";

/** @typedef {{created: any, update: (settings: any) => Promise<any>}} Session */

/**
 * Apply all settings, or, where one is refused, each by itself; returns what the server says of those that it refused.
 * Words while they are spoken are not asked of a server that hears no words at all.
 *
 * @param {Session} session
 * @param {Record<string, any>} settings
 * @returns {Promise<string[]>}
 */
export async function applied(session, settings) {
  const hasWords = session.created.asr.engine !== "none";
  const wanted = Object.entries(settings).filter(([name]) => hasWords || name !== "partials");
  if (!wanted.length || !(await refusal(session, Object.fromEntries(wanted)))) return [];
  const refusals = [];
  for (const [name, value] of wanted) refusals.push(await refusal(session, { [name]: value }));
  return refusals.filter((message) => message !== null);
}

/** @param {Session} session @param {Record<string, any>} settings */
async function refusal(session, settings) {
  try {
    await session.update(settings);
    return null;
  } catch (error) {
    if (error instanceof RefusedError && error.code === "invalid_setting") return error.message;
    throw error;
  }
}
