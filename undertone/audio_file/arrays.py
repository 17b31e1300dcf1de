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
    low, high = RATES_HZ
    if not low <= rate_hz <= high:
        raise ValueError(f"a sample rate of {rate_hz} Hz; {low} to {high} can be heard")
    if samples.ndim not in (1, 2) or 0 in samples.shape[1:] or samples.dtype.kind not in "if":
        raise ValueError(f"samples are (n,) or (n, channels), int or float, not {samples.dtype} of {samples.shape}")
    if not np.isfinite(samples).all():
        raise ValueError("samples must be finite numbers")
    scale = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max) + 1.0
    channels = samples[:, None] if samples.ndim == 1 else samples
    yield from _on_the_wire((channels / scale).astype(np.float32), rate_hz)


def _on_the_wire(channels: NDArray[np.float32], rate_hz: int) -> Iterator[Samples]:
    form = WireForm(Sound(rate_hz, channels))
    for start in range(0, len(channels), rate_hz):
        yield form.take(channels[start : start + rate_hz])
    yield form.end()
