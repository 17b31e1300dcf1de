"""Where a stretch of speech starts and ends by its energy: the envelope that a listener's eye would cut at.

    level_db(frame)                       one 32 ms frame -> its level between 80 and 1000 Hz, dB
    sounding(levels, threshold)           -> (first frame, frame after the last), or None

The definition follows Praat's "To TextGrid (silences)" and its default numbers: intensity in windows of 32 ms (3.2
periods of 100 Hz), sounding where it is within 25 dB of the loudest, short silences bridged, short sounds left out. Two
things differ. The band: 80-1000 Hz holds the voice, its pitch and first formant, and keeps out rumble below, breath and
hiss above, which full-band energy takes for speech. The shortest silence and sound: 160 ms instead of 100, the closure
of a stop on one side, clicks, sobs and gasps on the other.
P. Boersma, D. Weenink, "Praat: doing phonetics by computer", manual page "Sound: To TextGrid (silences)...".
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undertone.audio import FRAME_SAMPLES

SHORTEST_SILENCE_FRAMES = 5  # 160 ms: a shorter silence is part of the sound around it
SHORTEST_SOUND_FRAMES = 5  # 160 ms: a shorter sound is none
SILENCE_DB = -20.0  # level of digital silence; one step of 16-bit amplitude is about -3 dB

# 512 samples at 16 kHz: bins of 31.25 Hz, of which 3-32 lie between 80 and 1000 Hz.
_BAND = slice(3, 33)
_WINDOW = np.hanning(FRAME_SAMPLES)
_SCALE = 2.0 / (FRAME_SAMPLES * float(np.square(_WINDOW).sum()))


def level_db(frame: NDArray[np.int16]) -> float:
    """Return the level of `frame` (512,) between 80 and 1000 Hz, dB relative to an amplitude of one 16-bit step."""
    into = np.empty(FRAME_SAMPLES // 2 + 1, np.complex128)  # numpy takes longer to make it than to fill it
    spectrum = np.fft.rfft(frame * _WINDOW, out=into)[_BAND]
    power = float(np.vdot(spectrum, spectrum).real) * _SCALE
    return float(10 * np.log10(power + 10 ** (SILENCE_DB / 10)))


def sounding(levels: Sequence[float], threshold_db: float) -> tuple[int, int] | None:
    """Return the half-open range of frames from the first sound to the last, None if nothing lasts long enough.

    >>> sounding([0, 50, 50, 0, 50, 50, 0, 0, 0, 0, 0, 0, 50, 0], threshold_db=40)
    (1, 6)
    """
    loud = [index for index, level in enumerate(levels) if level >= threshold_db]
    if not loud:
        return None
    breaks = [place for place, (a, b) in enumerate(pairwise(loud), 1) if b - a > SHORTEST_SILENCE_FRAMES]
    sounds = [(loud[a], loud[b - 1] + 1) for a, b in pairwise([0, *breaks, len(loud)])]
    long = [(start, end) for start, end in sounds if end - start >= SHORTEST_SOUND_FRAMES]
    return (long[0][0], long[-1][1]) if long else None
