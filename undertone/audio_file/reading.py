"""Reads a recording, from a path or an open file, as 16 kHz mono int16."""

import math
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from undertone.audio import Samples
from undertone.audio_file.containers.parts import parts
from undertone.audio_file.containers.window import Window
from undertone.audio_file.decoding import Decoding
from undertone.audio_file.errors import AudioFileError
from undertone.audio_file.notes import Note, Notes
from undertone.audio_file.opening import opened


def read(path: Path, notes: list[Note] | None = None) -> Samples:
    """Return the whole file, (samples,) at 16 kHz: the same samples as `blocks`, joined.

    Raises:
        AudioFileError: see there.
    """
    return np.concatenate(list(blocks(path, notes)))


def blocks(path: Path, notes: list[Note] | None = None) -> Iterator[Samples]:
    """Yield the file in pieces of about a second, (samples,) int16 at 16 kHz; channels are averaged.

    A 16 kHz mono 16-bit file comes through bit for bit. What can be decoded of a file that ends early is yielded, and
    said in `notes`, which are complete after the last piece; where nobody takes them, in an `AudioFileWarning`.

    Raises:
        AudioFileError: the file is missing, no audio, empty, damaged, or holds samples that are not numbers.
    """
    if not path.is_file():
        raise AudioFileError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    yield from decoded(path, str(path), notes=notes)


def decoded(
    source: Path | int, name: str, max_s: float = math.inf, notes: list[Note] | None = None
) -> Generator[Samples, None, None]:
    """Yield `source`, a path or an open file descriptor, as `blocks` does; errors and notes speak of `name`.

    Raises:
        AudioFileError: one of the four; AudioTooLongError comes first where the header tells the truth of the length.
    """
    with open(source if isinstance(source, Path) else os.dup(source), "rb") as file:  # noqa: PTH123
        whole = Window(file, 0, file.seek(0, os.SEEK_END))
        decoding = Decoding(name, max_s, Notes(name, notes))
        for part in parts(whole):
            yield from decoding.samples(part)
        decoding.end()


def duration_s(path: Path) -> float:
    """Return how long the headers of the file say it is, in seconds; 0 where they do not tell, or it cannot be read."""
    try:
        with path.open("rb") as file:
            whole = Window(file, 0, file.seek(0, os.SEEK_END))
            return sum(_claimed_s(part) for part in parts(whole))
    except (OSError, AudioFileError):
        return 0.0


def _claimed_s(part: Window) -> float:
    with closing(opened(part)) as stream:
        return stream.claimed_s or 0.0
