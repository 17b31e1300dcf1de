// @ts-check
/** Puts the page together: the button, the source, the ribbon, the utterances, the settings. */

import { CAPTURE, refusal } from "./view/phrases.js";
import { Feed } from "./view/feed.js";
import { Listening } from "./live/listening.js";
import { Meter } from "./controls/meter.js";
import { Notices } from "./controls/notices.js";
import { Outcome } from "./view/outcome.js";
import { Player } from "./audio/player.js";
import { Ribbon } from "./ribbon/ribbon.js";
import { Settings } from "./controls/settings.js";
import { Sources } from "./controls/sources.js";
import { Status } from "./controls/status.js";
import { byId } from "./view/dom.js";
import { decoded } from "./audio/recording.js";
import { droppable } from "./controls/drop.js";
import { introduce } from "./controls/intro.js";
import { microphone, shared } from "./audio/capture.js";
import { themed } from "./controls/theme.js";

const SUBJECTS = ["capture", "server", "file", "settings", "words"]; // of notices that a new start makes old

const notices = new Notices(byId("notices"));
const settings = new Settings(byId("settings"), byId("settings-form"));
const sources = new Sources(byId("source"));
const status = new Status({ pill: byId("state"), time: byId("time"), button: byId("listen"), names: [byId("listen-name"), byId("doing")] }, notices);
const meter = new Meter(byId("stage"), byId("level"), (isQuiet) =>
  isQuiet ? notices.say("quiet", "Nothing is heard. Is the source muted?", "note") : notices.drop("quiet"),
);
const player = new Player();
const listening = new Listening({ event: take, level, progress });
const feed = new Feed(
  { list: byId("utterances"), count: byId("count"), empty: byId("empty"), earlier: byId("earlier"), spoken: byId("spoken") },
  { has: (id) => Boolean(listening.tape.utterance(id)), toggle: play },
  () => listening.heard.utterances,
);
const ribbon = new Ribbon(
  { frame: byId("ribbon"), canvas: byId("ribbon-canvas"), tip: byId("tip"), legend: byId("legend") },
  () => ({ moods: listening.heard.moods, utterances: listening.heard.utterances.values(), nowMs: listening.tape.ms }),
  (ms) => revealAt(ms),
);
const outcome = new Outcome(byId("outcome"), () => listening.heard, { reveal: (id) => feed.reveal(id), clear });
let isStarting = false;

/** @param {any} event @param {any} utterance */
function take(event, utterance) {
  if (event.type === "state") status.show(event);
  else if (event.type === "began") begun(event);
  else if (event.type === "dropped") feed.drop(utterance.id);
  else if (event.type === "failed") failed(event.error);
  else if (event.type === "over") over();
  else if (event.type === "unplugged") notices.say("capture", CAPTURE.unplugged, "note");
  else if (event.type === "error" && !event.fatal) notices.say("server", `The server says: ${event.message}`, "note");
  if (utterance && event.type !== "mood" && event.type !== "dropped") feed.show(utterance);
  ribbon.redraw();
}

/** @param {any} event */
function begun({ created, refused }) {
  settings.offer(created.asr.languages ?? []);
  sources.refresh();
  if (created.asr.engine === "none") notices.say("words", "This server has no speech recognition: only the voice is judged.", "note");
  if (refused.length) notices.say("settings", `This server cannot do all that is set: ${refused.join("; ")}.`, "note");
}

/** @param {any} error */
function failed(error) {
  if (error.reason) return notices.say("capture", CAPTURE[error.reason] ?? CAPTURE.failed);
  notices.say("server", refusal(error));
  if (error.code === "unauthorized") settings.open("token");
}

function over() {
  status.show({ state: "idle" });
  meter.rest();
  byId("progress").hidden = true;
  outcome.show();
}

/** @param {number} db */
function level(db) {
  meter.show(db);
  status.heard(listening.tape.ms);
  ribbon.redraw();
}

/** @param {number | null} share */
function progress(share) {
  byId("progress").hidden = share === null;
  byId("progress").value = share ?? 0;
  status.heard(listening.tape.ms);
}

/** @param {number} id @param {HTMLElement} button */
function play(id, button) {
  const wasThis = button.getAttribute("aria-pressed") === "true";
  player.stop();
  const samples = listening.tape.utterance(id);
  if (wasThis || !samples) return;
  button.setAttribute("aria-pressed", "true");
  listening.mute(true);
  player.play(samples, () => {
    button.setAttribute("aria-pressed", "false");
    listening.mute(false);
  });
}

/** @param {number} ms */
function revealAt(ms) {
  const found = [...listening.heard.utterances.values()].find(({ startMs, endMs }) => startMs <= ms && (endMs ?? Infinity) >= ms);
  if (found) feed.reveal(found.id);
}

function clear() {
  player.stop();
  listening.clear();
  feed.clear();
  outcome.hide();
  status.heard(0);
  ribbon.redraw();
}

/** Begin once, however often it is pressed. @param {() => Promise<void>} begin */
async function start(begin) {
  if (isStarting || listening.isOn || listening.isFinishing) return;
  isStarting = true;
  notices.drop(...SUBJECTS);
  outcome.hide();
  await begin().catch((error) => failed(error));
  isStarting = false;
  if (!listening.isOn && !listening.isFinishing) outcome.show();
}

function place() {
  return { url: new URL("ws/analyze", document.baseURI), token: settings.token, settings: settings.session };
}

async function listen() {
  const stream = await (sources.isShared ? shared() : microphone(sources.device));
  isStarting = false; // from here on a press stops it
  const live = listening.live(stream, place());
  listening.mute(player.isPlaying);
  await live;
}

/** @param {File} file */
async function hear(file) {
  const samples = await decoded(file).catch((error) => notices.say("file", `${file.name}: ${error.message}.`));
  if (!samples) return;
  isStarting = false;
  await listening.recording(samples, place());
}

byId("listen").addEventListener("click", () => {
  if (listening.isOn) listening.stop();
  else if (listening.isFinishing) listening.abandon();
  else start(listen);
});
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", () => {
  const [file] = byId("file").files;
  byId("file").value = "";
  if (file) start(() => hear(file));
});
byId("open-settings").addEventListener("click", () => settings.open());
for (const button of document.querySelectorAll("input[name=span]")) {
  button.addEventListener("change", () => (ribbon.isWhole = byId("span-whole").checked));
}
addEventListener("online", () => listening.retryNow());
addEventListener("beforeunload", (event) => listening.isOn && event.preventDefault());
droppable(byId("veil"), (file) => start(() => hear(file)));
themed(byId("theme"), () => ribbon.recolour());
introduce(byId("about"), byId("about-close"), byId("about-open"));
status.show({ state: "idle" });
document.documentElement.dataset.ready = "true";
