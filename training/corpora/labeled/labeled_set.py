"""What the fusion is tuned on: our sentences of data/labeled, or a set of recordings that a CSV file lists.

Reading only: who is paired with what is in training/fusion/pairs.py.
"""

from dataclasses import dataclass
from pathlib import Path

from training.files import SENTENCES
from undertone.labels import LABELS
from undertone.tables import TableError, read_table

HALVES = ("tuning", "test")


class LabeledSetError(ValueError):
    """A labelled set cannot be used; the message names the file, and the line where one is at fault."""


@dataclass(frozen=True)
class Sentence:
    """One of our sentences; `domain` is what halves are balanced over."""

    id: str
    text: str
    label: str
    domain: str


@dataclass(frozen=True)
class Recording:
    """One row of a set of recordings: `text` "" is to be transcribed, `half` None is to be chosen.

    `speaker` is "" where the set does not tell. `place` is file and line, for messages.
    """

    audio: Path
    text: str
    label: str
    speaker: str
    half: str | None
    place: str


def load_sentences(path: Path = SENTENCES) -> list[Sentence]:
    """Return our sentences in the order of the file.

    Raises:
        LabeledSetError: there is no such file, or a row is not as the data card says.
    """
    rows = _rows(path, ("id", "text", "label", "domain"), "it comes with `dvc pull`")
    return [Sentence(row["id"], row["text"], _label(row, place), row["domain"]) for place, row in rows]


def load_recordings(path: Path) -> list[Recording]:
    """Return the recordings of a CSV file with the columns `audio,label` and, if it likes, `text,speaker,split`.

    `audio` is relative to the folder of the file; `split` is tuning or test in every row, or in none.

    Raises:
        LabeledSetError: no such file, a column is missing, a row has no audio file, an unknown label or split.
    """
    rows = _rows(path, ("audio", "label"), "fusion.labeled_set of params.yaml names it")
    found = [_recording(path.parent, row, place) for place, row in rows]
    if len({recording.half is None for recording in found}) > 1:
        bare = next(recording for recording in found if recording.half is None)
        raise LabeledSetError(f"{bare.place}: split is empty here and given elsewhere")
    return found


def _recording(folder: Path, row: dict[str, str], place: str) -> Recording:
    half = row.get("split") or None
    if half not in (None, *HALVES):
        raise LabeledSetError(f"{place}: split is {half!r}; it must be {' or '.join(HALVES)}")
    audio = folder / row["audio"]
    if not row["audio"] or not audio.is_file():
        raise LabeledSetError(f"{place}: there is no audio file {str(audio) if row['audio'] else '(empty)'}")
    return Recording(audio, row.get("text") or "", _label(row, place), row.get("speaker") or "", half, place)


def _rows(path: Path, columns: tuple[str, ...], advice: str) -> list[tuple[str, dict[str, str]]]:
    if not path.is_file():
        raise LabeledSetError(f"{path} not found: {advice}")
    try:
        rows = read_table(path, columns)
    except TableError as error:
        raise LabeledSetError(str(error)) from None
    if not rows:
        raise LabeledSetError(f"{path} has no rows")
    return [(row.place, {name: value.strip() for name, value in row.fields.items()}) for row in rows]


def _label(row: dict[str, str], place: str) -> str:
    if row["label"] not in LABELS:
        raise LabeledSetError(f"{place}: label is {row['label']!r}; it must be one of {', '.join(LABELS)}")
    return row["label"]
