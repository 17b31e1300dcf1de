"""Speaks sentences without feeling: the natural voice of hibari-tts, and others made of it by speed.

A voice has a `size`, how many times as large its speaker is (slowed so much, pitch and formants fall with it), and a
`pace`, how fast it speaks beside the voice as published: `{"size": 1.15, "pace": 1.0}` is a lower voice that speaks as
fast. Large and small, the voices differ as those of men, women and children do; none of them feels anything.
"""

from collections.abc import Mapping

import numpy as np
import soxr
from hibari import Hibari
from numpy.typing import NDArray

from undertone.audio import RATE_HZ

PUBLISHED_HZ = 24_000
SILENCE_S = 0.8  # before and after what is said: the speech gate wants to hear where it starts and ends
PEAK = 0.3
PUBLISHED = {"size": 1.0, "pace": 1.0}


class Speaker:
    """One loaded voice; the same text, voice and seed give the same samples on one kind of CPU."""

    def __init__(self) -> None:
        self._voice = Hibari(threads=1)

    def speak(self, text: str, voice: Mapping[str, float], seed: int = 0) -> NDArray[np.int16]:
        """Return `text` as (samples,) int16 at 16 kHz, silence around it."""
        size, pace = voice["size"], voice["pace"]
        sound = np.asarray(self._voice(text, seed=seed, speed=size * pace), dtype=np.float32)
        larger = np.asarray(soxr.resample(sound, PUBLISHED_HZ, RATE_HZ * size), dtype=np.float32)
        level = PEAK / max(float(np.abs(larger).max()), 1e-9)
        silence = np.zeros(int(SILENCE_S * RATE_HZ), dtype=np.float32)
        whole = np.concatenate([silence, larger * level, silence])
        return np.rint(whole * 32767).astype(np.int16)
