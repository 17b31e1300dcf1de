"""Many channels become one: their average, with those turned round that would cancel the others.

>>> x = np.sin(np.arange(1000, dtype=np.float32))
>>> bool(np.allclose(Mixer().mixed(np.stack([x, -x], axis=1)), x))
True

Judged on the frequencies of speech, about 500 to 3000 Hz: a hum or an offset that all channels share must not hide what
cancels above it. Delays between channels are left as they are: no speech is lost by an echo.
"""

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]

# Of the energy that channels without anything in common would leave in their average.
_CANCELS_BELOW = 0.75
_CLEAN_ABOVE = 1.0
_OPPOSITE = -0.2  # correlation with the loudest channel
_QUIET = (2 / 32_768) ** 2  # a block too quiet to tell changes nothing
_FADE_SAMPLES = 480


class Mixer:
    """Mixes one stream of blocks; where nothing cancels, the average bit for bit."""

    def __init__(self, rate_hz: int = 16_000) -> None:
        self._span = max(1, rate_hz // 4000)
        self._signs: Block | None = None  # None: as they are

    def mixed(self, block: Block) -> Block:
        """Return the mix (frames,) of the next block (frames, channels), about a second of audio."""
        before = self._signs
        if block.shape[1] > 1 and len(block) > 2 * self._span:
            self._signs = _signs(_speech_band(block, self._span), before)
        mixed = _average(block, self._signs)
        if not _same(before, self._signs):
            fade = np.linspace(0, 1, min(_FADE_SAMPLES, len(block)), dtype=np.float32)
            start = block[: len(fade)]
            mixed[: len(fade)] = fade * mixed[: len(fade)] + (1 - fade) * _average(start, before)
        return mixed


def _average(block: Block, signs: Block | None) -> Block:
    return np.ascontiguousarray((block if signs is None else block * signs).mean(axis=1))


def _same(one: Block | None, other: Block | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _speech_band(block: Block, span: int) -> NDArray[np.float64]:
    """Return the mean of `span` samples less that of the `span` before, (frames - 2 spans, channels)."""
    sums = np.cumsum(block, axis=0, dtype=np.float64)
    means = (sums[span:] - sums[:-span]) / span
    return means[span:] - means[:-span]


def _signs(changes: NDArray[np.float64], before: Block | None) -> Block | None:
    energies = np.square(changes).mean(axis=0)
    if energies.mean() < _QUIET:
        return before
    left = float(np.square(changes.mean(axis=1)).mean() * len(energies) / energies.mean())
    if left > _CLEAN_ABOVE:
        return None
    if left > _CANCELS_BELOW:
        return before
    loudest = int(energies.argmax())
    shared = (changes * changes[:, loudest : loudest + 1]).mean(axis=0)
    return np.where(shared < _OPPOSITE * np.sqrt(energies * energies[loudest]), -1, 1).astype(np.float32)
