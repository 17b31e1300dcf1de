"""Recordings of every kind for tests, made in Python: libsndfile writes what it can, PyAV the rest."""

import io

import av
import numpy as np
import soundfile

from undertone.audio_file import decoded

# name -> (format, codec, rate) of what PyAV writes.
BY_PYAV = {
    "m4a": ("mp4", "aac", 44_100),
    "webm": ("webm", "libopus", 48_000),
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "aac": ("adts", "aac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "mp3 without a length": ("mp3", "libmp3lame", 44_100),
    "mkv": ("matroska", "flac", 44_100),
    "3gp": ("3gp", "libopencore_amrnb", 8_000),
}
# name -> (format, subtype, rate) of what libsndfile writes.
BY_LIBSNDFILE = {
    "wav": ("WAV", "PCM_16", 44_100),
    "wav 24": ("WAV", "PCM_24", 44_100),
    "wav u8": ("WAV", "PCM_U8", 8_000),
    "wav mu-law": ("WAV", "ULAW", 8_000),
    "wav float": ("WAV", "FLOAT", 44_100),
    "wav extensible": ("WAVEX", "PCM_16", 44_100),
    "rf64": ("RF64", "PCM_16", 44_100),
    "w64": ("W64", "PCM_16", 44_100),
    "aiff": ("AIFF", "PCM_16", 44_100),
    "au": ("AU", "PCM_16", 44_100),
    "caf": ("CAF", "PCM_16", 44_100),
    "flac": ("FLAC", "PCM_16", 44_100),
    "vorbis": ("OGG", "VORBIS", 44_100),
    "opus": ("OGG", "OPUS", 48_000),
}
KINDS = [*BY_LIBSNDFILE, *BY_PYAV]


class _Pipe:
    """What cannot seek: a header written into it stays as it is."""

    def __init__(self):
        self.content = bytearray()

    def write(self, data):
        self.content += bytes(data)
        return len(data)


def sounding(seconds, rate_hz):
    """Return a tone that comes and goes over a little noise, so that no frame is like another."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    swell = 0.3 + 0.2 * np.sin(2 * np.pi * 1.7 * time_s)
    noise = np.random.default_rng(0).normal(0, 0.01, len(time_s))
    return swell * np.sin(2 * np.pi * 440 * time_s) + noise


def recording(kind, seconds=4.0):
    """Return the bytes of a recording of `kind`, one of `KINDS`, with one channel."""
    if kind in BY_LIBSNDFILE:
        format, subtype, rate_hz = BY_LIBSNDFILE[kind]
        return written(sounding(seconds, rate_hz), rate_hz, format, subtype)
    format, codec, rate_hz = BY_PYAV[kind]
    bare = {"write_xing": "0", "id3v2_version": "0"} if kind == "mp3 without a length" else {}
    return encoded(sounding(seconds, rate_hz), rate_hz, format, codec, bare)


def written(samples, rate_hz, format="WAV", subtype="PCM_16"):
    """Return `samples`, (frames,) or (frames, channels), as libsndfile writes them."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=format, subtype=subtype)
    return buffer.getvalue()


def encoded(samples, rate_hz, format, codec, options=None, seekable=True, quality=None):
    """Return `samples`, (frames,), as PyAV writes them; with `quality` the bit rate varies."""
    file = io.BytesIO() if seekable else _Pipe()
    with av.open(file, "w", format=format, options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="mono")
        if quality is not None:
            stream.codec_context.flags |= av.codec.context.Flags.qscale
            stream.codec_context.global_quality = quality * 118  # FF_QP2LAMBDA
        frame = av.AudioFrame.from_ndarray(np.int16(32_767 * samples)[None], format="s16", layout="mono")
        frame.sample_rate = rate_hz
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            if packet.size:
                container.mux(packet)
    return file.getvalue() if seekable else bytes(file.content)


def heard(content, folder, max_s=float("inf")):
    """Return what is heard of `content`, (samples,) int16 at 16 kHz, and its notes as {code: at_ms}."""
    path, notes = folder / "recording", []
    path.write_bytes(content)
    samples = np.concatenate(list(decoded(path, "recording", max_s, notes)))
    return samples, {note.code: note.at_ms for note in notes}
