"""Pitch and energy of one utterance.

    measured(samples)    Prosody(pitch=Pitch(median_hz=118.3, low_hz=97.0, high_hz=161.2), energy_dbfs=-24.1)

The pitch of each 16 ms is found by SwiftF0 (Nieradzik 2025, arXiv:2508.18440; 135 kB, MIT). Its percentiles are those
of the frames in which a voice is heard; a whisper has none.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from swift_f0 import SwiftF0

from undertone.audio import RATE_HZ, Samples, to_float
from undertone.prosody.values import Pitch, Prosody

LOWEST_HZ, HIGHEST_HZ = 60.0, 600.0  # of a speaking voice, a shouting child's included
VOICED = 0.5  # confidence from which on SwiftF0 takes a frame for voiced
LEAST_FRAMES = 5  # voiced; a click is no pitch
LOW, HIGH = 5, 95  # percentiles: an octave that was missed in a frame is no range
_FLOOR_DBFS = -100.0
_SHORTEST_SAMPLES = 256


def measured(samples: Samples) -> Prosody:
    """Return the prosody of an utterance, (n,) int16 at 16 kHz."""
    if len(samples) < _SHORTEST_SAMPLES:
        return Prosody(None, _dbfs(to_float(samples)))
    sound = to_float(samples)
    found = _detector().detect(sound, RATE_HZ, fmin=LOWEST_HZ, fmax=HIGHEST_HZ)
    voiced = found.confidence >= VOICED
    if voiced.sum() < LEAST_FRAMES:
        return Prosody(None, _dbfs(sound))
    low, median, high = np.percentile(found.pitch_hz[voiced], (LOW, 50, HIGH)).tolist()
    return Prosody(Pitch(median, low, high), _mean_dbfs(found.loudness_db[voiced]))


@cache
def _detector() -> SwiftF0:
    return SwiftF0(threads=1, spin=False)


def _dbfs(sound: NDArray[np.float32]) -> float:
    power = float(np.square(sound, dtype=np.float64).mean()) if len(sound) else 0.0
    return float(max(_FLOOR_DBFS, 10 * np.log10(max(power, 1e-30))))


def _mean_dbfs(levels_db: NDArray[np.float64]) -> float:
    return float(max(_FLOOR_DBFS, 10 * np.log10(np.mean(10 ** (levels_db / 10)))))
