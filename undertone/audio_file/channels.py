"""Many channels become one: their average, with those turned round that would cancel the others.

>>> x = np.sin(np.arange(1000, dtype=np.float32))
>>> bool(np.allclose(Mixer().mixed(np.stack([x, -x], axis=1)), x))
True

Judged on the differences between neighbouring samples, in which a hum or an offset that all channels share is small
beside speech. Delays between channels are left as they are: no speech is lost by an echo.
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

    def __init__(self) -> None:
        self._signs: Block | None = None  # None: as they are

    def mixed(self, block: Block) -> Block:
        """Return the mix (frames,) of the next block (frames, channels), about a second of audio."""
        before = self._signs
        if block.shape[1] > 1 and len(block) > 1:
            self._signs = _signs(np.diff(block, axis=0), before)
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


def _signs(changes: Block, before: Block | None) -> Block | None:
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
