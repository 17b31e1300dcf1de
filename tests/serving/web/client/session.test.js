// Against a running server: UNDERTONE_URL, its key in UNDERTONE_KEY, speech as int16 at 16 kHz in UNDERTONE_PCM.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { LostError, RefusedError, UnreachableError, connect } from "../../../../serving/web/client/undertone.js";

const { UNDERTONE_URL: url, UNDERTONE_KEY: token, UNDERTONE_PCM: file, UNDERTONE_FINALS: told } = process.env;
const bytes = readFileSync(file);
const speech = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

async function finals(send, options = {}) {
  const session = await connect(url, { token, ...options });
  const heard = [];
  session.on("utterance.final", (final) => heard.push(final));
  await send(session);
  const end = await session.finish();
  return { session, heard, end };
}

test("a recording is heard, every utterance gets its final, and the session ends in order", async () => {
  const { session, heard, end } = await finals((session) => session.send(speech));
  assert.equal(end.reason, "finished");
  assert.equal(heard.length, end.totals.utterances);
  assert.deepEqual(heard.map(({ utterance_id: id }) => id), heard.map((_, i) => i + 1));
  assert.equal(Math.round(session.sentMs), Math.round(speech.length / 16));
  writeFileSync(told, JSON.stringify(heard)); // compared with what the Python client is told
});

test("pieces of any size, and floats, make the same finals", async () => {
  const whole = await finals((session) => session.send(speech));
  const pieces = await finals(async (session) => {
    for (let first = 0; first < speech.length; first += 3001) {
      await session.send(Float32Array.from(speech.subarray(first, first + 3001), (value) => value / 32767));
    }
  });
  const what = ({ heard }) => heard.map(({ fused_score: score, start_ms: start, end_ms: end }) => [score, start, end]);
  assert.deepEqual(what(pieces), what(whole));
});

test("audio of 48 kHz is heard as that of 16 kHz", async () => {
  const slow = Float32Array.from({ length: speech.length * 3 }, (_, i) => (speech[Math.floor(i / 3)] ?? 0) / 32768);
  const { heard } = await finals((session) => session.send(slow, 48_000));
  assert.equal(heard.length, (await finals((session) => session.send(speech))).heard.length);
});

test("messages are an asynchronous sequence, from the first after the opening to session.closed", async () => {
  const session = await connect(url, { token });
  assert.equal(session.created.labels.length, 3);
  void session.send(speech).then(() => session.finish());
  const types = [];
  for await (const { type } of session) types.push(type);
  assert.equal(types.at(0), "session.created");
  assert.equal(types.at(-1), "session.closed");
  assert.ok(types.includes("mood"));
});

test("settings are told before the audio, and what they were set to comes back", async () => {
  const session = await connect(url, { token, settings: { endpoint_silence_ms: 300, redact_text: true } });
  assert.equal(session.settings.endpoint_silence_ms, 300);
  assert.equal((await session.update({ mood_interval_ms: 500 })).mood_interval_ms, 500);
  await assert.rejects(session.update({ volume: 11 }), { name: "RefusedError", code: "invalid_setting" });
  session.close();
});

test("a setting that is refused at the opening closes the session", async () => {
  await assert.rejects(connect(url, { token, settings: { volume: 11 } }), RefusedError);
});

test("an utterance can be ended by hand", async () => {
  const session = await connect(url, { token });
  const ended = new Promise((resolve) => session.on("speech.ended", resolve));
  session.on("mood", () => session.commit());
  await session.send(speech.subarray(0, 24_000));
  assert.equal((await ended).cause, "commit");
  session.close();
});

test("after the end, and after hanging up, no more audio is taken", async () => {
  const session = await connect(url, { token });
  await session.finish();
  await assert.rejects(session.send(speech), LostError);
  const other = await connect(url, { token });
  other.close();
  await assert.rejects(other.closed, LostError);
});

test("who has no key is told so", async () => {
  await assert.rejects(connect(url, { token: "ut_wrong_key" }), { name: "RefusedError", code: "unauthorized", retryAfterS: null });
});

test("where nobody answers it is said so, with the address", async () => {
  await assert.rejects(connect("ws://127.0.0.1:9/ws/analyze"), (error) => error instanceof UnreachableError && /127\.0\.0\.1:9/.test(error.message));
});
