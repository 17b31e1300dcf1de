"""The recordings that a command is given: files, the audio files in folders, and one on standard input."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line starts without loading the audio libraries
    from undertone.audio import Samples
    from undertone.audio_file import Note

STANDARD_INPUT = Path("-")


@dataclass
class Recording:
    """A file, or with the path `-` what standard input holds, which is read to its end before it is heard."""

    path: Path
    _spool: int | None = None

    @property
    def name(self) -> str:
        """Its path as it was given, or found in a folder."""
        return str(self.path)

    def blocks(self, notes: "list[Note]") -> "Iterator[Samples]":
        """Yield it in pieces, (samples,) int16 at 16 kHz, from its beginning each time; see undertone/audio_file.

        Raises:
            AudioFileError: it cannot be read; the message names it.
        """
        from undertone.audio_file import AudioFileError, blocks, decoded

        try:
            if self.path == STANDARD_INPUT:
                yield from decoded(self._spooled(), "standard input", notes=notes)
            else:
                yield from blocks(self.path, notes)
        except OSError as error:
            name = "standard input" if self.path == STANDARD_INPUT else self.name
            raise AudioFileError(f"{name}: {error.strerror or error}") from None

    def duration_s(self) -> float:
        """Return how long its header says it is; 0 where it does not tell, and for standard input."""
        from undertone.audio_file import duration_s

        return 0.0 if self.path == STANDARD_INPUT else duration_s(self.path)

    def _spooled(self) -> int:
        """Return a descriptor of what standard input held, in which decoders can go back; it is open until the end."""
        if self._spool is None:
            with TemporaryFile() as spool:
                copyfileobj(sys.stdin.buffer, spool)
                spool.flush()
                self._spool = os.dup(spool.fileno())
        return self._spool


def recordings(places: Sequence[Path], complain: Callable[[str], None]) -> tuple[list[Recording], int]:
    """Return the recordings at `places` in their order, and how many of those were folders without any or unreadable.

    Those are told through `complain`. Folders are searched as by `undertone.offline.audio_files`.
    """
    from undertone.offline import audio_files

    found: list[Recording] = []
    nothing = 0
    for place in places:
        try:
            files = audio_files(place)
        except OSError as error:
            complain(f"{place}: {error.strerror or error}")
            nothing += 1
            continue
        if not files:
            complain(f"{place}: no audio files in this folder")
            nothing += 1
        found += map(Recording, files)
    return found, nothing
