"""What a clip goes through before the encoder hears it for fitting: other speeds, noise, a room, a telephone, a cut.

Each is drawn from a generator seeded by the clip's name and the condition, so that the table has the same rows on every
machine. What the head is judged under is in training/sounds/conditions.py.
"""

import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import soxr

from training.encoder.table import CLEAN
from training.sounds.conditions import NOISES, Condition, Waveform, through_telephone, with_noise
from undertone.audio import RATE_HZ

DECAY_60_DB = 6.9  # nepers of amplitude: ln(1000)

Range = tuple[float, float]


def fitting_conditions(section: Mapping[str, Any], voices: Sequence[Waveform]) -> dict[str, Condition]:
    """Return what clips are fitted under, by name; the clean clip is the first.

    Args:
        section: `encoder_features` of params.yaml: speed, snr_db, reverberation_s and short_s are ranges.
        voices: clips that babble is made of, by actors who are always on the same side of a split as the clip's.
    """
    speed = partial(at_some_speed, speed=tuple(section["speed"]))
    noisy = partial(in_some_noise, snr_db=tuple(section["snr_db"]), voices=voices)
    room = partial(in_some_room, reverberation_s=tuple(section["reverberation_s"]))
    return {
        CLEAN: lambda waveform, _: waveform,
        "fit_noise": lambda waveform, rng: noisy(speed(waveform, rng), rng),
        "fit_room": lambda waveform, rng: room(speed(waveform, rng), rng),
        "fit_short": partial(some_stretch, length_s=tuple(section["short_s"])),
        "fit_telephone": lambda waveform, rng: through_telephone(noisy(waveform, rng), rng, RATE_HZ),
    }


def drawn_for(name: str, condition: str) -> np.random.Generator:
    """Return the generator that belongs to the clip `name` under `condition`, the same on every machine."""
    return np.random.default_rng(zlib.crc32(f"{name} {condition}".encode()))


def at_some_speed(waveform: Waveform, rng: np.random.Generator, speed: Range) -> Waveform:
    """Return `waveform` played faster or slower by a factor of the range `speed`; pitch and formants move with it."""
    return np.asarray(soxr.resample(waveform, RATE_HZ * rng.uniform(*speed), RATE_HZ), dtype=np.float32)


def some_stretch(waveform: Waveform, rng: np.random.Generator, length_s: Range) -> Waveform:
    """Return a stretch of `waveform` from a random place, of a length of the range, or all of what is shorter."""
    samples = min(len(waveform), int(rng.uniform(*length_s) * RATE_HZ))
    start = int(rng.integers(len(waveform) - samples + 1))
    return waveform[start : start + samples]


def in_some_noise(waveform: Waveform, rng: np.random.Generator, snr_db: Range, voices: Sequence[Waveform]) -> Waveform:
    """Return `waveform` with white, pink or babble noise, below it by so many dB of the range `snr_db`."""
    return with_noise(waveform, rng, NOISES[rng.integers(len(NOISES))], rng.uniform(*snr_db), voices)


def in_some_room(waveform: Waveform, rng: np.random.Generator, reverberation_s: Range) -> Waveform:
    """Return `waveform` in a room that falls by 60 dB in a time of the range `reverberation_s`, at its old peak.

    The response is noise that dies away, behind a direct sound of a twentieth to three tenths of its sum (Polack 1988).
    """
    samples = int(rng.uniform(*reverberation_s) * RATE_HZ)
    response = rng.standard_normal(samples) * np.exp(-DECAY_60_DB * np.arange(samples) / samples)
    response[0] = np.abs(response).sum() * rng.uniform(0.05, 0.3)
    size = len(waveform) + samples
    heard = np.fft.irfft(np.fft.rfft(waveform, size) * np.fft.rfft(response, size), size)[: len(waveform)]
    return np.asarray(heard / max(np.abs(heard).max(), 1e-9) * np.abs(waveform).max(), dtype=np.float32)
