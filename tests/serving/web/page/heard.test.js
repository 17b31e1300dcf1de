import assert from "node:assert/strict";
import { test } from "node:test";
import { asCsv, asJson } from "../../../../serving/web/page/live/export.js";
import { Heard } from "../../../../serving/web/page/live/heard.js";
import { applied } from "../../../../serving/web/page/live/session_settings.js";
import { decibels } from "../../../../serving/web/page/live/listening.js";
import { firstFrom, moodAt } from "../../../../serving/web/page/ribbon/moods.js";
import { Tape } from "../../../../serving/web/page/audio/tape.js";
import { agreement, doubt, refusal, timingRows, weights } from "../../../../serving/web/page/view/phrases.js";
import { RefusedError, UnreachableError } from "../../../../serving/web/client/undertone.js";

const sentiment = (label, negative, neutral, positive) => ({ label, probabilities: { negative, neutral, positive } });
const final = (id, more = {}) => ({
  type: "utterance.final",
  utterance_id: id,
  start_ms: 1000 * id,
  end_ms: 1000 * id + 500,
  text: 'She said "no", twice',
  text_sentiment: sentiment("negative", 0.8, 0.1, 0.1),
  audio_sentiment: sentiment("neutral", 0.2, 0.7, 0.1),
  fused_sentiment: sentiment("negative", 0.6, 0.3, 0.1),
  fused_score: -0.5,
  alpha: 0.75,
  abstain: false,
  mode: "fused",
  reason: null,
  agreement: null,
  timings: { endpoint_wait_ms: 500, queue_latency_ms: null, total_latency_ms: 81.2 },
  ...more,
});
const started = (id) => ({ type: "speech.started", utterance_id: id, start_ms: 1000 * id, speech_start_ms: 1000 * id });
const mood = (id, start_ms, end_ms) => ({ type: "mood", utterance_id: id, start_ms, end_ms, audio_sentiment: sentiment("neutral", 0.2, 0.5, 0.3) });

test("moods lie one behind the other, and silence lies between utterances", () => {
  const heard = new Heard();
  [started(1), mood(1, 1000, 1250), mood(1, 1000, 1500), final(1), started(3), mood(3, 3000, 3250)].forEach((event) => heard.take(event));
  assert.deepEqual(heard.moods.map(({ startMs, endMs }) => [startMs, endMs]), [[1000, 1250], [1250, 1500], [3000, 3250]]);
  assert.equal(moodAt(heard.moods, 1300)?.endMs, 1500);
  assert.equal(moodAt(heard.moods, 2000), undefined);
  assert.deepEqual([firstFrom(heard.moods, 0), firstFrom(heard.moods, 1251), firstFrom(heard.moods, 9000)], [0, 1, 3]);
});

test("an utterance without a final is forgotten with its moods, since it is heard again", () => {
  const heard = new Heard();
  [started(1), mood(1, 1000, 1250), final(1), started(2), mood(2, 2000, 2250)].forEach((event) => heard.take(event));
  assert.deepEqual(heard.dropUnfinished().map(({ id }) => id), [2]);
  assert.deepEqual([heard.moods.length, heard.finals.length], [1, 1]);
  assert.deepEqual(heard.dropUnfinished(), []);
  assert.equal(heard.moods.length, 1);
});

test("the table has a row for each utterance, quoted as spreadsheets want it, and no formulas", () => {
  const rows = asCsv([final(1), final(2, { text: "=1+1", text_sentiment: null })]).split("\r\n");
  assert.match(rows[0], /^utterance_id,start_ms,end_ms,text,.*words_positive,voice_label,.*,total_latency_ms$/);
  assert.match(rows[1], /^1,1000,1500,"She said ""no"", twice",fused,,-0.5,0.75,,false,negative,0.6,0.3,0.1,negative,0.8,/);
  assert.match(rows[2], /,'=1\+1,fused,,-0.5,.*,,,,,neutral,/);
  assert.equal(rows[0].split(",").length, rows[2].split(",").length);
});

test("the JSON has what was told: sessions, utterances, totals", () => {
  const heard = new Heard();
  [{ type: "began", created: { session_id: "s", resume: { secret: "x" } }, settings: {} }, started(1), final(1)].forEach((event) => heard.take(event));
  const file = JSON.parse(asJson(heard, new Date(0)));
  assert.deepEqual([file.exported, file.sessions[0].session_id, file.utterances[0].text], ["1970-01-01T00:00:00.000Z", "s", final(1).text]);
  assert.equal(JSON.stringify(file).includes("secret"), false);
  assert.deepEqual(file.totals, { utterances: 1, counts: { negative: 1, neutral: 0, positive: 0 }, doubtful: 0, speechMs: 500, meanScore: -0.5 });
});

test("the tape gives back an utterance, and forgets what nobody asks for", () => {
  const tape = new Tape(4 * 1600);
  for (let i = 0; i < 10; i += 1) tape.add(new Int16Array(1600).fill(i));
  assert.deepEqual([tape.ms, tape.startMs], [1000, 0]);
  tape.cut(1, 250, 350);
  assert.deepEqual([tape.utterance(1)?.length, tape.utterance(1)?.[0], tape.utterance(1)?.at(-1)], [1600, 2, 3]);
  assert.equal(tape.startMs, 300);
  assert.deepEqual([tape.between(950).length, tape.between(950)[0]], [800, 9]);
  tape.cut(2, 400, 500);
  tape.cut(3, 600, 700);
  assert.deepEqual([tape.utterance(1), tape.utterance(3)?.[0]], [undefined, 6]);
  tape.forget(tape.ms);
  assert.equal(tape.startMs, 1000);
});

test("a verdict is said in words", () => {
  assert.equal(agreement(final(1, { agreement: true })), "Words and voice say the same.");
  assert.match(agreement(final(1, { mode: "audio_only", reason: "overload" })), /too busy for the words/);
  assert.equal(doubt(final(1)), null);
  assert.match(doubt(final(1, { abstain: true, agreement: false })), /while words and voice disagree/);
  assert.match(doubt(final(1, { abstain: true, mode: "audio_only", reason: "hallucination" })), /nobody spoke/);
  assert.deepEqual(weights(final(1)), { words: 0.75, voice: 0.25 });
  assert.deepEqual(weights(final(1, { mode: "audio_only", alpha: 0 })), { words: 0, voice: 1 });
  assert.deepEqual(timingRows(final(1).timings).map(([, ms]) => ms), [500, 81.2]);
});

test("an error is said for whoever has to do something about it", () => {
  assert.match(refusal(new RefusedError({ code: "server_full", message: "" })), /places .* are taken/);
  assert.match(refusal(new RefusedError({ code: "new_code", message: "of later" })), /The server says: of later/);
  assert.match(refusal(new UnreachableError("")), /does not answer/);
});

test("what a server cannot do is left out, and told", async () => {
  const session = {
    created: { asr: { engine: "faster-whisper" } },
    set: {},
    async update(settings) {
      if ("partials" in settings) throw new RefusedError({ code: "invalid_setting", message: "no partials here" });
      Object.assign(this.set, settings);
    },
  };
  assert.deepEqual(await applied(session, { partials: true, language: "en" }), ["no partials here"]);
  assert.deepEqual(session.set, { language: "en" });
  session.created.asr.engine = "none";
  assert.deepEqual(await applied(session, { partials: true }), []);
});

test("a level is in decibels under full scale", () => {
  assert.ok(Math.abs(decibels(Float32Array.of(0.1, -0.1)) + 20) < 1e-3);
  assert.equal(Math.round(decibels(new Float32Array(8))), -100);
});
