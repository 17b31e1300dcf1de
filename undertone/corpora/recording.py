"""What every corpus is brought to: its recordings with speaker and emotion, and what is known of it as published."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".mp4"})


class CorpusError(ValueError):
    """A folder does not hold the corpus; the message names it, and the file or line where one is at fault."""


@dataclass(frozen=True)
class Recording:
    """One recording: `name` is its path inside the corpus; what the corpus does not tell is "".

    `emotion` is a name of undertone/corpora/emotions.py, `label` one of ours where the corpus publishes a sentiment.
    """

    name: str
    audio: Path
    speaker: str
    emotion: str = ""
    label: str = ""
    text: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """What a folder holds: its recordings, files that break its names, second files of a name, rows without a file."""

    recordings: list[Recording]
    unnamed: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Corpus:
    """A corpus as published; `recordings` and `speakers` are how many there must be, None where that is not fixed.

    `faults` says of names of files, without suffix, what is wrong with them in every copy.
    """

    name: str
    title: str
    licence: str
    reference: str
    layout: str
    read: Callable[[Path], Contents]
    recordings: int | None = None
    speakers: int | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


def audio_files(folder: Path) -> list[Path]:
    """Return the audio files under `folder` at any depth, sorted; what is hidden is left out.

    Raises:
        CorpusError: `folder` is no folder.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder")
    return files_in(folder, SUFFIXES)


def files_in(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files under `folder` with one of `suffixes`, lower-case, sorted; what is hidden is left out."""
    inside = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in suffixes and path.is_file())
    return [path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
