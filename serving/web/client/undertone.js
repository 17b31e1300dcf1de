// @ts-check
/**
 * A client of undertone's streaming endpoint, for browsers and for node from 22 on; it depends on nothing.
 *
 *     import { connect } from "./undertone.js";
 *
 *     const session = await connect("ws://127.0.0.1:8000/ws/analyze", { token, settings: { partials: true } });
 *     session.on("utterance.final", (final) => console.log(final.text, final.fused_sentiment.label));
 *     await session.send(samples, 48_000); // Float32Array or Int16Array, mono
 *     const { totals } = await session.finish();
 *
 * A lost connection is taken up again where the server keeps the session: nothing is lost, nothing comes twice.
 */

export { Backoff, Pause } from "./backoff.js";
export { LostError, RefusedError, UndertoneError, UnreachableError } from "./errors.js";
export { Pcm, RATE_HZ, Resampler, toInt16 } from "./samples.js";
export { Session, connect } from "./session.js";
