"""What the networks of a cross-validation answered, as a table: for what is joined with them later, without fitting."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.corpora.ravdess.clips import Clip
from training.crossval.scores import Heard
from training.files import CROSSVAL_ANSWERS
from training.tables import read_table, write_records


@dataclass(frozen=True)
class Answer:
    """One clip under one condition: logits of the labels, and of the emotions where they were asked for, else none."""

    clip: str
    condition: str
    fold: int
    labels: list[float]
    emotions: list[float]


def write_answers(heard: Heard, path: Path = CROSSVAL_ANSWERS) -> None:
    """Write what one architecture answered to all clips under all conditions."""
    write_records(path, [row for condition in heard.logits for row in _rows(heard, condition)])


def _rows(heard: Heard, condition: str) -> list[Answer]:
    emotions = heard.emotion_logits if condition == "whole" else None
    told = [[] for _ in heard.clips] if emotions is None else emotions.tolist()
    parts = zip(heard.clips, heard.folds.tolist(), heard.logits[condition].tolist(), told, strict=True)
    return [Answer(clip.name, condition, fold, labels, own) for clip, fold, labels, own in parts]


def read_answers(clips: Sequence[Clip], path: Path = CROSSVAL_ANSWERS) -> Heard:
    """Return what `write_answers` wrote; `clips` are all clips of the feature table.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    rows = [Answer(**row) for row in read_table(path, "crossval").to_pylist()]
    whole = [row for row in rows if row.condition == "whole"]
    of_name = {clip.name: clip for clip in clips}
    conditions = dict.fromkeys(row.condition for row in rows)
    return Heard(
        clips=[of_name[row.clip] for row in whole],
        folds=np.array([row.fold for row in whole]),
        logits={name: np.array([row.labels for row in rows if row.condition == name]) for name in conditions},
        emotion_logits=np.array([row.emotions for row in whole]) if whole[0].emotions else None,
    )
