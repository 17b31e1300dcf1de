"""Whether a sound can be a voice, from the samples alone: its pitch, and how much its spectrum moves.

A voice has pitch, and its spectrum moves from sound to sound. Clicks, rain and white noise have no pitch; hum, beeps
and music keep their spectrum while they have one. Over RAVDESS (clean, on the telephone, in noise down to 5 dB) the
movement is 2.6 dB and more; over music of 3 s it is 1.2 to 2.7, over hum and beeps under 1.2. Beeps too high for a
pitch are known by the power in one line of the spectrum: 0.69 or less in 99 % of RAVDESS, a median of 0.83 over beeps.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples

FRAME, HOP = 640, 320  # 40 ms every 20 ms
PITCH_HZ, LOW_BAND_HZ = (70, 400), (60, 1200)
PERIODIC, LOW_SHARE = 0.6, 0.3  # of the autocorrelation at the pitch; of the power in the low band
LOUD_DB = -25.0  # below the loud frames (95 %) a frame does not count
MOVING_BANDS = np.geomspace(150, 4000, 13)  # Hz
MOVES_OVER = 3  # frames, 60 ms

_WINDOW = np.hanning(FRAME).astype(np.float32)
_HZ = np.fft.rfftfreq(2 * FRAME, 1 / RATE_HZ)
_LOW = ((LOW_BAND_HZ[0] < _HZ) & (LOW_BAND_HZ[1] > _HZ)).astype(np.float32)
_LINE = 4  # bins of 12.5 Hz to each side: the main lobe of the window
_BANDS = np.stack([(low <= _HZ) & (high > _HZ) for low, high in pairwise(MOVING_BANDS)], axis=1).astype(np.float32)
_WINDOW_CORRELATION = np.fft.irfft(np.abs(np.fft.rfft(_WINDOW, 2 * FRAME)) ** 2)[:FRAME]


@dataclass(frozen=True)
class Voicing:
    """`level`, the root mean square of the loudest 40 ms in steps of 16 bits; seconds with pitch; their movement in dB.

    The movement is the mean change of twelve bands within 60 ms, the loudness left out; None under four such frames.
    `tonality` is the share of the power in the strongest line of the spectrum, the median of the loud frames.
    `periodicity` is how well loud frames repeat themselves at a voice's pitch (1: perfectly), weighted by their power:
    the loudest of speech are vowels, the loudest of a sneeze is a hiss, a bark is rough.
    """

    level: float
    voiced_s: float
    movement_db: float | None
    tonality: float
    periodicity: float


def voicing(samples: Samples) -> Voicing:
    """Return what speaks for a voice in `samples`, (n,) int16 at 16 kHz."""
    sound = np.pad(samples, (0, max(0, FRAME - len(samples)))).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.square(frames).mean(axis=1)
    loudest = float(np.quantile(power, 0.95))
    spectra = np.abs(np.fft.rfft(frames * _WINDOW, 2 * FRAME)) ** 2
    loud = power > loudest * 10 ** (LOUD_DB / 10)
    repeats = _repeats_at_pitch(spectra)
    voiced = loud & (repeats > PERIODIC) & (_low_share(spectra) > LOW_SHARE)
    return Voicing(
        float(power.max()) ** 0.5,
        float(voiced.sum()) * HOP / RATE_HZ,
        _movement_db(spectra, voiced),
        _tonality(spectra[loud]),
        float(np.average(repeats[loud], weights=power[loud])) if loud.any() else 0.0,
    )


def _repeats_at_pitch(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how well each frame repeats itself at a voice's pitch, in the band where a voice is strongest."""
    correlation = np.fft.irfft(spectra * _LOW, axis=1)[:, :FRAME]
    whole = np.maximum(correlation[:, 0], 1e-9)
    shortest, longest = RATE_HZ // PITCH_HZ[1], RATE_HZ // PITCH_HZ[0]
    fair = correlation * (_WINDOW_CORRELATION[0] / _WINDOW_CORRELATION) / whole[:, None]
    strongest: NDArray[np.float32] = fair[:, shortest:longest].max(axis=1)
    return strongest


def _low_share(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    share: NDArray[np.float32] = (spectra @ _LOW) / np.maximum(spectra.sum(axis=1), 1e-9)
    return share


def _tonality(spectra: NDArray[np.float32]) -> float:
    if not len(spectra):
        return 0.0
    strongest = spectra.argmax(axis=1)[:, None]
    line = np.clip(strongest + np.arange(-_LINE, _LINE + 1), 0, spectra.shape[1] - 1)
    return float(np.median(np.take_along_axis(spectra, line, axis=1).sum(axis=1) / spectra.sum(axis=1)))


def _movement_db(spectra: NDArray[np.float32], voiced: NDArray[np.bool_]) -> float | None:
    pairs = voiced[MOVES_OVER:] & voiced[:-MOVES_OVER]
    if pairs.sum() <= MOVES_OVER:
        return None
    bands = spectra @ _BANDS
    levels = 10 * np.log10(bands + 1e-3 * bands.max())
    shapes = levels - levels.mean(axis=1, keepdims=True)
    moved = np.abs(shapes[MOVES_OVER:] - shapes[:-MOVES_OVER]).mean(axis=1)
    return float(moved[pairs].mean())
