"""Sounds that are no speech, made from a seed: what a speech gate must stay silent on.

    noise("rain", seed=7) -> (160000,) int16, ten seconds at 16 kHz

Eight kinds, each with its own pitch, rhythm and spectrum per seed, at a peak of -40 to -1 dB of full scale. They
measure false alarms (benchmarks/gate/speech_gate.py and the tests of the gate); nothing is trained on them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ

PEAK_DB = (-40.0, -1.0)

Sound = NDArray[np.float64]


def noise(kind: str, seed: int, seconds: float = 10.0) -> NDArray[np.int16]:
    """Return `seconds` of the noise `kind`, (samples,) int16 at 16 kHz; the same seed gives the same samples.

    Raises:
        ValueError: no such kind; the message lists those there are.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown noise {kind!r}; known are {', '.join(KINDS)}")
    random = np.random.default_rng([seed, *kind.encode()])
    sound = KINDS[kind](random, int(seconds * RATE_HZ))
    peak = 32768 * 10 ** (random.uniform(*PEAK_DB) / 20)
    return np.rint(sound / np.abs(sound).max() * peak).clip(-32768, 32767).astype(np.int16)


def white(random: np.random.Generator, samples: int) -> Sound:
    """Return Gaussian noise of a flat spectrum."""
    return random.standard_normal(samples)


def coloured(random: np.random.Generator, samples: int, slope: float) -> Sound:
    """Return Gaussian noise whose power falls as frequency ** -slope (1 is pink), from 20 Hz up."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    return np.fft.irfft(spectrum * np.maximum(hz, 20.0) ** (-slope / 2) * (hz >= 20), samples)


def pink(random: np.random.Generator, samples: int) -> Sound:
    """Return noise whose power falls by 3 dB an octave, give or take."""
    return coloured(random, samples, random.uniform(0.8, 1.2))


def hum(random: np.random.Generator, samples: int) -> Sound:
    """Return mains hum: 50 or 60 Hz and its harmonics, slowly swelling, over a little hiss."""
    time_s = np.arange(samples) / RATE_HZ
    base_hz = random.choice([50.0, 60.0]) * random.uniform(0.995, 1.005)
    sound = sum(
        random.uniform(0.1, 1) / order * np.sin(2 * np.pi * order * base_hz * time_s + random.uniform(0, 6.28))
        for order in range(1, 16)
    )
    swell = 1 + random.uniform(0, 0.5) * np.sin(2 * np.pi * random.uniform(0.1, 2) * time_s)
    return sound * swell + random.uniform(0, 0.05) * random.standard_normal(samples)


def burst(random: np.random.Generator, decay_ms: float, low_hz: float, high_hz: float) -> Sound:
    """Return one knock: noise between two frequencies that dies away by e in `decay_ms`."""
    samples = int(6 * decay_ms * RATE_HZ / 1000) + 64
    spectrum, hz = np.fft.rfft(random.standard_normal(samples)), np.fft.rfftfreq(samples, 1 / RATE_HZ)
    sound = np.fft.irfft(spectrum * ((hz >= low_hz) & (hz <= high_hz)), samples)
    return sound * np.exp(-np.arange(samples) / (decay_ms * RATE_HZ / 1000))


def place(sound: Sound, piece: Sound, start: int) -> None:
    """Add `piece` to `sound` at sample `start`, what sticks out at the end cut off."""
    end = min(len(sound), start + len(piece))
    sound[start:end] += piece[: max(0, end - start)]


def clicks(random: np.random.Generator, samples: int) -> Sound:
    """Return single clicks of 1-5 ms, about one to ten a second, over a little hiss."""
    sound = 0.001 * random.standard_normal(samples)
    for start in random.integers(0, samples, int(random.uniform(1, 10) * samples / RATE_HZ) + 1):
        place(sound, random.uniform(0.3, 1) * burst(random, random.uniform(1, 5), 200, 8000), int(start))
    return sound


def keyboard(random: np.random.Generator, samples: int) -> Sound:
    """Return typing: a press and a softer release for each key, in runs of words with pauses between."""
    sound, position = 0.001 * random.standard_normal(samples), 0.0
    tempo_s, low_hz = random.uniform(0.08, 0.25), random.uniform(150, 800)
    while position < samples:
        strength = random.uniform(0.4, 1)
        place(sound, strength * burst(random, random.uniform(3, 15), low_hz, 7000), int(position))
        release = position + random.uniform(0.05, 0.1) * RATE_HZ
        if release < samples:
            place(sound, 0.4 * strength * burst(random, random.uniform(2, 8), low_hz, 7000), int(release))
        pause_s = random.uniform(0.3, 1.0) if random.random() < 0.15 else 0.0
        position += (tempo_s * random.uniform(0.5, 1.5) + pause_s) * RATE_HZ
    return sound


def rain(random: np.random.Generator, samples: int) -> Sound:
    """Return rain: a bed of noise and some hundreds of drops a second."""
    sound = random.uniform(0.02, 0.3) * coloured(random, samples, random.uniform(0, 0.8))
    sound /= np.abs(sound).max()
    for start in random.integers(0, samples, int(random.uniform(50, 400) * samples / RATE_HZ)):
        low_hz = random.uniform(500, 3000)
        place(sound, random.exponential(0.3) * burst(random, random.uniform(0.5, 4), low_hz, 3 * low_hz), int(start))
    return sound


def tone(random: np.random.Generator, hz: float, seconds: float, harmonics: int, vibrato: float = 0.0) -> Sound:
    """Return one note with `harmonics` partials, an attack of 5-50 ms and a decay; `vibrato` is its depth."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * hz * (time_s + vibrato / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * time_s))
    orders = [order for order in range(1, harmonics + 1) if order * hz < RATE_HZ / 2]
    sound = np.sum([random.uniform(0.3, 1) / order * np.sin(order * phase) for order in orders], axis=0)
    attack = np.minimum(1, time_s / random.uniform(0.005, 0.05)) * np.minimum(1, (seconds - time_s) / 0.01)
    return sound * attack * np.exp(-time_s * random.uniform(0, 6))


