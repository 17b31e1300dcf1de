"""Speech for the latency benchmarks: stretches with silence between, whose last speech samples are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from undertone.audio import SAMPLES_PER_MS, Samples
from undertone.audio_file import read

FRAME = 512
PAUSE_MS = 1500
QUIET = 300  # of 32768
FLOOR_DB = 30  # speech ends with the last frame that is no further below the loudest


@dataclass(frozen=True)
class Track:
    """Samples (n,) int16 at 16 kHz, and where, in ms, each stretch of speech in them is over."""

    samples: Samples
    speech_ends_ms: tuple[float, ...]


def track(stretches: Sequence[Samples], every_ms: int = 0) -> Track:
    """Join `stretches`, `PAUSE_MS` of silence after each, or as much more as makes one begin `every_ms`."""
    pieces, ends, position = [], [], 0
    for stretch in stretches:
        pause = max(PAUSE_MS * SAMPLES_PER_MS, every_ms * SAMPLES_PER_MS - len(stretch))
        pieces += [stretch, np.zeros(pause, np.int16)]
        ends.append((position + speech_end(stretch)) / SAMPLES_PER_MS)
        position += len(stretch) + pause
    return Track(np.concatenate(pieces), tuple(ends))


def speech_end(samples: Samples) -> int:
    """Return the end of the last frame that is loud enough for speech."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    level = 10 * np.log10(np.mean(whole**2, axis=1) + 1)
    return int(np.flatnonzero(level >= level.max() - FLOOR_DB)[-1] + 1) * FRAME


def voiced(samples: Samples) -> Samples:
    """Return `samples` from the first that is louder than a whisper of noise to the last."""
    return samples[slice(*np.flatnonzero(np.abs(samples) > QUIET)[[0, -1]])]


def cut(folder: Path, count: int, length_s: float) -> list[Samples]:
    """Return `count` stretches of `length_s` of the clips in `folder`, one after the other, again and again."""
    clips = [read(path) for path in sorted(folder.glob("*.flac"))]
    if not clips:
        raise SystemExit(f"no clips in {folder}; get them with `dvc pull --allow-missing`")
    speech = np.concatenate([voiced(clip) for clip in clips])
    length = int(length_s * 1000) * SAMPLES_PER_MS
    repeated = np.tile(speech, -(-count * length // len(speech)))
    return list(repeated[: count * length].reshape(count, length))
