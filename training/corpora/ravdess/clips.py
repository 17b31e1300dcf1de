"""Reads what the stages `download` and `features` wrote: the feature table and the trimmed waveforms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.corpora.ravdess.names import parse_name
from training.files import CLIPS, FEATURES
from training.tables import read_table
from undertone.labels import label_index


@dataclass(frozen=True)
class Clip:
    """One trimmed clip: what its name says, its label, and `mfcc`, float32 (frames, n_mfcc)."""

    name: str
    actor: int
    sex: str
    emotion: str
    intensity: str
    statement: int
    repetition: int
    label: str
    heard: bool
    start_sample: int
    end_sample: int
    mfcc: NDArray[np.float32]

    @property
    def label_index(self) -> int:
        """Return the position of the label in every probability vector."""
        return label_index(self.label)


def load_features(path: Path = FEATURES) -> list[Clip]:
    """Return all clips of the feature table, in the order of their names.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    table = read_table(path, "features")
    mfcc = table.column("mfcc").combine_chunks()
    frames = mfcc.value_lengths().to_numpy()
    values = mfcc.flatten().flatten().to_numpy().reshape(frames.sum(), -1)
    rows = table.drop_columns(["mfcc", "frames"]).to_pylist()
    parts = np.split(values, np.cumsum(frames)[:-1])
    return [Clip(name=row.pop("clip"), mfcc=part, **row) for row, part in zip(rows, parts, strict=True)]


def of_actors(clips: Sequence[Clip], actors: Sequence[int]) -> list[Clip]:
    """Return the clips that any of `actors` spoke.

    Raises:
        SystemExit: an actor has no clip.
    """
    missing = sorted(set(actors) - {clip.actor for clip in clips})
    if missing:
        raise SystemExit(f"the feature table has no clips of the actors {missing}: run `dvc repro features`")
    return [clip for clip in clips if clip.actor in actors]


def load_waveform(clip: Clip, folder: Path = CLIPS) -> NDArray[np.float32]:
    """Return the trimmed samples of `clip`, float32 (samples,) in [-1, 1], 16 kHz: int16 / 32768.

    Raises:
        SystemExit: the clip's file is missing; the message names the stage that makes it.
    """
    return read_clip(clip.name, folder)[clip.start_sample : clip.end_sample]


def load_samples(clip: Clip, folder: Path = CLIPS) -> NDArray[np.int16]:
    """Return the trimmed samples of `clip` as they are recorded, int16 (samples,); else as `load_waveform`."""
    return read_samples(clip.name, folder)[clip.start_sample : clip.end_sample]


def read_clip(name: str, folder: Path = CLIPS) -> NDArray[np.float32]:
    """Return all samples of a clip as `load_waveform` does: `read_clip("03-01-01-01-01-01-01")`."""
    return np.asarray(read_samples(name, folder), dtype=np.float32) / np.float32(32768)


def read_samples(name: str, folder: Path = CLIPS) -> NDArray[np.int16]:
    """Return all samples of a clip as they are recorded, int16 (samples,), 16 kHz.

    Raises:
        SystemExit: as `load_waveform`.
    """
    path = folder / parse_name(name).folder / f"{name}.flac"
    if not path.is_file():
        raise SystemExit(f"{path} not found: it is made by `dvc repro download`")
    pcm, _ = soundfile.read(path, dtype="int16")
    return np.asarray(pcm)
