"""The clips of other corpora as the stage `corpora` wrote them, as clips beside those of RAVDESS."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.corpora.ravdess.clips import Clip
from training.corpora.several.choice import Choice
from training.files import OTHER_CORPORA
from training.tables import read_table

FIRST_ACTOR = 1000  # RAVDESS has 1 to 24


@dataclass(frozen=True)
class OtherClip(Clip):
    """A clip of another corpus: `samples` is its speech, int16 (samples,) at 16 kHz; `emotion` may be "".

    Its `actor` is a number of its own for each speaker of each corpus.
    """

    corpus: str
    speaker: str
    part: str
    samples: NDArray[np.int16]

    @property
    def waveform(self) -> NDArray[np.float32]:
        """Return the speech, float32 (samples,) in [-1, 1]."""
        return np.asarray(self.samples, dtype=np.float32) / np.float32(32768)


def load_other_clips(path: Path = OTHER_CORPORA) -> list[OtherClip]:
    """Return all clips of other corpora, in the order of the table.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    rows = read_table(path, "corpora").to_pylist()
    speakers = sorted({(row["corpus"], row["speaker"]) for row in rows})
    number = {speaker: FIRST_ACTOR + position for position, speaker in enumerate(speakers)}
    return [_clip(row, number[row["corpus"], row["speaker"]]) for row in rows]


def _clip(row: dict[str, object], actor: int) -> OtherClip:
    samples = np.frombuffer(row["samples"], dtype="<i2")  # type: ignore[call-overload]
    mfcc = np.asarray(row["mfcc"], dtype=np.float32)
    said = {name: str(row[name]) for name in ("emotion", "label", "corpus", "speaker", "part")}
    nothing = {"sex": "", "intensity": "", "statement": 0, "repetition": 0}
    bounds = {"heard": bool(row["heard"]), "start_sample": 0, "end_sample": len(samples)}
    return OtherClip(name=str(row["clip"]), actor=actor, mfcc=mfcc, samples=samples, **said, **nothing, **bounds)  # type: ignore[arg-type]


def to_fit(choice: Choice, path: Path = OTHER_CORPORA) -> list[OtherClip]:
    """Return the clips that are trained on beside RAVDESS: none of a speaker who is held out."""
    if not choice.train:
        return []
    return [clip for clip in load_other_clips(path) if clip.corpus in choice.train and clip.part == "fit"]


def to_judge(name: str, choice: Choice, clips: Sequence[OtherClip]) -> list[OtherClip]:
    """Return the clips of the corpus `name` that were not trained on: all, or those of the held-out speakers."""
    own = [clip for clip in clips if clip.corpus == name]
    return [clip for clip in own if clip.part == "held_out"] if name in choice.train else own
