"""Whose turn it is at the workers: finals before guesses, each in its order, and no queue that only grows.

Work waits here, in the API process, and not in LitServe's queue, so that it can still change its rank or be dropped.
"""

import asyncio
from dataclasses import dataclass, field


class OverloadError(RuntimeError):
    """So much is waiting already that another request would only time out."""


@dataclass(eq=False)
class Turn:
    """One request's place; `urgent` may be set while it waits: somebody waits for the answer now."""

    urgent: bool = True
    _called: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """`workers` requests are at work at once, `max_waiting` more may wait; lives in one event loop."""

    def __init__(self, workers: int, max_waiting: int) -> None:
        self._free = workers
        self._max_waiting = max_waiting
        self._waiting: list[Turn] = []

    @property
    def waiting(self) -> int:
        """How many wait for a worker."""
        return len(self._waiting)

    async def take(self, turn: Turn) -> None:
        """Return when it is the turn of `turn`; `give_back` is due afterwards. Cancel it to drop the request.

        Raises:
            OverloadError: too many wait.
        """
        if len(self._waiting) >= self._max_waiting:
            raise OverloadError(f"{len(self._waiting)} requests are waiting for a worker")
        self._waiting.append(turn)
        self._call_next()
        try:
            await turn._called.wait()
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:  # called and cancelled at once
                self.give_back()
            raise

    def give_back(self) -> None:
        """The worker is free for the next."""
        self._free += 1
        self._call_next()

    def _call_next(self) -> None:
        while self._free and self._waiting:
            turn = min(self._waiting, key=lambda waiting: not waiting.urgent)  # of equals min takes the first
            self._waiting.remove(turn)
            self._free -= 1
            turn._called.set()
