"""Samples as the files of a store have them: FLAC for all that was heard, WAV for an utterance; both lose nothing."""

from io import BytesIO

import numpy as np
import soundfile

from undertone.audio import RATE_HZ, Samples


def flac(pcm: bytes) -> bytes:
    """Return little-endian int16 at 16 kHz as a FLAC file."""
    return _written(np.frombuffer(pcm, "<i2").astype(np.int16, copy=False), "FLAC")


def wav(samples: Samples) -> bytes:
    """Return (n,) int16 at 16 kHz as a WAV file."""
    return _written(samples, "WAV")


def samples_of(data: bytes) -> Samples:
    """Return the samples (n,) of such a file; raises ValueError where it is none."""
    try:
        samples, rate_hz = soundfile.read(BytesIO(data), dtype="int16")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"no audio: {error}") from None
    if rate_hz != RATE_HZ or samples.ndim != 1:
        raise ValueError(f"{rate_hz} Hz, {samples.ndim} channels: not what a server records")
    return np.asarray(samples, np.int16)


def _written(samples: Samples, kind: str) -> bytes:
    file = BytesIO()
    soundfile.write(file, samples, RATE_HZ, format=kind, subtype="PCM_16")
    return file.getvalue()
