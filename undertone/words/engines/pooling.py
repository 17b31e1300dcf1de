"""What Whisper's encoder made of a sound as one vector: the mean of its frames over time.

    pooled(frames)             (frames, width) -> (width,)             384 numbers, 1.5 kB, of tiny.en
    combined(vectors, frames)  that of a long sound from those of its pieces

Their spread over time tells the ear nothing that the mean does not, nor do parts of the sound by themselves.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

POSITION_SAMPLES = 320  # of 16 kHz: the encoder has 50 positions a second, the first at time 0


def sound_frames(samples: int) -> int:
    """Return how many positions of the encoder lie over so many samples: `sound_frames(48_000)` is 150, at least 1."""
    return max(1, -(-samples // POSITION_SAMPLES))


def pooled(frames: ArrayLike) -> NDArray[np.float32]:
    """Return the mean over time of `frames` (frames, width): (width,).

    Raises:
        ValueError: there are no frames, or they have no width.
    """
    array = np.asarray(frames, dtype=np.float32)
    if array.ndim != 2 or not len(array):
        raise ValueError(f"frames must be (frames, width), at least one, not {array.shape}")
    mean = array.mean(axis=0, dtype=np.float64)  # without a copy in float64, which costs 2 ms of 10 s
    return mean.astype(np.float32)


def combined(vectors: Sequence[ArrayLike], frames: Sequence[int]) -> NDArray[np.float32]:
    """Return `pooled` of all frames from those of the pieces, (width,) each, and the number of frames in each."""
    return np.asarray(np.average(np.asarray(vectors, dtype=np.float64), axis=0, weights=frames), dtype=np.float32)
