"""What a client sends, in its order: what waits for the connection, and what the server has not acknowledged yet.

Places are counted in samples of the session, as sent. A command stands at the place of the samples before it.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import islice

from undertone.audio import RATE_HZ

AHEAD_SAMPLES = RATE_HZ  # that wait for the connection, before more are taken
WINDOW_SAMPLES = 60 * RATE_HZ  # that are kept, before more are taken


@dataclass(frozen=True)
class _Item:
    place: int
    payload: bytes | str

    @property
    def end(self) -> int:
        return self.place + (len(self.payload) // 2 if isinstance(self.payload, bytes) else 0)

    def after(self, samples: int) -> "_Item":
        if isinstance(self.payload, str) or self.place >= samples:
            return self
        return _Item(samples, self.payload[2 * (samples - self.place) :])


class Held:
    """Audio, int16 little-endian at 16 kHz, and commands; without `keeps`, what was sent is forgotten at once.

    Nothing is given out before `go_on`, nor between `hold` and the next `go_on`.
    """

    def __init__(self) -> None:
        self.keeps = False
        self._items: deque[_Item] = deque()
        self._sent = 0  # how many of the items were given out
        self._place = self._sent_place = self._first_place = 0
        self._flows = False
        self._ended: Exception | None = None
        self._changed = asyncio.Condition()

    @property
    def is_empty(self) -> bool:
        """Whether everything was given out."""
        return self._sent == len(self._items)

    async def add_audio(self, pcm: bytes) -> None:
        """Put `pcm` behind the rest once there is room, and return when there is room for more.

        Raises:
            Exception: what `end` was given.
        """
        await self._room()
        await self._add(pcm)
        await self._room()

    async def add_command(self, text: str) -> None:
        """Put a text message behind the rest."""
        await self._add(text)

    async def next(self) -> bytes | str:
        """Return what is to be sent next."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._flows and not self.is_empty)
            item = self._items[self._sent]
            self._sent, self._sent_place = self._sent + 1, item.end
            if not self.keeps:
                self._forget(1)
            self._changed.notify_all()
        return item.payload

    def hold(self) -> None:
        """Give nothing out: the connection is lost."""
        self._flows = False

    async def end(self, why: Exception) -> None:
        """Take no more audio: `why` is raised to whoever has some, or waits for room."""
        self._ended = why
        await self._tell()

    async def go_on(self, samples: int) -> None:
        """Give out everything from number `samples` on, once more where it was given out before."""
        self._items = deque(item.after(samples) for item in self._items if self._is_due(item, samples))
        self._sent, self._sent_place, self._first_place = 0, samples, samples
        self._flows = True
        await self._tell()

    async def acknowledge(self, samples: int) -> None:
        """Forget what stands before sample number `samples`."""
        self._forget(sum(item.place < samples and item.end <= samples for item in islice(self._items, self._sent)))
        await self._tell()

    def _is_due(self, item: _Item, samples: int) -> bool:
        return item.end > samples or (isinstance(item.payload, str) and item.place == samples)

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._first_place = self._items.popleft().end
            self._sent -= 1

    async def _add(self, payload: bytes | str) -> None:
        async with self._changed:
            item = _Item(self._place, payload)
            self._items.append(item)
            self._place = item.end
            self._changed.notify_all()

    async def _room(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or self._has_room())
        if self._ended:
            raise self._ended

    def _has_room(self) -> bool:
        unsent, kept = self._place - self._sent_place, self._place - self._first_place
        return unsent < AHEAD_SAMPLES and kept < WINDOW_SAMPLES

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
