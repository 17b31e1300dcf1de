import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers } from "../../../../serving/web/client/answers.js";
import { Backoff, Pause } from "../../../../serving/web/client/backoff.js";
import { address, protocols } from "../../../../serving/web/client/connection.js";
import { Events } from "../../../../serving/web/client/events.js";
import { Pcm } from "../../../../serving/web/client/samples.js";
import { Unacknowledged } from "../../../../serving/web/client/unacknowledged.js";

test("tries come ever later, up to 8 s, and a half of each wait is left to chance", () => {
  const latest = new Backoff(() => 1);
  assert.deepEqual(Array.from({ length: 7 }, () => latest.next()), [250, 500, 1000, 2000, 4000, 8000, 8000]);
  const soonest = new Backoff(() => 0);
  assert.deepEqual([soonest.next(), soonest.next()], [125, 250]);
  soonest.reset();
  assert.equal(soonest.next(), 125);
});

test("a pause can be cut short, to go on or not", async () => {
  const [skipped, cancelled] = [new Pause(60_000), new Pause(60_000)];
  skipped.skip();
  cancelled.cancel();
  assert.deepEqual(await Promise.all([skipped.over, cancelled.over, new Pause(1).over]), [true, false, true]);
});

test("audio that is not acknowledged can be sent again from any sample", () => {
  const sent = new Unacknowledged();
  for (const first of [0, 4, 8]) sent.add(Int16Array.of(first, first + 1, first + 2, first + 3), true);
  const again = (first) => sent.from(first)?.flatMap((piece) => [...piece]) ?? null;
  assert.deepEqual(again(6), [6, 7, 8, 9, 10, 11]);
  sent.forget(6);
  assert.equal(sent.pending, 6);
  assert.deepEqual(again(7), [7, 8, 9, 10, 11]);
  assert.equal(again(5), null);
  sent.forget(12);
  assert.deepEqual(again(12), []);
});

test("a message is sent again in its place between the audio, as long as that is not behind", () => {
  const [sent, commit, finish] = [new Unacknowledged(), { type: "utterance.commit" }, { type: "session.finish" }];
  for (const each of [Int16Array.of(0, 1), commit, Int16Array.of(2, 3), finish]) sent.add(each, true);
  sent.forget(2);
  assert.deepEqual(sent.from(2), [commit, Int16Array.of(2, 3), finish]);
  assert.deepEqual(sent.from(3), [Int16Array.of(3), finish]);
  sent.forget(4);
  assert.deepEqual(sent.from(4), [finish]);
});

test("audio is only counted where nobody could ask for it again", () => {
  const sent = new Unacknowledged();
  sent.add(new Int16Array(5), false);
  assert.deepEqual([sent.total, sent.pending], [5, 0]);
});

test("an address of a page is one of a socket, and names the session that is taken up again", () => {
  assert.equal(address("https://a.example/under/ws/analyze"), "wss://a.example/under/ws/analyze");
  assert.equal(address("ws://a.example/ws/analyze?x=1", "s 1"), "ws://a.example/ws/analyze?x=1&resume=s+1");
});

test("a key is shown as a subprotocol, and one that cannot be is refused before anything is sent", () => {
  assert.deepEqual(protocols("a.b-c"), ["undertone", "undertone.key.a.b-c"]);
  assert.deepEqual(protocols(""), ["undertone"]);
  assert.throws(() => protocols("two words"), { name: "RefusedError", code: "unauthorized" });
});

test("events are kept until they are read, and an end with a reason is told to the reader", async () => {
  const events = new Events();
  events.emit({ type: "a" });
  events.emit({ type: "b" });
  events.end(new Error("lost"));
  const reader = events.read();
  assert.equal((await reader.next()).value.type, "a");
  assert.equal((await reader.next()).value.type, "b");
  await assert.rejects(reader.next(), /lost/);
});

test("a listener hears its type, or all; nothing is kept beside it", () => {
  const events = new Events();
  const heard = [];
  const end = events.on("mood", (event) => heard.push(event.n));
  events.on("*", (event) => heard.push(event.type));
  events.emit({ type: "mood", n: 1 });
  events.emit({ type: "connection" }, true);
  end();
  events.emit({ type: "mood", n: 2 });
  assert.deepEqual(heard, [1, "mood", "mood"]);
});

test("a commit that the server has taken is not sent again", () => {
  const [sent, first, second] = [new Unacknowledged(), { type: "utterance.commit", n: 1 }, { type: "utterance.commit", n: 2 }];
  for (const each of [Int16Array.of(0, 1), first, Int16Array.of(2, 3), second]) sent.add(each, true);
  sent.committed();
  assert.deepEqual(sent.from(2), [Int16Array.of(2, 3), second]);
});

test("a reader misses nothing where somebody listens besides, from whenever on", async () => {
  const [events, read] = [new Events(), []];
  const reading = (async () => {
    for await (const { type } of { [Symbol.asyncIterator]: () => events.read() }) {
      read.push(type);
      if (type === "one") events.on("other", () => {});
      await new Promise((settled) => setTimeout(settled, 1));
    }
  })();
  await null;
  events.on("two", () => {});
  for (const type of ["one", "two", "three", "four"]) events.emit({ type });
  events.end();
  await reading;
  assert.deepEqual(read, ["one", "two", "three", "four"]);
});

test("who stopped reading and only listens from then on is kept nothing for", async () => {
  const events = new Events();
  events.emit({ type: "one" });
  for await (const { type } of { [Symbol.asyncIterator]: () => events.read() }) if (type === "one") break;
  events.on("two", () => {});
  events.emit({ type: "two" });
  events.end();
  assert.equal((await events.read().next()).done, true);
});

test("a listener that fails stops neither the others nor who emits", async () => {
  const [events, heard, thrown] = [new Events(), [], []];
  globalThis.reportError = (error) => thrown.push(error.message); // as browsers have it
  events.on("one", () => {
    throw new Error("of the page");
  });
  events.on("one", ({ type }) => heard.push(type));
  events.emit({ type: "one" });
  assert.deepEqual([heard, thrown], [["one"], ["of the page"]]);
});

test("each of two that wait in turn has an answer of its own, others the first that fits", async () => {
  const answers = new Answers();
  const [first, second] = [answers.next(({ n }) => n > 0, true), answers.next(({ n }) => n > 0, true)];
  const beside = answers.next(({ n }) => n > 0);
  answers.offer({ n: 1 });
  answers.offer({ n: 2 });
  assert.deepEqual((await Promise.all([first, second, beside])).map(({ n }) => n), [1, 2, 1]);
});

test("a rate that cannot be is refused, and the next one taken", () => {
  const pcm = new Pcm();
  assert.throws(() => pcm.push(new Int16Array(10), 0));
  assert.equal(pcm.push(new Int16Array(480), 16_000).length, 480);
});
