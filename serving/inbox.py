"""What a client has sent and its session has not yet read: bounded, so that TCP slows a client faster than us."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket

BUFFERED_BYTES = 320_000  # ten seconds of audio


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
        self._held_bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._reader = asyncio.create_task(self._read())

    async def next(self, timeout_s: float) -> Frame:
        """Return the next message.

        Raises:
            TimeoutError: nothing came within `timeout_s`.
            Gone, Drain: there is nothing more to read.
        """
        async with asyncio.timeout(max(timeout_s, 0.001)):
            item = await self._queue.get()
        if not isinstance(item, Frame):
            raise item
        self._hold(-_size(item))
        return item

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


def _size(frame: Frame) -> int:
    return len(frame.data or b"") + len(frame.text or "")
