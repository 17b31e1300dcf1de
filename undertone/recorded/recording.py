"""A recorded session as it is read from a store.

RecordingError   the recording cannot be read: it is damaged, or of a later format; the message names it
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from undertone.audio import RATE_HZ, Samples
from undertone.recorded.layout import END, FORMAT, HEAD, INPUT, events_file
from undertone.recorded.sound import samples_of
from undertone.recorded.store import Store, StoreError

Line = Mapping[str, Any]


class RecordingError(ValueError):
    """A recording cannot be read."""


@dataclass(frozen=True)
class Recording:
    """What is known of a session, and what happened in it: `head`, `lines` behind it, `files` with their bytes.

    `head` has session_id, began (UTC), kind (live or upload), speaker (None: nobody said), settings, speculates,
    release, asr and recogniser; see serving/observe/recording/session.py.
    """

    session: str
    head: Line
    lines: Sequence[Line]
    files: Mapping[str, int]

    @property
    def began(self) -> datetime:
        """When its first audio came."""
        return datetime.fromisoformat(self.head["began"])

    @property
    def messages(self) -> list[Line]:
        """The messages of the wire, in their order."""
        return [line for line in self.lines if not line["type"].startswith(HEAD)]

    @property
    def inputs(self) -> list[Line]:
        """What came beside samples: `input` and `at_samples`."""
        return [line for line in self.lines if line["type"] == INPUT]

    @property
    def end(self) -> Line | None:
        """Why it ended (`reason`), and why not all is there (`cut`, else null); None: it goes on, or was broken off."""
        return next((line for line in self.lines if line["type"] == END), None)

    @property
    def is_whole(self) -> bool:
        """Whether the session was recorded to its end, and was heard to its end."""
        return self.end is not None and self.end["cut"] is None and any(one["input"] == "finish" for one in self.inputs)

    @property
    def state(self) -> str:
        """One of: whole; under way, where a server was killed too; broken off by the client; cut by a store."""
        if self.end is None:
            return "under way"
        return "whole" if self.is_whole else f"cut: {self.end['cut']}" if self.end["cut"] else "broken off"

    @property
    def heard_s(self) -> float | None:
        """How many seconds were heard; None where it has no end."""
        return self.end["samples"] / RATE_HZ if self.end else None

    @property
    def utterances(self) -> int:
        """How many finals there are."""
        return sum(line["type"] == "utterance.final" for line in self.lines)

    @property
    def stream_files(self) -> list[str]:
        """The names of the parts of all that was heard, in their order."""
        return sorted(name for name in self.files if "/stream/" in name and name.endswith(".flac"))


def read_recording(store: Store, session: str, files: Mapping[str, int]) -> Recording:
    """Return the recording of `session`, of which the store has `files`.

    Raises:
        RecordingError: it is damaged, or of a later format.
        StoreError: the store cannot be read, or has no events of it.
    """
    text = store.read(events_file(session))
    try:
        head, *lines = [json.loads(line) for line in text.splitlines()]
        if head["type"] != HEAD or head["format"] > FORMAT:
            raise RecordingError(f"{session}: format {head.get('format')}, this undertone reads {FORMAT}")
        recording = Recording(session, head, lines, files)
        assert recording.began.tzinfo
        assert all("type" in line for line in lines)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise (
            error if isinstance(error, RecordingError) else RecordingError(f"{session}: no events: {error!r}")
        ) from None
    return recording


def stream_of(store: Store, recording: Recording) -> Iterator[Samples]:
    """Yield all that was heard, (samples,) int16 at 16 kHz, part by part.

    Raises:
        RecordingError: a part is missing or damaged.
        StoreError: the store cannot be read.
    """
    for number, name in enumerate(recording.stream_files, 1):
        if not name.endswith(f"/{number:05}.flac"):
            raise RecordingError(f"{recording.session}: part {number} of what was heard is missing")
        try:
            yield samples_of(store.read(name))
        except StoreError:
            raise
        except ValueError as error:
            raise RecordingError(f"{name}: {error}") from None


@dataclass(frozen=True)
class Found:
    """What a store has of a session: its `files` with their bytes, its `recording` or what is wrong with it.

    `began` of what cannot be read is when the oldest of its files was written.
    """

    session: str
    files: Mapping[str, int]
    began: datetime
    recording: Recording | None = None
    fault: str | None = None

    @property
    def bytes(self) -> int:
        """How much it takes."""
        return sum(self.files.values())


def recordings_in(store: Store) -> Iterator[Found]:
    """Yield what there is of each session in a store; raises `StoreError`."""
    for session, files in store.sessions().items():
        yield found_in(store, session, files)


def found_in(store: Store, session: str, files: Mapping[str, int]) -> Found:
    """Return what a store has of `session`, of which it has `files`; raises `StoreError`."""
    try:
        recording = read_recording(store, session, files)
        return Found(session, files, recording.began, recording)
    except (RecordingError, StoreError) as error:
        return Found(session, files, min(store.changed(name) for name in files), fault=str(error))
