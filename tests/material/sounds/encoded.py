"""Audio as browsers and telephones send it, made by FFmpeg's encoders."""

import io

import av
import numpy as np
import soxr

from undertone.audio import RATE_HZ, Samples

CONTAINERS = {"ogg_opus": "ogg", "webm_opus": "webm"}
TELEPHONE = ("pcm_mulaw", "pcm_alaw")
ENCODED = (*TELEPHONE, *CONTAINERS)


def encoded(samples: Samples, encoding: str, bit_rate: int = 32_000) -> bytes:
    """Return (n,) or (n, channels) int16 samples at 16 kHz in `encoding`."""
    sound = samples.reshape(len(samples), -1)
    if encoding in TELEPHONE:
        return b"".join(frames_of(encoding, 8000, resampled(sound, 8000).reshape(-1, 1)))
    return opus(sound, CONTAINERS[encoding], bit_rate)


def opus(sound: Samples, container: str, bit_rate: int) -> bytes:
    """Return (n, channels) samples at 16 kHz as Opus in a container that is written to a stream."""
    written, layout = io.BytesIO(), "mono" if sound.shape[1] == 1 else "stereo"
    options = {"page_duration": "20000"} if container == "ogg" else {"cluster_time_limit": "100", "live": "1"}
    with av.open(written, "w", format=container, options=options) as output:
        stream = output.add_stream("libopus", rate=48_000, layout=layout)
        stream.bit_rate = bit_rate
        for frame in frames(resampled(sound, 48_000), 48_000, 960):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return written.getvalue()


def frames_of(codec: str, rate_hz: int, sound: Samples) -> list[bytes]:
    """Return the packets that `codec` makes of (n, 1) samples."""
    context = av.AudioCodecContext.create(codec, "w")
    context.sample_rate, context.layout, context.format = rate_hz, "mono", "s16"
    return [bytes(packet) for frame in frames(sound, rate_hz, len(sound)) for packet in context.encode(frame)]


def frames(sound: Samples, rate_hz: int, length: int) -> list[av.AudioFrame]:
    """Return (n, channels) samples in frames of `length`, the last one shorter."""
    layout, made = "mono" if sound.shape[1] == 1 else "stereo", []
    for start in range(0, len(sound), length):
        frame = av.AudioFrame.from_ndarray(sound[start : start + length].reshape(1, -1), "s16", layout)
        frame.sample_rate, frame.pts = rate_hz, start
        made.append(frame)
    return made


def resampled(sound: Samples, rate_hz: int) -> Samples:
    """Return (n, channels) samples at another rate."""
    heard = soxr.resample(sound / 32768, RATE_HZ, rate_hz)
    return np.rint(heard * 32767).clip(-32768, 32767).astype(np.int16)
