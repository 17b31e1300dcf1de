"""Samples in memory, as another library decoded or recorded them, in the form of the wire."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.audio import Samples
from undertone.audio_file.decoding import RATES_HZ
from undertone.audio_file.sound import Sound
from undertone.audio_file.wire import WireForm


def from_array(samples: NDArray[Any], rate_hz: int) -> Iterator[Samples]:
    """Yield samples (n,) or (n, channels) at `rate_hz` as `blocks` yields the file that they were read from.

    Integers have the scale of their type, floats lie in [-1, 1].

    Raises:
        ValueError: another shape or type, samples that are not finite numbers, or a rate outside 1000 to 768000 Hz.
    """
    sound = as_sound(samples, rate_hz)
    form = WireForm(sound)
    for start in range(0, len(sound.block), rate_hz):
        yield form.take(sound.block[start : start + rate_hz])
    yield form.end()


def as_sound(samples: NDArray[Any], rate_hz: int) -> Sound:
    """Return samples as `from_array` takes them as one sound; raises ValueError as there."""
    low, high = RATES_HZ
    if not low <= rate_hz <= high:
        raise ValueError(f"a sample rate of {rate_hz} Hz; {low} to {high} can be heard")
    if samples.ndim not in (1, 2) or 0 in samples.shape[1:] or samples.dtype.kind not in "if":
        raise ValueError(f"samples are (n,) or (n, channels), int or float, not {samples.dtype} of {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError("samples must be finite numbers")
    scale = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max) + 1.0
    channels = samples[:, None] if samples.ndim == 1 else samples
    return Sound(rate_hz, (channels / scale).astype(np.float32))
