"""A made-up RAVDESS: clips of tones whose vibrato says the emotion, for tests of what needs waveforms."""

from pathlib import Path

import numpy as np
import soundfile

from training.corpora.ravdess.names import expected_names, parse_name
from undertone.audio import RATE_HZ

VIBRATO_HZ = {"neutral": 0, "calm": 1, "happy": 9, "surprised": 14, "sad": 3, "angry": 5, "fearful": 4, "disgust": 6}


def tone(name: str) -> np.ndarray:
    """Return the clip `name` as int16 (samples,): a voiced tone, its vibrato told by the emotion."""
    clip, random = parse_name(name), np.random.default_rng(abs(int(name.replace("-", ""))) % 2**32)
    time_s = np.arange(int(random.uniform(1.1, 1.6) * RATE_HZ)) / RATE_HZ
    rate = VIBRATO_HZ[clip.emotion]
    pitch = 100 + 6 * clip.actor + 25 * np.sin(2 * np.pi * rate * time_s + random.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 12))
    return (3000 * voice + random.normal(0, 10, len(time_s))).astype(np.int16)


def write_clips(folder: Path, actors: tuple[int, ...]) -> list[str]:
    """Write every second clip of `actors` under `folder` as the stage `download` lays them, and return their names."""
    names = sorted(expected_names(actors))[::2]
    for name in names:
        path = folder / parse_name(name).folder / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(name), RATE_HZ)
    return names
