"""The conditions that a network is judged under: windows, noise, gain and a telephone's band, made of waveforms.

Each is a function of a waveform (samples,) in [-1, 1] and a generator seeded by the clip's name, so that every network
hears the same. Training draws its own, from mel spectra (training/acoustic/augment.py).
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from training.features.disturbances import BABBLE_VOICES, TELEPHONE_HZ, pink_noise

Waveform = NDArray[np.float32]
Condition = Callable[[Waveform, np.random.Generator], Waveform]
NOISES = ("white", "pink", "babble")


def conditions(
    section: Mapping[str, Any], rate_hz: int, pad_ms: float, voices: Sequence[Waveform]
) -> dict[str, Condition]:
    """Return the conditions by name: `whole`, `window_1s`, `gain_-20dB`, `telephone`, `babble_10dB` and so on.

    Args:
        section: `crossval` of params.yaml: windows_s, gains_db, snrs_db.
        rate_hz: of the waveforms.
        pad_ms: what trimming left before and after the speech; windows are taken between.
        voices: clips that babble is made of, none of them judged.
    """
    pad_samples = int(pad_ms * rate_hz / 1000)
    made: dict[str, Condition] = {"whole": lambda waveform, _: waveform}
    for window_s in section["windows_s"]:
        made[f"window_{window_s:g}s"] = partial(window, samples=round(window_s * rate_hz), pad_samples=pad_samples)
    for gain_db in section["gains_db"]:
        made[f"gain_{gain_db:g}dB"] = partial(amplified, gain_db=gain_db)
    made["telephone"] = partial(through_telephone, rate_hz=rate_hz)
    for snr_db in section["snrs_db"]:
        for kind in NOISES:
            made[f"{kind}_{snr_db:g}dB"] = partial(with_noise, kind=kind, snr_db=snr_db, voices=voices)
    return made


def rng_of(name: str) -> np.random.Generator:
    """Return the generator that belongs to the clip `name`, the same on every machine."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def window(waveform: Waveform, rng: np.random.Generator, samples: int, pad_samples: int) -> Waveform:
    """Return `samples` samples from a random place inside the speech, or of the whole clip where that is shorter."""
    low, high = pad_samples, len(waveform) - pad_samples - samples
    if high < low:
        low, high = 0, max(0, len(waveform) - samples)
    start = int(rng.integers(low, high + 1))
    return waveform[start : start + samples]


def amplified(waveform: Waveform, rng: np.random.Generator, gain_db: float) -> Waveform:
    """Return `waveform` at another level, clipped at full scale and rounded to 16 bits as a recorder would."""
    loud = np.clip(waveform * np.float32(10 ** (gain_db / 20)), -1.0, 32767 / 32768)
    return (np.round(loud * 32768) / 32768).astype(np.float32)


def through_telephone(waveform: Waveform, rng: np.random.Generator, rate_hz: int) -> Waveform:
    """Return `waveform` between 300 and 3400 Hz: a Butterworth band of order 2 x 8."""
    band = butter(8, TELEPHONE_HZ, "bandpass", fs=rate_hz, output="sos")
    return sosfilt(band, waveform).astype(np.float32)


def with_noise(
    waveform: Waveform, rng: np.random.Generator, kind: str, snr_db: float, voices: Sequence[Waveform]
) -> Waveform:
    """Return `waveform` with noise of `kind`, `snr_db` below the clip's mean power."""
    if kind == "babble":
        noise = _babble(len(waveform), rng, voices)
    else:
        noise = rng.standard_normal(len(waveform)) if kind == "white" else pink_noise(len(waveform), rng)
    level = _rms(waveform) / _rms(noise) * 10 ** (-snr_db / 20)
    return (waveform + level * noise).astype(np.float32)


def _babble(samples: int, rng: np.random.Generator, voices: Sequence[Waveform]) -> NDArray[np.floating]:
    """Sum of voices at equal level, each from a random place, repeated where it is short."""
    chosen = [voices[i] for i in rng.integers(len(voices), size=BABBLE_VOICES)]
    parts = [np.resize(np.roll(voice, -int(rng.integers(len(voice)))), samples) / _rms(voice) for voice in chosen]
    return np.sum(parts, axis=0)


def _rms(waveform: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) or 1.0
