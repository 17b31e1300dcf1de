"""A preallocated ring of int16 samples addressed by their absolute position in the stream."""

import numpy as np

from undertone.audio import Samples


class RingBuffer:
    """Keeps the last `capacity` samples of an endless stream in memory that is taken once.

    >>> ring = RingBuffer(4); ring.append(np.arange(6, dtype=np.int16)); ring.read(2, 6).tolist()
    [2, 3, 4, 5]
    """

    def __init__(self, capacity: int) -> None:
        self._samples: Samples = np.zeros(capacity, dtype=np.int16)
        self.total = 0  # samples ever appended: the position of the next one

    @property
    def oldest(self) -> int:
        """Position of the oldest sample that is still held."""
        return max(0, self.total - len(self._samples))

    def append(self, samples: Samples) -> None:
        """Add samples of shape (n,); the oldest are overwritten."""
        capacity = len(self._samples)
        kept = samples[-capacity:]
        start = (self.total + len(samples) - len(kept)) % capacity
        first = min(len(kept), capacity - start)
        self._samples[start : start + first] = kept[:first]
        self._samples[: len(kept) - first] = kept[first:]
        self.total += len(samples)

    def read(self, start: int, end: int) -> Samples:
        """Return a copy of the samples [start, end).

        Raises:
            IndexError: part of the range is overwritten or not there yet.
        """
        if not self.oldest <= start <= end <= self.total:
            raise IndexError(f"samples [{start}, {end}) asked for, [{self.oldest}, {self.total}) are held")
        begin = start % len(self._samples)
        first = self._samples[begin : begin + end - start]
        if len(first) == end - start:
            return first.copy()
        return np.concatenate([first, self._samples[: end - start - len(first)]])
