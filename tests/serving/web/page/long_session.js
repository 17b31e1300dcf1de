/** In place of the server: an hour of a session at once, 480 utterances, and then 20 more each time, as fast as nobody speaks. */
() => {
  const [EVERY_MS, MOOD_MS, SPOKEN_MS, AT_ONCE] = [7200, 250, 4000, 480];
  const sentiment = (seed) => {
    const raw = [Math.sin(seed) + 1.1, Math.sin(2.1 * seed) + 1.1, Math.sin(3.3 * seed) + 1.1];
    const [negative, neutral, positive] = raw.map((value) => value / (raw[0] + raw[1] + raw[2]));
    const label = ["negative", "neutral", "positive"][raw.indexOf(Math.max(...raw))];
    return { label, probabilities: { negative, neutral, positive } };
  };
  const verdict = (id, start_ms) => ({
    ...{ type: "utterance.final", utterance_id: id, start_ms, end_ms: start_ms + SPOKEN_MS },
    ...{ text: `This is utterance number ${id}, and it says what people say in one.`, text_sentiment: sentiment(id) },
    ...{ audio_sentiment: sentiment(id + 1), fused_sentiment: sentiment(id + 2), fused_score: Math.sin(id), alpha: 0.5 },
    ...{ abstain: id % 5 === 0, mode: "fused", reason: null, agreement: null, speech_rate_wpm: 150 },
    timings: { endpoint_wait_ms: 500, total_latency_ms: 80, asr_latency_ms: 60, text_latency_ms: 5 },
  });
  const messages = (id) => {
    const start_ms = (id - 1) * EVERY_MS;
    const moods = Array.from({ length: SPOKEN_MS / MOOD_MS }, (_, i) => i + 1).flatMap((i) => [
      { type: "mood", utterance_id: id, start_ms, end_ms: start_ms + i * MOOD_MS, audio_sentiment: sentiment(id + i / 8) },
      ...(i % 4 ? [] : [{ type: "transcript.partial", utterance_id: id, text: "This is what was heard so far ".repeat(i / 4) }]),
    ]);
    const started = { type: "speech.started", utterance_id: id, start_ms, speech_start_ms: start_ms };
    const ended = { type: "speech.ended", utterance_id: id, end_ms: start_ms + SPOKEN_MS, cause: "silence" };
    return [started, ...moods, ended, verdict(id, start_ms)];
  };
  globalThis.WebSocket = class extends EventTarget {
    bufferedAmount = 0;
    readyState = 0;
    last = AT_ONCE;
    constructor(url) {
      super();
      globalThis.simulated = this;
      this.url = url;
      setTimeout(() => this.begin(), 1);
    }
    begin() {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
      this.say({ type: "session.created", session_id: "s", settings: {}, asr: { engine: "faster-whisper", languages: ["en"] } });
    }
    send(data) {
      if (typeof data === "string" && JSON.parse(data).type === "session.update") this.say({ type: "session.updated", settings: {} });
      if (typeof data === "string" && JSON.parse(data).type === "session.finish") this.say({ type: "session.closed", reason: "finished" });
    }
    close() {
      this.readyState = 3;
      this.dispatchEvent(new Event("close"));
    }
    say(message) {
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
      if (message.type === "session.closed") setTimeout(() => this.close(), 0);
    }
    /** The hour, in pieces that let the screen breathe. */
    async hour() {
      for (let id = 1; id <= AT_ONCE; id += 1) {
        messages(id).forEach((message) => this.say(message));
        if (id % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
    /** 20 more utterances, two messages with each frame of the screen; returns the ms between two frames, sorted. */
    async more() {
      const left = Array.from({ length: 20 }, (_, i) => this.last + 1 + i).flatMap(messages);
      this.last += 20;
      const frames = [];
      let before = performance.now();
      while (left.length) {
        const now = await new Promise((resolve) => requestAnimationFrame(resolve));
        frames.push(now - before);
        before = now;
        left.splice(0, 2).forEach((message) => this.say(message));
      }
      return frames.slice(2).sort((a, b) => a - b);
    }
  };
}
