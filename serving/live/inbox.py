"""What a client has sent and its session has not yet read: bounded, so that TCP slows a client faster than us.

Audio that has been waiting is read in one piece: a session hears the same whatever the pieces, and each costs a way to
a thread and back.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket

BUFFERED_BYTES = 320_000  # ten seconds of audio
JOINED_BYTES = 8192  # a quarter of a second: longer pieces save nothing more, and keep others waiting for the thread


@dataclass(frozen=True)
class Frame:
    """A binary message (`data`) or a text message (`text`) and when it came, by the clock of the inbox."""

    data: bytes | None
    text: str | None
    arrived_s: float


class Gone(Exception):
    """The client closed the connection or it broke."""


class Drain(Exception):
    """The server wants to go down; everything sent before was read."""


class Inbox:
    """Reads the socket in a task of its own, so that waiting for a message never cancels a read half-way.

    `clock`, in seconds, says when a message came.
    """

    def __init__(self, websocket: WebSocket, clock: Callable[[], float]) -> None:
        self._websocket, self._clock = websocket, clock
        self._queue: asyncio.Queue[Frame | type[Exception]] = asyncio.Queue()
        self._kept: Frame | type[Exception] | None = None  # looked at, but not joined to what came before
        self._held_bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._reader = asyncio.create_task(self._read())

    async def next(self, timeout_s: float) -> Frame:
        """Return the next message; audio that waits behind audio comes with it.

        Raises:
            TimeoutError: nothing came within `timeout_s`.
            Gone, Drain: there is nothing more to read.
        """
        item, self._kept = self._kept, None
        if item is None:
            async with asyncio.timeout(max(timeout_s, 0.001)):
                item = await self._queue.get()
        if not isinstance(item, Frame):
            raise item
        item = self._joined(item)
        self._hold(-_size(item))
        return item

    def _joined(self, frame: Frame) -> Frame:
        pieces = [frame]
        while _is_audio(frame) and not self._queue.empty():
            following = self._queue.get_nowait()
            if not (isinstance(following, Frame) and _is_audio(following) and _fits(pieces, following)):
                self._kept = following
                break
            pieces.append(following)
        if len(pieces) == 1:
            return frame
        return Frame(b"".join(piece.data or b"" for piece in pieces), None, frame.arrived_s)

    def drain(self) -> None:
        """Let `next` raise `Drain` after what has already come."""
        self._queue.put_nowait(Drain)

    def close(self) -> None:
        """Stop reading."""
        self._reader.cancel()

    async def _read(self) -> None:
        try:
            while True:
                await self._room.wait()
                message: dict[str, Any] = dict(await self._websocket.receive())
                if message["type"] == "websocket.disconnect":
                    break
                frame = Frame(message.get("bytes"), message.get("text"), self._clock())
                self._hold(_size(frame))
                self._queue.put_nowait(frame)
        finally:
            self._queue.put_nowait(Gone)

    def _hold(self, difference_bytes: int) -> None:
        self._held_bytes += difference_bytes
        if self._held_bytes < BUFFERED_BYTES:
            self._room.set()
        else:
            self._room.clear()


def _is_audio(frame: Frame) -> bool:
    """Whole samples; what is not is refused by itself."""
    return bool(frame.data) and len(frame.data or b"") % 2 == 0


def _fits(pieces: list[Frame], following: Frame) -> bool:
    return sum(map(_size, pieces)) + _size(following) <= JOINED_BYTES


def _size(frame: Frame) -> int:
    return len(frame.data or b"") + len(frame.text or "")
