"""espeak-ng, which speaks many languages: not like a person, but always the same."""

import io
import subprocess

import numpy as np
import soundfile
import soxr

from undertone.audio import RATE_HZ, Samples


def speak(text: str, *options: str) -> Samples:
    """Return `text` as espeak-ng says it with `options`, (samples,) int16 at 16 kHz."""
    command = ["espeak-ng", *options, "--stdout", text]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    sound, rate_hz = soundfile.read(io.BytesIO(wav))
    return np.rint(soxr.resample(sound, rate_hz, RATE_HZ) * 32767).clip(-32768, 32767).astype(np.int16)
