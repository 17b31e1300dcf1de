import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../../../serving/web/client/undertone.js";
import { FakeServer } from "./fake_server.js";

/** Numbers from 0 to 1, always the same. */
function seeded(seed) {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const SPEECH = Int16Array.from({ length: 20_000 }, (_, i) => i % 32_000);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function conversation(server, cutsAt = []) {
  const session = await connect("ws://a.example/ws/analyze", { WebSocket: server.WebSocket });
  const finals = [];
  const states = [];
  session.on("utterance.final", ({ at }) => finals.push(at));
  session.on("connection", ({ state }) => {
    states.push(state);
    if (state === "waiting") session.retryNow();
  });
  for (let first = 0; first < SPEECH.length; first += 500) {
    session.send(SPEECH.subarray(first, first + 500));
    if (cutsAt.includes(first)) server.socket?.close();
    await pause(0);
  }
  const finished = session.finish();
  if (cutsAt.includes(SPEECH.length)) server.socket?.close();
  return { session, finals, states, end: await finished };
}

test("a session that is cut at 50 moments tells the same, once and in order, and the server misses no sample", async () => {
  const whole = await conversation(new FakeServer(seeded(1)));
  for (let seed = 1; seed <= 50; seed += 1) {
    const chance = seeded(7919 * seed);
    const cutsAt = Array.from({ length: 1 + Math.floor(3 * chance()) }, () => 500 * Math.floor(41 * chance()));
    const server = new FakeServer(chance);
    const { finals, end } = await conversation(server, cutsAt);
    assert.deepEqual(finals, whole.finals, `cut at ${cutsAt}`);
    assert.deepEqual(server.heard, [...SPEECH], `cut at ${cutsAt}`);
    assert.equal(end.heard, SPEECH.length);
    assert.ok(server.connections > 1, `cut at ${cutsAt}`);
  }
});

test("what becomes of the connection is told", async () => {
  const { states } = await conversation(new FakeServer(seeded(3)), [5000]);
  assert.deepEqual([states[0], states.at(-1)], ["lost", "open"]);
});

test("where the server refuses to take it up again, the reason is told and it is not tried again", async () => {
  const server = new FakeServer(seeded(5), { refuse: "resume_refused" });
  await assert.rejects(conversation(server, [5000]), { name: "RefusedError", code: "resume_refused" });
  assert.equal(server.connections, 2);
});

test("a server that keeps no sessions loses them with the connection", async () => {
  const server = new FakeServer(seeded(6));
  const created = server.say.bind(server);
  server.say = (message) => created(message.type === "session.created" ? { ...message, resume: null } : message);
  await assert.rejects(conversation(server, [5000]), { name: "LostError" });
  assert.equal(server.connections, 1);
});
