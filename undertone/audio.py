"""What audio is here: 16 kHz mono, int16 as samples and float32 in [-1, 1] as sound, in frames of 32 ms.

The only home of these types and numbers, and of the way from one to the other; undertone/audio_file.py reads files.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]  # (samples,)
Floats = NDArray[np.float32]

RATE_HZ = 16_000
SAMPLES_PER_MS = RATE_HZ // 1000
FRAME_SAMPLES = 512  # 32 ms: what the speech gate hears at once
FULL_SCALE = 32768  # of int16: a sound of amplitude 1


def to_float(samples: Samples) -> Floats:
    """Return `samples` as float32 in [-1, 1), of the same shape; exact.

    >>> to_float(np.array([-32768, 16384], np.int16)).tolist()
    [-1.0, 0.5]
    """
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def to_int16(sound: NDArray[np.floating]) -> Samples:
    """Return `sound`, floats in [-1, 1], as samples of the same shape, rounded to even; what is louder is clipped.

    >>> to_int16(np.array([-2.0, 0.5, 1.0], np.float32)).tolist()
    [-32768, 16384, 32767]
    """
    return np.rint(sound * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
