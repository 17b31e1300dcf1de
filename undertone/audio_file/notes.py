"""What was done to a recording before it was heard, or what is missing from it, for whoever sent it."""

import warnings
from dataclasses import dataclass
from typing import Any

LOSSES = ("ended_early", "damaged")


class AudioFileWarning(UserWarning):
    """Something of a recording is missing, and nobody asked for the notes that say so."""


@dataclass(frozen=True)
class Note:
    """One of: `ended_early`, `damaged`, `header_repaired`, `level_scaled`, `level_clipped`; `at_ms` of the audio."""

    code: str
    message: str
    at_ms: int | None = None

    @property
    def is_loss(self) -> bool:
        """Whether something that was recorded was not heard."""
        return self.code in LOSSES

    def as_dict(self) -> dict[str, Any]:
        """Return it as clients get it; `at_ms` only where there is a time to name."""
        note: dict[str, Any] = {"code": self.code, "message": self.message}
        return note if self.at_ms is None else {**note, "at_ms": self.at_ms}


class Notes:
    """Takes the notes of one recording, each code once, into the caller's list; without one losses are warnings."""

    def __init__(self, name: str, taken: list[Note] | None) -> None:
        self._name, self._taken = name, taken
        self._codes: set[str] = set()

    def add(self, code: str, message: str, at_ms: int | None = None) -> None:
        """Take a note, unless there is one of this code; what comes first is what is said."""
        if code in self._codes:
            return
        self._codes.add(code)
        note = Note(code, message, at_ms)
        if self._taken is not None:
            self._taken.append(note)
        elif note.is_loss:
            warnings.warn(f"{self._name}: {message}", AudioFileWarning, stacklevel=2)
