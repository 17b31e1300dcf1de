"""Speech for the latency benchmarks: stretches with silence between, whose last speech samples are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.audio_file import read

SAMPLES_PER_MS = 16
FRAME = 512
PAUSE_MS = 1500
FLOOR_DB = 30  # speech ends with the last frame that is no further below the loudest

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Track:
    """Samples (n,) int16 at 16 kHz, and where, in ms, each stretch of speech in them is over."""

    samples: Samples
    speech_ends_ms: tuple[float, ...]


def track(stretches: Sequence[Samples]) -> Track:
    """Join `stretches`, `PAUSE_MS` of silence after each."""
    pieces, ends, position = [], [], 0
    for stretch in stretches:
        pieces += [stretch, np.zeros(PAUSE_MS * SAMPLES_PER_MS, np.int16)]
        ends.append((position + speech_end(stretch)) / SAMPLES_PER_MS)
        position += len(stretch) + PAUSE_MS * SAMPLES_PER_MS
    return Track(np.concatenate(pieces), tuple(ends))


def speech_end(samples: Samples) -> int:
    """Return the end of the last frame that is loud enough for speech."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    level = 10 * np.log10(np.mean(whole**2, axis=1) + 1)
    return int(np.flatnonzero(level >= level.max() - FLOOR_DB)[-1] + 1) * FRAME


def cut(folder: Path, count: int, length_s: float) -> list[Samples]:
    """Return `count` stretches of `length_s` of the clips in `folder`, one after the other, again and again."""
    clips = [read(path) for path in sorted(folder.glob("*.flac"))]
    if not clips:
        raise SystemExit(f"no clips in {folder}; get them with `dvc pull --allow-missing`")
    voiced = np.concatenate([clip[slice(*np.flatnonzero(np.abs(clip) > 300)[[0, -1]])] for clip in clips])
    length = int(length_s * 1000) * SAMPLES_PER_MS
    repeated = np.tile(voiced, -(-count * length // len(voiced)))
    return list(repeated[: count * length].reshape(count, length))
