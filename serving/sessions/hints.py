"""What the words so far say of the pause that they were asked for in, on its way back to the stream.

The words come whenever a worker has them; the stream takes them between two calls of `feed`, from the event loop, so
that no two threads are in it at once.
"""

import asyncio
from collections.abc import Callable

from undertone.stream.session import Session
from undertone.stream.utterance import Speculation
from undertone.words.reading import Words


class Hints:
    """The words that `session` waits for in a pause, those of its last speculation; `told` gets them first."""

    def __init__(self, session: Session, told: Callable[[Words], object]) -> None:
        self._session, self._told = session, told
        self._asked: tuple[Speculation, asyncio.Task[Words]] | None = None

    def await_words(self, speculation: Speculation, task: asyncio.Task[Words]) -> None:
        """Take the words of `speculation` once `task` has them, in place of those of an earlier one."""
        self._asked = speculation, task

    def pass_on(self) -> None:
        """Tell the session the words if they are there; only while nothing is fed to it."""
        if self._asked is None or not self._asked[1].done():
            return
        speculation, task = self._asked
        self._asked = None
        if not task.cancelled() and not task.exception():
            words = task.result()
            self._told(words)
            self._session.hint(speculation, words)

    async def settled(self) -> None:
        """Wait for the words, if any were asked for, and tell them; words that fail say nothing."""
        if self._asked:
            await asyncio.wait([self._asked[1]])
        self.pass_on()
