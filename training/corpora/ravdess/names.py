"""The RAVDESS file names: what each says, which clips there must be, and where they lie in a folder or an archive.

A name is `03-01-EE-II-SS-RR-AA`: audio only, speech, emotion, intensity, statement, repetition, actor (Livingstone &
Russo 2018, PLoS ONE 13(5): e0196391). This module reads names, never sound.
"""

import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path, PurePosixPath

from undertone.labels import emotion_of_code

ACTORS = range(1, 25)
STATEMENTS = {1: "Kids are talking by the door", 2: "Dogs are sitting by the door"}
_NAME = re.compile(r"03-01-(0[1-8])-(0[12])-(0[12])-(0[12])-(0[1-9]|1[0-9]|2[0-4])")
_ACTOR_FOLDER = re.compile(r"actor.*", re.IGNORECASE)


class RavdessError(ValueError):
    """A set of clips is not RAVDESS; the message names the clips."""


@dataclass(frozen=True)
class ClipName:
    """What a file name says; `actor` is 1 to 24, odd actors are male, even ones female."""

    name: str
    emotion: str
    intensity: str
    statement: int
    repetition: int
    actor: int

    @property
    def sex(self) -> str:
        """Return "male" or "female"."""
        return "male" if self.actor % 2 else "female"

    @property
    def folder(self) -> str:
        """Return the folder of the actor: "Actor_01" to "Actor_24"."""
        return f"Actor_{self.actor:02d}"


def parse_name(name: str) -> ClipName:
    """Read a file name without its suffix: `parse_name("03-01-05-02-01-01-07").emotion` is "angry".

    Raises:
        RavdessError: the name breaks the grammar, or names a strong neutral, which was never recorded.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise RavdessError(f"{name!r} is not a RAVDESS speech name (03-01-EE-II-SS-RR-AA)")
    emotion, intensity, statement, repetition, actor = match.groups()
    if emotion == "01" and intensity == "02":
        raise RavdessError(f"{name!r} says strong neutral, which RAVDESS does not have")
    strength = "strong" if intensity == "02" else "normal"
    return ClipName(name, emotion_of_code(emotion), strength, int(statement), int(repetition), int(actor))


def expected_names(actors: Iterable[int] = ACTORS) -> set[str]:
    """Return the names of the 60 clips of each of `actors`."""
    codes = product(range(1, 9), (1, 2), (1, 2), (1, 2), actors)
    return {
        f"03-01-{emotion:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
        for emotion, intensity, statement, repetition, actor in codes
        if (emotion, intensity) != (1, 2)
    }


ClipFiles = dict[str, Callable[[], bytes]]  # name of a clip -> reads its file


def clips_in_folder(folder: Path) -> ClipFiles:
    """Find `03-01-*.wav|flac` at any depth of `folder`, and refuse names and folders that break the grammar."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return _by_name((path.relative_to(folder).as_posix(), path.read_bytes) for path in paths)


def clips_in_zip(archive: zipfile.ZipFile) -> ClipFiles:
    """Find the clips in `archive` as `clips_in_folder` does; nothing is unpacked until a clip is read."""
    members = [name for name in sorted(archive.namelist()) if not name.endswith("/")]
    return _by_name((member, partial(archive.read, member)) for member in members)


def check_complete(names: Iterable[str], expected: set[str]) -> None:
    """Refuse a set of clips that lacks any of `expected` or has others, naming them all."""
    found = set(names)
    missing, extra = sorted(expected - found), sorted(found - expected)
    problems = [
        f"{len(clips)} {what}: {', '.join(clips)}" for what, clips in (("missing", missing), ("extra", extra)) if clips
    ]
    if problems:
        raise RavdessError(f"expected {len(expected)} clips, found {len(found)}; " + "; ".join(problems))


def _by_name(files: Iterable[tuple[str, Callable[[], bytes]]]) -> ClipFiles:
    clips: ClipFiles = {}
    problems: list[str] = []
    for location, read in files:
        path = PurePosixPath(location)
        if not path.name.startswith("03-01-") or path.suffix.lower() not in (".wav", ".flac"):
            continue
        problem = _problem(path, clips)
        if problem:
            problems.append(f"{location} ({problem})")
        else:
            clips[path.stem] = read
    if problems:
        raise RavdessError(f"{len(problems)} misnamed or repeated clips: " + ", ".join(problems))
    return clips


def _problem(path: PurePosixPath, known: ClipFiles) -> str | None:
    try:
        clip = parse_name(path.stem)
    except RavdessError as error:
        return str(error)
    if _ACTOR_FOLDER.fullmatch(path.parent.name) and path.parent.name != clip.folder:
        return f"belongs in {clip.folder}"
    return "a second file of this name" if path.stem in known else None
