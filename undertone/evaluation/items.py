"""What is to be judged: recordings with their labels, from a CSV, from folders named by label, or by RAVDESS names."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from undertone.corpora.ravdess import said_by
from undertone.labels import LABELS
from undertone.offline import audio_files
from undertone.tables import Row, TableError, read_table

# The grouping of params.yaml, for whoever has no clone; a test holds the two together.
RAVDESS_LABELS = {
    **dict.fromkeys(("neutral", "calm"), "neutral"),
    **dict.fromkeys(("happy", "surprised"), "positive"),
    **dict.fromkeys(("sad", "angry", "fearful", "disgust"), "negative"),
}
_OWN = ("audio", "label", "text", "speaker")


class ItemsError(ValueError):
    """A manifest or a folder cannot be used; the message names it, and the line or file at fault."""


@dataclass(frozen=True)
class Item:
    """One recording and what is known of it; `groups` are the other columns of its manifest, by name."""

    name: str
    audio: Path
    label: str
    text: str | None = None
    speaker: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)


def read_items(places: Sequence[Path]) -> list[Item]:
    """Return what is at `places`; of several, each name begins with that of its place, or its path if two bear that.

    A CSV has the columns `audio` (paths as seen from it) and `label`, and perhaps `text`, `speaker` and any others, by
    which results are grouped. A folder has one folder for each label in it, or clips of RAVDESS by their names.

    Raises:
        ItemsError: there is nothing, a label is unknown, a file is missing or named twice.
    """
    names = Counter(place.name for place in places)
    items = []
    for place in places:
        head = place.name if names[place.name] == 1 else place.as_posix()
        items += [replace(item, name=f"{head}/{item.name}") if len(places) > 1 else item for item in _of_place(place)]
    _check_once(items)
    return items


def _of_place(place: Path) -> list[Item]:
    items = _of_folder(place) if place.is_dir() else _of_table(place)
    if not items:
        raise ItemsError(f"{place}: there is nothing to evaluate in it")
    return items


def _of_table(path: Path) -> list[Item]:
    try:
        rows = read_table(path, ("audio", "label"))
    except TableError as error:
        raise ItemsError(str(error)) from None
    except OSError as error:
        raise ItemsError(f"{path}: {error.strerror}") from None
    return [_of_row(row, path.parent) for row in rows]


def _of_row(row: Row, folder: Path) -> Item:
    name, label = row.fields["audio"].strip(), row.fields["label"].strip().lower()
    if label not in LABELS:
        raise ItemsError(f"{row.place}: the label {label!r} is none of {', '.join(LABELS)}")
    if not (folder / name).is_file():
        raise ItemsError(f"{row.place}: there is no file {folder / name}")
    text, speaker = (row.fields.get(column, "").strip() or None for column in ("text", "speaker"))
    # A column without a name is an index that a table was written with, or a comma too many.
    groups = {column: value.strip() or "unknown" for column, value in row.fields.items() if column not in ("", *_OWN)}
    return Item(name, folder / name, label, text, speaker, groups)


def _of_folder(folder: Path) -> list[Item]:
    files = audio_files(folder)
    items = [_of_file(path, folder) for path in files]
    if not all(items):
        unnamed = next(path for path, item in zip(files, items, strict=True) if item is None)
        raise ItemsError(
            f"{unnamed}: neither a folder above it is named by its label ({', '.join(LABELS)}) nor is it a clip of "
            "RAVDESS; write a CSV with the columns audio,label"
        )
    return [item for item in items if item]


def _of_file(path: Path, folder: Path) -> Item | None:
    name = str(path.relative_to(folder))
    if clip := said_by(path.stem):
        emotion, speaker = clip["emotion"], f"actor {clip['speaker']}"
        groups = {"emotion": emotion, **clip["groups"]}
        return Item(name, path, RAVDESS_LABELS[emotion], clip["text"], speaker, groups)
    named = [part.lower() for part in path.relative_to(folder).parts[:-1] if part.lower() in LABELS]
    return Item(name, path, named[-1]) if named else None


def _check_once(items: Iterable[Item]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            raise ItemsError(f"{item.audio}: {item.name} is named twice")
        seen.add(item.name)
