"""The ring buffer: every sample that it still holds is the right one."""

import numpy as np
import pytest

from undertone.stream.ring import RingBuffer

pytestmark = pytest.mark.fast


def test_what_is_read_is_what_was_written_across_the_seam():
    random = np.random.default_rng(0)
    stream = random.integers(-32768, 32767, 10_000).astype(np.int16)
    ring = RingBuffer(700)
    position = 0
    while position < len(stream):
        step = int(random.integers(1, 900))
        ring.append(stream[position : position + step])
        position = min(position + step, len(stream))
        assert ring.total == position
        start = int(random.integers(ring.oldest, position + 1))
        np.testing.assert_array_equal(ring.read(start, position), stream[start:position])


def test_overwritten_and_future_samples_are_refused():
    ring = RingBuffer(100)
    ring.append(np.zeros(150, dtype=np.int16))
    with pytest.raises(IndexError, match=r"\[50, 150\) are held"):
        ring.read(49, 60)
    with pytest.raises(IndexError):
        ring.read(60, 151)


def test_a_read_is_a_copy():
    ring = RingBuffer(4)
    ring.append(np.array([1, 2, 3, 4], dtype=np.int16))
    kept = ring.read(0, 4)
    ring.append(np.array([9, 9, 9, 9], dtype=np.int16))
    assert kept.tolist() == [1, 2, 3, 4]
