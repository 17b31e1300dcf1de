"""What Whisper's encoder made of a sound as one vector: mean and spread of its frames over time.

    pooled(frames)             (frames, width) -> (2 * width,)         768 numbers, 3 kB, of tiny.en
    combined(vectors, frames)  that of a long sound from those of its pieces

Recognisers and the training of the ear (undertone/voice/ear.py) both pool here.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FRAME_SAMPLES = 320  # of 16 kHz: the encoder has 50 positions a second, the first at time 0


def sound_frames(samples: int) -> int:
    """Return how many positions of the encoder lie over so many samples: `sound_frames(48_000)` is 150, at least 1."""
    return max(1, -(-samples // FRAME_SAMPLES))


def pooled(frames: ArrayLike) -> NDArray[np.float32]:
    """Return the mean over time and, behind it, the standard deviation of `frames` (frames, width): (2 * width,).

    Raises:
        ValueError: there are no frames, or they have no width.
    """
    array = np.asarray(frames, dtype=np.float32)
    if array.ndim != 2 or not len(array):
        raise ValueError(f"frames must be (frames, width), at least one, not {array.shape}")
    mean = array.mean(axis=0, dtype=np.float64)
    centred = array - mean.astype(np.float32)  # summed in float64 without a copy in it, which costs 2 ms of 10 s
    variance = np.einsum("ij,ij->j", centred, centred, dtype=np.float64) / len(array)
    return np.concatenate([mean, np.sqrt(variance)]).astype(np.float32)


def combined(vectors: Sequence[ArrayLike], frames: Sequence[int]) -> NDArray[np.float32]:
    """Return `pooled` of all frames from those of the pieces, (2 * width,) each, and the number of frames in each."""
    means, deviations = np.split(np.asarray(vectors, dtype=np.float64), 2, axis=1)
    mean = np.average(means, axis=0, weights=frames)
    variance = np.average(deviations**2 + (means - mean) ** 2, axis=0, weights=frames)
    return np.concatenate([mean, np.sqrt(variance)]).astype(np.float32)
