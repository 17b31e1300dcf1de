"""Takes a constant offset out of a stream, as cheap sound cards add it; a stream without one stays bit for bit.

The offset is the mean of short frames, each weighted by how quiet it is, over about a second. It is believed where it
is large and steady: the low sounds of speech, hum and wind move the means to and fro. A function of the samples alone,
however they are cut; only the first 10 ms are heard as they came.
"""

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

FRAME_SAMPLES = 160
SMALLEST = 164  # half a percent of full scale
_MEMORY = 0.99  # of a frame that is 10 ms back
_SURE = 4.0  # standard errors
_STEADY = 3.0  # standard deviations of the frames' means
_STEP = 16


class OffsetRemover:
    """Feed it a stream in pieces of any length; `offset` is what is taken away now."""

    def __init__(self) -> None:
        self.offset = 0
        self._frame: list[Samples] = []
        self._filled = 0
        self._weight = self._sum = self._squares = 0.0

    def removed(self, samples: Samples) -> Samples:
        """Return the next samples (n,) without the offset; the same array where there is none."""
        pieces = []
        while len(samples):
            piece, samples = np.split(samples, [FRAME_SAMPLES - self._filled])
            pieces.append(self._without(piece))
            self._watch(piece)
        return np.concatenate(pieces) if pieces else samples

    def _without(self, samples: Samples) -> Samples:
        if self.offset == 0:
            return samples
        return np.clip(samples.astype(np.int32) - self.offset, -32_768, 32_767).astype(np.int16)

    def _watch(self, samples: Samples) -> None:
        self._frame.append(samples)
        self._filled += len(samples)
        if self._filled == FRAME_SAMPLES:
            self._learn(np.concatenate(self._frame).astype(np.float64))
            self._frame, self._filled = [], 0

    def _learn(self, frame: NDArray[np.float64]) -> None:
        mean, weight = float(frame.mean()), 4 / (float(frame.var()) + 1)
        self._weight = _MEMORY * self._weight + weight
        self._sum = _MEMORY * self._sum + weight * mean
        self._squares = _MEMORY * self._squares + weight * mean * mean
        found = self._sum / self._weight
        spread = math.sqrt(max(0.0, self._squares / self._weight - found * found))
        if abs(found) > max(SMALLEST, _SURE / math.sqrt(self._weight), _STEADY * spread):
            if abs(found - self.offset) > _STEP:
                self.offset = round(found)
        elif abs(found) < SMALLEST / 2:
            self.offset = 0