def beeps(random: np.random.Generator, samples: int) -> Sound:
    """Return signal beeps: one or two pure or nearly pure tones, on and off in a steady rhythm."""
    sound, position = 1e-3 * random.standard_normal(samples), 0
    pitches_hz = random.uniform(300, 3500, random.integers(1, 3))
    on_s, off_s, harmonics = random.uniform(0.05, 0.8), random.uniform(0.05, 1.0), int(random.integers(1, 4))
    while position < samples:
        for hz in pitches_hz:
            place(sound, tone(random, hz, on_s, harmonics), position)
            position += int((on_s + 0.01) * RATE_HZ)
        position += int(off_s * RATE_HZ)
    return sound


def music(random: np.random.Generator, samples: int) -> Sound:
    """Return music-like tones: a melody of harmonic notes, with or without vibrato, half of them over chords."""
    sound = 1e-3 * random.standard_normal(samples)
    root_hz, beat_s = random.uniform(110, 440), random.uniform(0.12, 0.6)
    harmonics, vibrato = int(random.integers(2, 16)), random.choice([0.0, 0.005, 0.02])
    chords = random.random() < 0.5
    for beat, start in enumerate(range(0, samples, int(beat_s * RATE_HZ))):
        step = random.choice([-5, -3, -1, 0, 2, 4, 5, 7, 9, 12])
        place(sound, tone(random, root_hz * 2 ** (step / 12), 1.5 * beat_s, harmonics, vibrato), start)
        if chords and beat % 4 == 0:
            for third in (0, 4, 7):
                place(sound, 0.5 * tone(random, root_hz / 2 * 2 ** (third / 12), 4 * beat_s, harmonics), start)
    return sound


KINDS: dict[str, Callable[[np.random.Generator, int], Sound]] = {
    "hum": hum,
    "white": white,
    "pink": pink,
    "clicks": clicks,
    "keyboard": keyboard,
    "rain": rain,
    "beeps": beeps,
    "music": music,
}
