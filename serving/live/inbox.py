"""What a client has sent and its session has not yet read, in order; the socket is always read on.

A client may send over one socket after the other: what came over the first is read before what comes over the next.

Audio that has been waiting is read in one piece: a session hears the same whatever the pieces, and each costs a way to
a thread and back. It may be let wait for that; what is not audio ends such a wait.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeGuard

from serving.live.backlog import Backlog
from serving.live.socket import Socket
from serving.live.websocket_protocol import TOO_LARGE
from undertone.audio import RATE_HZ
from undertone.encodings.forms import Form

JOINED_BYTES = 8192  # a quarter of a second: longer pieces save nothing more, and keep others waiting for the thread
PCM_BYTES_PER_S = 2 * RATE_HZ
AHEAD_S = 2.0
_SECOND_LOOK_S = 0.05


class Frame(NamedTuple):
    """A binary message (`data`) or a text message (`text`) and when it came, by the clock of the inbox.

    `early`: the audio before it was over `AHEAD_S` longer than the time since the first, it is sent faster than life.
    `too_large`: the bytes of a message of which nothing was taken.
    """

    data: bytes | None
    text: str | None
    arrived_s: float
    early: bool = False
    too_large: int = 0


class Cut(Exception):
    """The socket brings nothing more: the client closed the connection or it broke."""


class Drain(Exception):
    """The server wants to go down; everything sent before was read."""


class Inbox:
    """Reads the socket in a task of its own, so that waiting for a message never cancels a read half-way.

    Before the first audio a message is read only when the one before it is done with: it may say how audio is sent,
    which `form` then holds. `clock`, in seconds, says when a message came; `is_unused` tells that nothing came over the
    socket. No more is read while `most_s` seconds of audio wait.
    """

    def __init__(self, clock: Callable[[], float], most_s: float = 7200.0) -> None:
        self._clock = clock
        self._form, self._most_s = Form(), most_s
        self._backlog: Backlog[Frame | type[Exception]] = Backlog(_size, round(most_s * self._form.bytes_per_s))
        self._taken_bytes, self._began_s = 0, 0.0
        self._answered, self._hurried = asyncio.Event(), asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self.is_unused = True

    def attach(self, socket: Socket) -> None:
        """Read `socket` from now on, and no other."""
        self.stop()
        self._began_s = max(self._began_s, time.monotonic() - self.audio_s)  # what was held back comes now, early
        self.is_unused = True
        self._reader = asyncio.create_task(self._read(socket))

    async def next(self, timeout_s: float, together_s: float = 0.0) -> Frame:
        """Return the next message; audio that waits behind audio comes with it, or comes within `together_s` after it.

        Raises:
            TimeoutError: nothing came within `timeout_s`.
            Cut, Drain: there is nothing more to read.
        """
        if self._backlog.is_empty:
            self._answered.set()
            self._hurried.clear()
        try:
            await self._filled(timeout_s)
        except TimeoutError:  # this process may have stood still itself: what came meanwhile is not late
            await self._filled(_SECOND_LOOK_S)
        item = await self._backlog.take()
        if not isinstance(item, Frame):
            raise item
        if not self._is_audio(item):
            return item
        if together_s and not item.early and _size(item) < together_s * self._form.bytes_per_s:
            await self._company(item.arrived_s + together_s - self._clock())
        return self._joined(item)

    @property
    def form(self) -> Form:
        """How the bytes of audio are counted."""
        return self._form

    def count_as(self, form: Form) -> None:
        """Count the bytes of audio as `form` says from now on."""
        self._form = form
        self._backlog.allow(round(self._most_s * form.bytes_per_s))

    @property
    def audio_s(self) -> float:
        """Seconds of audio that came so far; of Opus an estimate."""
        return self._taken_bytes / self._form.bytes_per_s

    @property
    def units(self) -> int:
        """Samples, of Opus bytes, that came so far."""
        return self._taken_bytes // self._form.unit_bytes

    def wake(self) -> None:
        """Let `next` raise `Cut` after what has already come."""
        self._add(Cut)

    async def _filled(self, timeout_s: float) -> None:
        async with asyncio.timeout(max(timeout_s, 0.001)):
            await self._backlog.filled()

    async def _company(self, in_s: float) -> None:
        if in_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(in_s):
                    await self._hurried.wait()

    def _add(self, item: Frame | type[Exception]) -> None:
        self._backlog.add(item)
        if not self._is_audio(item) or item.early:
            self._hurried.set()

    def _joined(self, frame: Frame) -> Frame:
        pieces, room = [frame.data or b""], JOINED_BYTES - _size(frame)
        while following := self._backlog.take_if(partial(self._fits, room_bytes=room)):
            assert isinstance(following, Frame)
            pieces.append(following.data or b"")
            room -= _size(following)
        return frame._replace(data=b"".join(pieces)) if len(pieces) > 1 else frame

    def drain(self) -> None:
        """Let `next` raise `Drain` after what has already come, as far as there is time to hear it."""
        self._backlog.forget_stored()
        self._add(Drain)

    def close(self) -> None:
        """Stop reading, and forget what waits."""
        self.stop()
        self._backlog.close()

    def stop(self) -> None:
        """Read no more, whatever the client still sends."""
        if self._reader:
            self._reader.cancel()

    async def _read(self, socket: Socket) -> None:
        while True:
            await self._backlog.room()
            message = await socket.receive()
            if message is None:
                return
            self.is_unused = False
            self._add(self._frame(message))
            if not self._taken_bytes:
                self._answered.clear()
                await self._answered.wait()

    def _frame(self, message: dict[str, Any]) -> Frame:
        data = message.get("bytes")
        early = self._is_early(data or b"")
        return Frame(data, message.get("text"), self._clock(), early, message.get(TOO_LARGE, 0))

    def _is_early(self, data: bytes) -> bool:
        now_s = time.monotonic()
        if not self._taken_bytes:
            self._began_s = now_s
        ahead_s = self.audio_s - (now_s - self._began_s)
        self._taken_bytes += 0 if len(data) % self._form.unit_bytes else len(data)  # half a sample is not taken
        return ahead_s > AHEAD_S

    def _is_audio(self, item: Frame | type[Exception]) -> TypeGuard[Frame]:
        """Whole samples; what is not is refused by itself."""
        return isinstance(item, Frame) and bool(item.data) and len(item.data or b"") % self._form.unit_bytes == 0

    def _fits(self, item: Frame | type[Exception], room_bytes: int) -> bool:
        return self._is_audio(item) and _size(item) <= room_bytes


def _size(item: Frame | type[Exception]) -> int:
    return len(item.data or b"") + len(item.text or "") if isinstance(item, Frame) else 0
