// @ts-check
/** Live audio of a microphone, or of a tab or the system, as pieces of mono floats. */

/** It cannot be heard; `reason` is one of the subjects of CAPTURE in phrases.js. */
export class CaptureError extends Error {
  /** @param {string} reason @param {unknown} [cause] */
  constructor(reason, cause) {
    super(`no audio: ${reason}`, { cause });
    this.reason = reason;
  }
}

// As it is spoken: what makes calls pleasant takes away what feelings sound like.
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const DENIED = ["NotAllowedError", "SecurityError"];
/** @type {Record<string, string>} */
const REASONS = {
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
};

/** Whether this browser can share the sound of a tab or of the system. */
export const canShare = Boolean(globalThis.navigator?.mediaDevices?.getDisplayMedia);

/** @param {string} deviceId "" for the one that the browser prefers */
export function microphone(deviceId) {
  const device = deviceId ? { deviceId: { exact: deviceId } } : {};
  return asked((media) => media.getUserMedia({ audio: { ...PLAIN, ...device } }), "refused");
}

/** A tab or the system; the browser asks which. Its picture is dropped at once. */
export async function shared() {
  const stream = await asked((media) => media.getDisplayMedia({ video: true, audio: PLAIN }), "unshared");
  for (const track of stream.getVideoTracks()) track.enabled = false; // stopping it would end the sound
  if (stream.getAudioTracks().length) return stream;
  stop(stream);
  throw new CaptureError("silent_share");
}

/** @param {(media: MediaDevices) => Promise<MediaStream>} ask @param {string} denied the reason where the user says no */
async function asked(ask, denied) {
  if (!navigator.mediaDevices || !globalThis.AudioWorkletNode) throw new CaptureError("insecure");
  try {
    return await ask(navigator.mediaDevices);
  } catch (error) {
    const { name } = /** @type {Error} */ (error);
    throw new CaptureError(DENIED.includes(name) ? denied : (REASONS[name] ?? "failed"), error);
  }
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

export class Capture {
  /**
   * @param {MediaStream} stream
   * @param {(samples: Float32Array, rateHz: number) => void} heard
   * @param {() => void} ended called when the source ends by itself: unplugged, or no longer shared
   */
  constructor(stream, heard, ended) {
    this.#stream = stream;
    this.#heard = heard;
    stream.getAudioTracks()[0].addEventListener("ended", ended);
  }

  #stream;
  #heard;
  #context = new AudioContext();
  /** Silence takes the place of what is heard: while an utterance is played back. */
  muted = false;

  /** Begin to hear. */
  async start() {
    const context = this.#context;
    await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url)).catch((error) => {
      throw new CaptureError("unloaded", error);
    });
    const gatherer = new AudioWorkletNode(context, "gatherer", { numberOfOutputs: 0 });
    gatherer.port.onmessage = ({ data }) => this.#heard(this.muted ? data.fill(0) : data, context.sampleRate);
    context.createMediaStreamSource(this.#stream).connect(gatherer);
    await context.resume();
  }

  /** Give the microphone back. */
  stop() {
    stop(this.#stream);
    this.#context.close();
  }
}
