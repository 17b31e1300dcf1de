"""Words while they are spoken: one request at a time, at most one a second, only the newest of what waits."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from serving.sessions.subscribers import Subscriber
from serving.workers.queue import REASONS
from undertone.stream.events import Partial
from undertone.stream.utterance import SoFar

log = logging.getLogger("undertone.partials")

EVERY_S = 1.0

Transcribe = Callable[[SoFar], Awaitable[str | None]]


class Partials:
    """The coalesced slot of one session; what fails or comes too late is not sent, the next one says more anyway."""

    def __init__(self, publish: Subscriber, transcribe: Transcribe) -> None:
        self._publish, self._transcribe = publish, transcribe
        self._waiting: SoFar | None = None
        self._current: SoFar | None = None
        self._runner: asyncio.Task[None] | None = None
        self._sent_s = -EVERY_S
        self.redacts = False

    def offer(self, so_far: SoFar) -> None:
        """Take what was heard so far in place of what still waits."""
        self._waiting = so_far
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())

    def drop(self) -> None:
        """The utterance has ended: nothing more of it is sent."""
        self._waiting = self._current = None

    def cancel(self) -> None:
        """Give up: the session is over."""
        self.drop()
        if self._runner:
            self._runner.cancel()

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._sent_s + EVERY_S - time.monotonic())
            self._current, self._waiting = self._waiting, None
            if self._current:
                self._sent_s = time.monotonic()
                with contextlib.suppress(*REASONS):
                    await self._say(self._current)

    async def _say(self, so_far: SoFar) -> None:
        text = await self._transcribe(so_far)
        if text and self._current is so_far:
            await self._publish(Partial(so_far.utterance_id, None if self.redacts else text))
