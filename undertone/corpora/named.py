"""Reads corpora whose file names say everything, at any depth of a folder: archives are unpacked in many ways."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from undertone.corpora.recording import Contents, Recording, audio_files

Said = Callable[["re.Match[str]"], Mapping[str, Any]]


def read_named(folder: Path, pattern: "re.Pattern[str]", said: Said, parents: int = 0) -> Contents:
    """Return the recordings whose names fit.

    Args:
        folder: where they lie.
        pattern: a whole name without its suffix, below so many `parents`: "DC/a01" with one.
        said: the fields of a `Recording` that a name states.
        parents: how many folders of the path belong to the name.

    Raises:
        CorpusError: `folder` is no folder.
    """
    contents = Contents([])
    seen: set[str] = set()
    for path in audio_files(folder):
        inside = path.relative_to(folder).with_suffix("")
        key = "/".join((folder.resolve().name, *inside.parts)[-1 - parents :])
        match, name = pattern.fullmatch(key), path.relative_to(folder).as_posix()
        if match is None:
            contents.unnamed.append(name)
        elif key in seen:
            contents.repeated.append(name)
        else:
            contents.recordings.append(Recording(name, path, **said(match)))
            seen.add(key)
    return contents
