// Behind a network that breaks: UNDERTONE_URL is a proxy that cuts; the finals are compared outside with those without.
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { connect } from "../../../../serving/web/client/undertone.js";

const { UNDERTONE_URL: url, UNDERTONE_PCM: file, UNDERTONE_FINALS: told } = process.env;
const bytes = readFileSync(file);
const speech = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

test("a conversation is heard to its end over as many connections as it takes", async () => {
  const session = await connect(url);
  const finals = [];
  session.on("utterance.final", (final) => finals.push(final));
  session.on("connection", () => session.retryNow());
  for (let first = 0; first < speech.length; first += 1600) await session.send(speech.subarray(first, first + 1600));
  await session.finish();
  writeFileSync(told, JSON.stringify(finals));
});
