"""What one session hands over to be kept, if it consents: its samples, its messages, and what else came, in order.

Samples are written in parts of `PART_S` seconds, and the events behind them anew now and then, so that a server that is
killed leaves what can be read: a beginning of the session. Layout and lines: undertone/recorded/layout.py.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from serving.observe.recording.counts import Outcome
from serving.observe.recording.recorder import Recorder
from undertone.audio import RATE_HZ, Samples
from undertone.protocol import Message
from undertone.recorded.layout import END, FORMAT, HEAD, INPUT, events_file, stream_file, utterance_file
from undertone.recorded.sound import flac, wav
from undertone.recorded.store import Store
from undertone.stream.settings import OF_SOCKETS

log = logging.getLogger("undertone.recording")

PART_S = 10
_PART_BYTES = 2 * RATE_HZ * PART_S
_GROWTH = 1.125  # of the events, before they are written anew: all writes together are nine times their size at most
_NO_ROOM, _NO_STORE = "no room", "the store was away for too long"


class SessionRecording:
    """The recording of one session, in its event loop; nothing of it is there before `heard` with consent.

    `about` is asked for what the head says of the session beside its id, kind and beginning.
    """

    def __init__(self, recorder: Recorder, session: str, kind: str, about: Callable[[], Message]) -> None:
        self.consents = False
        self._recorder, self._session, self._kind, self._about = recorder, session, kind, about
        self._lines: list[bytes] = []
        self._pcm = bytearray()
        self._samples = self._parts = self._handed_over = self._events_bytes = self._stored_bytes = 0
        self._is_open = self._is_whole = self._is_gone = False

    def heard(self, pcm: bytes) -> None:
        """Take the next samples, little-endian int16, before they are heard."""
        if self.consents and not self._has_begun:
            self._begin()
        if not self._is_open:
            return
        self._pcm += pcm
        if len(self._pcm) >= _PART_BYTES and self._hand_over() and len(self._lines) >= _GROWTH * self._handed_over:
            self._write_events()

    def told(self, message: Message) -> None:
        """Take a message that the session told."""
        if self._is_open:
            self._add(message)

    def came(self, name: str, at_samples: int) -> None:
        """Take what came beside samples: commit, idle, finish, hint; after `at_samples` of them."""
        if self._is_open:
            self._add({"type": INPUT, "input": name, "at_samples": at_samples})
            self._is_whole = name == "finish"

    def judged(self, utterance_id: int, samples: Samples) -> None:
        """Take the sound of an utterance, (n,) int16."""
        if self._is_open:
            self._put(utterance_file(self._session, utterance_id), partial(wav, samples), samples.nbytes)

    def withdraw(self) -> None:
        """Keep nothing more, and delete what is kept: the consent was withdrawn."""
        self.consents = False
        if self._has_begun:
            self._is_gone = True
            self._close("deleted")
            self._recorder.put(
                self._delete, owed=f"the deletion of session {self._session}, whose consent was withdrawn"
            )

    def end(self, reason: str) -> None:
        """The session ended for `reason`; hand over the rest. Harmless a second time."""
        if self._is_open and self._hand_over():
            self._finish("whole" if self._is_whole else "broken_off", reason)

    @property
    def _has_begun(self) -> bool:
        return bool(self._lines)

    def _begin(self) -> None:
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        ours = {"type": HEAD, "format": FORMAT, "session_id": self._session, "began": began, "kind": self._kind}
        self._is_open = True
        self._add({**ours, **self._about()})
        self._write_events(is_first=True)

    def _add(self, line: Message) -> None:
        self._lines.append(json.dumps(line, allow_nan=False, ensure_ascii=False).encode() + b"\n")

    def _hand_over(self) -> bool:
        """Hand over the samples since the last time; False where the recording is over."""
        if self._is_gone:
            self._close("deleted")
        elif self._recorder.is_full:
            self._cut(_NO_ROOM)
        elif self._pcm:
            pcm, self._pcm = bytes(self._pcm), bytearray()
            self._parts += 1
            if self._put(stream_file(self._session, self._parts), partial(flac, pcm), len(pcm)):
                self._samples += len(pcm) // 2
            else:
                self._cut(_NO_STORE)
        return self._is_open

    def _cut(self, why: str) -> None:
        """Keep what the store has, up to the last events that it got, and nothing more."""
        log.error("session %s is recorded no longer: %s", self._session, why)
        del self._lines[self._handed_over :]
        self._finish("cut", "cut", why)

    def _finish(self, outcome: Outcome, reason: str, cut: str | None = None) -> None:
        self._add({"type": END, "reason": reason, "cut": cut, "samples": self._samples})
        self._recorder.put(partial(self._save_events, self._lines, False), owed=f"the end of session {self._session}")
        self._close(outcome)

    def _close(self, outcome: Outcome) -> None:
        if self._is_open:
            self._recorder.counts.recordings.labels(outcome).inc()
        self._is_open, self._pcm = False, bytearray()

    def _write_events(self, is_first: bool = False) -> None:
        lines = self._lines[:]
        if self._recorder.put(partial(self._save_events, lines, is_first), sum(map(len, lines))):
            self._handed_over = len(lines)
        elif is_first:
            log.error("session %s is not recorded: %s", self._session, _NO_STORE)
            self._close("cut")
        else:
            self._cut(_NO_STORE)

    def _put(self, name: str, made: Callable[[], bytes], size: int) -> bool:
        return self._recorder.put(partial(self._save, name, made), size)

    # The rest runs in the thread that writes, and may run again where it failed.

    def _save_events(self, lines: list[bytes], is_first: bool, store: Store) -> None:
        name, data = events_file(self._session), b"".join(lines)
        self._is_gone = self._is_gone or not (is_first or store.exists(name))  # somebody may have deleted it meanwhile
        if self._is_gone:
            return
        store.write(name, data)
        self._stored(len(data) - self._events_bytes)
        self._events_bytes = len(data)

    def _save(self, name: str, made: Callable[[], bytes], store: Store) -> None:
        if self._is_gone:
            return
        data = made()
        store.write(name, data)
        self._stored(len(data))
        if not store.exists(events_file(self._session)):
            self._is_gone = True
            self._delete_from(store)

    def _delete(self, store: Store) -> None:
        self._delete_from(store)
        log.info("the recording of session %s is deleted: the consent was withdrawn", self._session)

    def _delete_from(self, store: Store) -> None:
        store.delete(self._session)
        self._stored(-self._stored_bytes)

    def _stored(self, size: int) -> None:
        self._stored_bytes += size
        self._recorder.stored(size)


def head_of(settings: dict[str, Any], speculates: bool, **about: Any) -> Message:
    """Return what the head of a recording says of a session: its settings, and what it was heard with."""
    kept = {name: value for name, value in settings.items() if name not in ("speaker", *OF_SOCKETS)}  # kept as PCM
    return {"speaker": settings.get("speaker"), "settings": kept, "speculates": speculates, **about}
