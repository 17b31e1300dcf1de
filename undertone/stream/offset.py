"""Takes a constant offset out of a stream, as cheap sound cards add it; a stream without one stays bit for bit.

The offset is the mean of frames of 10 ms over about a second, each weighted by how quiet it is. It is believed where it
is large and steady: the low sounds of speech, hum and wind move the means to and fro. That takes half a second, unless
the stream begins with silence, which shows it at once. A function of the samples alone, however they are cut.
"""

import numpy as np

from undertone.audio import Samples

PIECE_SAMPLES = 160
SMALLEST = 164  # half a percent of full scale
_MEMORY = 0.99  # of a frame that is 10 ms back
_LEARNED_FRAMES = 50
_STEADY = 3.0  # times the spread of the frames' means
_AT_ONCE = 8.0  # times the spread of the samples of the first frame
_FLOOR = 100.0  # frames that are quieter than this count alike
_STEP = 16
_CONTRADICTIONS = 10  # quiet frames in a row without the offset


class OffsetRemover:
    """Feed it a stream in pieces of any length; `offset` is what is taken away now."""

    def __init__(self) -> None:
        self.largest = 0  # of all offsets that were taken away, by size
        self._unfinished: Samples = np.zeros(0, np.int16)  # frame, as it came
        self._forget()

    def _forget(self) -> None:
        self.offset = self._frames = self._contradictions = 0
        self._weight = self._sum = self._squares = 0.0

    def removed(self, samples: Samples) -> Samples:
        """Return the next samples (n,) without the offset; the same array where there is none."""
        begun = len(self._unfinished)
        heard = np.concatenate([self._unfinished, samples])
        whole = len(heard) // PIECE_SAMPLES
        self._unfinished = heard[whole * PIECE_SAMPLES :]
        offsets = [self.offset, *self._learned(heard[: whole * PIECE_SAMPLES].reshape(whole, PIECE_SAMPLES))]
        if not any(offsets):
            return samples
        taken = np.repeat(offsets, PIECE_SAMPLES)[begun : begun + len(samples)]
        self.largest = max(self.largest, *taken[::PIECE_SAMPLES].tolist(), *taken[-1:].tolist(), key=abs)
        return np.clip(samples.astype(np.int32) - taken, -32_768, 32_767).astype(np.int16)

    def _learned(self, frames: Samples) -> list[int]:
        """Return the offset after each of `frames` (n, 160)."""
        exact = frames.astype(np.float64)  # whole numbers below 2**53: any order of summation gives the same
        sums, powers = exact.sum(axis=1).tolist(), np.vecdot(exact, exact).tolist()
        offsets = []
        for total, power in zip(sums, powers, strict=True):
            variance = (PIECE_SAMPLES * power - total * total) / PIECE_SAMPLES**2
            self._learn(total / PIECE_SAMPLES, variance)
            offsets.append(self.offset)
        return offsets

    def _learn(self, mean: float, variance: float) -> None:
        spread = variance**0.5
        if self._contradicted(mean, spread):
            self._forget()
        weight = 1 / (variance + _FLOOR**2)
        self._frames += 1
        self._weight = _MEMORY * self._weight + weight
        self._sum = _MEMORY * self._sum + weight * mean
        self._squares = _MEMORY * self._squares + weight * mean * mean
        if self._frames == 1 and abs(mean) > max(2 * SMALLEST, _AT_ONCE * spread):
            self.offset = round(mean)
        elif self._frames >= _LEARNED_FRAMES:
            self._judge(self._sum / self._weight)

    def _contradicted(self, mean: float, spread: float) -> bool:
        differs = 2 * abs(mean - self.offset) > abs(self.offset)
        quiet = 4 * spread < abs(self.offset)
        self._contradictions = self._contradictions + 1 if differs and quiet else 0
        return self._contradictions == _CONTRADICTIONS

    def _judge(self, found: float) -> None:
        spread = max(0.0, self._squares / self._weight - found * found) ** 0.5
        if abs(found) > max(SMALLEST, _STEADY * spread):
            if abs(found - self.offset) > _STEP:
                self.offset = round(found)
        elif abs(found) < SMALLEST / 2:
            self.offset = 0
