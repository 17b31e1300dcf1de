/** A server that keeps a session over cuts, and the sockets to it: what is on the way at a cut is lost, both ways. */

const EVENT_SAMPLES = 800; // an event for each so many samples heard
const ACK_SAMPLES = 4000;

export class FakeServer {
  /** @param {() => number} chance @param {{refuse?: string}} [options] */
  constructor(chance, options = {}) {
    this.chance = chance;
    this.refuse = options.refuse;
    this.heard = [];
    this.log = []; // every message, in the order of its seq
    this.secrets = 0;
    this.connections = 0;
    this.finished = false;
    const server = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(server, url, protocols);
      }
    };
  }

  get secret() {
    return `secret-${this.secrets}`;
  }

  /** Say something with the next number, on the socket that there is. */
  say(message) {
    this.log.push({ ...message, seq: this.log.length + 1 });
    this.socket?.deliver(this.log.at(-1));
  }

  opened(socket) {
    this.connections += 1;
    const resume = new URL(socket.url).searchParams.get("resume");
    if (resume) return;
    this.socket = socket;
    this.say({ type: "session.created", session_id: "s1", settings: {}, resume: { secret: this.secret, within_s: 30 } });
  }

  told(socket, message) {
    if (message.type === "session.resume") return this.resume(socket, message);
    if (message.type === "session.finish") this.finish();
  }

  resume(socket, { session_id: id, secret, after_seq: after }) {
    const isKnown = secret === this.secret || (secret === this.before && !this.socket); // its answer was lost
    if (this.refuse || id !== "s1" || !isKnown) {
      socket.deliver({ type: "error", code: this.refuse ?? "resume_refused", message: "not this one", fatal: true });
      return socket.cut();
    }
    this.before = secret;
    this.secrets += 1;
    this.socket = socket;
    for (const missed of this.log.slice(after)) socket.deliver(withoutSecret(missed));
    this.say({ type: "session.resumed", session_id: "s1", samples: this.heard.length, resume: { secret: this.secret, within_s: 30 } });
  }

  hear(socket, samples) {
    if (socket !== this.socket) return;
    for (const sample of samples) {
      this.heard.push(sample);
      if (this.heard.length % ACK_SAMPLES === 0) this.say({ type: "audio.ack", samples: this.heard.length });
      if (this.heard.length % EVENT_SAMPLES === 0) this.say({ type: "utterance.final", at: this.heard.length });
    }
  }

  finish() {
    if (!this.finished) this.say({ type: "session.closed", reason: "finished", heard: this.heard.length });
    this.finished = true;
    this.socket?.end();
  }
}

/** What was told of an earlier resumption, told again: the acknowledgement in it, since its secret is old. */
function withoutSecret(message) {
  const { type, seq, samples } = message;
  return type === "session.resumed" ? { type: "audio.ack", seq, samples } : message;
}

class FakeSocket extends EventTarget {
  constructor(server, url, protocols) {
    super();
    [this.server, this.url, this.protocols, this.readyState, this.bufferedAmount] = [server, url, protocols, 0, 0];
    this.way = Promise.resolve(); // one message after the other, none at once
    this.later(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
      server.opened(this);
    });
  }

  send(data) {
    const copy = typeof data === "string" ? JSON.parse(data) : data.slice();
    this.later(() => (copy instanceof Int16Array ? this.server.hear(this, copy) : this.server.told(this, copy)));
  }

  deliver(message) {
    const data = JSON.stringify(message);
    this.later(() => this.dispatchEvent(Object.assign(new Event("message"), { data })));
  }

  /** The network is gone: nothing that is on its way arrives. */
  cut() {
    setTimeout(() => this.close(), 1);
  }

  end() {
    this.later(() => this.close());
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (this.server.socket === this) this.server.socket = null;
    setTimeout(() => this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" })), 0);
  }

  later(act) {
    this.way = this.way.then(() => new Promise((resolve) => setImmediate(resolve))).then(() => this.readyState !== 3 && act());
  }
}
