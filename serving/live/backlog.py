"""Messages that wait to be read: the oldest and the newest in memory, whatever is between them in a file.

So a client may send as fast as its socket takes it, with little memory for it, and its control frames never wait behind
its audio. The file has no name and is gone with the session; it lies where TMPDIR says. Where nothing can be written,
on a full disk, little is taken before it is read: whoever sends faster has to wait.
"""

import asyncio
import errno
import logging
import os
import pickle
import threading
from collections import deque
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import IO, Any, Generic, TypeVar

log = logging.getLogger("undertone.live")

BLOCK_BYTES = 320_000  # ten seconds of audio: twice as much is in memory at most, what was sent in one message apart
MOST_BYTES = 256 << 20  # over two hours of audio, more than a session may last
KEPT_BYTES = 4 * BLOCK_BYTES  # the same where it cannot be stored
MESSAGE_BYTES = 200  # what a message takes beside its payload, an empty one too

Message = TypeVar("Message")


class Backlog(Generic[Message]):
    """A queue of messages in one event loop, with one reader and one writer; `size_of` tells the bytes of a payload.

    There is room as long as fewer than `most_bytes` wait.
    """

    def __init__(self, size_of: Callable[[Message], int], most_bytes: int = MOST_BYTES) -> None:
        self._size_of, self._most_bytes = size_of, most_bytes
        self._oldest: deque[Message] = deque()
        self._blocks: deque[asyncio.Task[_Stored]] = deque()  # in the file; each is done when it is written
        self._newest: list[Message] = []
        self._newest_bytes = self._bytes = 0
        self._spool = _Spool()
        self._filled, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    def add(self, message: Message) -> None:
        """Put `message` behind the others."""
        taken = self._taken(message)
        self._newest.append(message)
        self._newest_bytes += taken
        self._bytes += taken
        self._filled.set()
        if self._newest_bytes >= BLOCK_BYTES:
            self._make_room()
        self._look_for_room()

    def allow(self, most_bytes: int) -> None:
        """Let so many bytes wait from now on."""
        self._most_bytes = most_bytes
        self._look_for_room()

    async def room(self) -> None:
        """Return when more may be added: what is to be stored is, and not too much waits already."""
        if self._blocks:
            await asyncio.wait([self._blocks[-1]])
            self._look_for_room()
        await self._room.wait()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._filled.is_set()

    async def filled(self) -> None:
        """Return when there is a message to take."""
        await self._filled.wait()

    async def take(self) -> Message:
        """Return the oldest message; there must be one, see `filled`."""
        if not self._oldest:
            await self._load()
        return self._pop()

    def take_if(self, wanted: Callable[[Message], bool]) -> Message | None:
        """Return the oldest message, taken, if it is at hand and `wanted`."""
        if not self._oldest and not self._blocks:
            self._move_up()
        return self._pop() if self._oldest and wanted(self._oldest[0]) else None

    def forget_stored(self) -> None:
        """Drop what is not in memory, and what came after it: there is no time left to read it."""
        if self._blocks:
            self._blocks.clear()
            self._newest.clear()
            self._newest_bytes = 0
            self._bytes = sum(map(self._taken, self._oldest))

    def close(self) -> None:
        """Let go of the file."""
        self._spool.close()

    def _taken(self, message: Message) -> int:
        return self._size_of(message) + MESSAGE_BYTES

    def _pop(self) -> Message:
        message = self._oldest.popleft()
        self._bytes -= self._taken(message)
        self._look_for_room()
        if not (self._oldest or self._blocks or self._newest):
            self._filled.clear()
        return message

    def _look_for_room(self) -> None:
        most_bytes = min(KEPT_BYTES, self._most_bytes) if self._spool.failed else self._most_bytes
        if self._bytes < most_bytes:
            self._room.set()
        else:
            self._room.clear()

    def _make_room(self) -> None:
        if not (self._oldest or self._blocks):
            self._move_up()
            return
        block, self._newest, self._newest_bytes = self._newest, [], 0
        self._blocks.append(asyncio.create_task(asyncio.to_thread(self._spool.write, block)))

    async def _load(self) -> None:
        if not self._blocks:
            self._move_up()
            return
        block = self._blocks[0]  # stays there while it is read, or what is added meanwhile would take its place
        self._oldest = deque(await asyncio.to_thread(self._spool.read, await block))
        if self._blocks and self._blocks[0] is block:
            self._blocks.popleft()

    def _move_up(self) -> None:
        self._oldest, self._newest, self._newest_bytes = deque(self._newest), [], 0


_Stored = tuple[int, int] | list[Any]  # where a block begins and its bytes; or the block, where it was not written


class _Spool:
    """Blocks of messages in a file, each read once; its methods are for threads. `failed`: the last was not written."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._end = self._unread = 0
        self._lock, self._closed = threading.Lock(), False
        self.failed = False

    def write(self, block: list[Any]) -> _Stored:
        """Return where `block` is."""
        with self._lock:
            if self._closed:
                return 0, 0
            try:
                place = self._append(pickle.dumps(block))
            except OSError as error:
                if not self.failed:
                    log.error("what waits to be heard cannot be stored (%s): less of it is taken", error.strerror)
                self.failed = True
                return block
            self.failed = False
            return place

    def _append(self, data: bytes) -> tuple[int, int]:
        self._file = self._file or TemporaryFile(buffering=0)  # noqa: SIM115  # a buffer would keep what was not written
        begins = self._end
        if os.pwrite(self._file.fileno(), data, begins) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._end, self._unread = begins + len(data), self._unread + 1
        return begins, len(data)

    def read(self, stored: _Stored) -> list[Any]:
        """Return the block that is `stored`."""
        if isinstance(stored, list):
            return stored
        begins, size = stored
        with self._lock:
            assert self._file is not None
            block: list[Any] = pickle.loads(os.pread(self._file.fileno(), size, begins))
            self._unread -= 1
            if not self._unread:
                self._end = self._file.truncate(0)
            return block

    def close(self) -> None:
        """Close the file when no thread is at it."""
        with self._lock:
            self._closed = True
            if self._file:
                self._file.close()
