"""Samples as a program has them become what the wire carries, piece by piece, as if they were one array."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples
from undertone.audio_file.arrays import as_sound
from undertone.audio_file.wire import WireForm

Audio = bytes | bytearray | memoryview | NDArray[Any]


class Converter:
    """Takes pieces of one stream, at one rate or at another from some piece on."""

    def __init__(self) -> None:
        self._form: WireForm | None = None

    def take(self, audio: Audio, rate_hz: int = RATE_HZ) -> Iterator[Samples]:
        """Yield what is ready of the next piece, (samples,) int16 at 16 kHz.

        Bytes are int16 little-endian samples of one channel; arrays are (n,) or (n, channels), integers in the scale of
        their type or floats in [-1, 1].

        Raises:
            ValueError: half a sample, another shape or type, no finite numbers, or a rate that nobody records at.
        """
        samples = audio if isinstance(audio, np.ndarray) else np.frombuffer(audio, "<i2")
        if rate_hz == RATE_HZ and samples.dtype == np.int16 and samples.ndim == 1:
            yield from self.end()
            yield samples
            return
        sound = as_sound(samples, rate_hz)
        if self._form and not self._form.takes(sound):
            yield from self.end()
        self._form = self._form or WireForm(sound)
        yield self._form.take(sound.block)

    def end(self) -> Iterator[Samples]:
        """Yield the rest, if there is any."""
        form, self._form = self._form, None
        if form and len(rest := form.end()):
            yield rest
