"""Many short calls on few threads: what comes within some milliseconds goes there together, and so come the answers.

A call for each frame of audio would wake a thread and then the event loop, a thousand times a second for 32 sessions,
which costs as much as what is called. Calls begin in the order in which they came, each on a thread that is free; an
answer waits for those behind it no longer than `TOGETHER_S` and one call.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from serving.threads import Threads

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

TOGETHER_S = 0.02
CALLS_A_THREAD = 32  # more of them wake another thread; two of them only take the interpreter from each other

_Answer = tuple[asyncio.Future[Any], Any, BaseException | None]


class ShortCalls:
    """A way to `threads` for the callers of one event loop; `run` is that of `Threads`."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._waiting: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self._due: asyncio.TimerHandle | None = None
        self._begun_s = 0.0
        self._at_work: set[asyncio.Task[None]] = set()

    async def run(
        self, function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
    ) -> Result:
        """Return what `function` returns, called on one of the threads; whoever calls after a while calls at once."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((answer, partial(function, *arguments, **named)))
        if self._due is None:
            self._due = loop.call_at(self._begun_s + TOGETHER_S, self._begin, loop)
        return await answer

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due, self._begun_s = None, loop.time()
        wanted = -(-len(self._waiting) // CALLS_A_THREAD)
        for _ in range(min(wanted, self._threads.count - len(self._at_work))):
            task = loop.create_task(self._threads.run(self._work, loop))
            self._at_work.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        if self._waiting:  # more than it had time for, or they came when it had looked
            if self._due:
                self._due.cancel()
            self._begin(task.get_loop())

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        answers: list[_Answer] = []
        until_s = time.monotonic() + TOGETHER_S  # others wait for this thread too
        while time.monotonic() < until_s and (call := self._next()):
            answers.append(_answered(*call))
        loop.call_soon_threadsafe(_tell, answers)

    def _next(self) -> tuple[asyncio.Future[Any], Callable[[], Any]] | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None


def _answered(answer: asyncio.Future[Any], function: Callable[[], Any]) -> _Answer:
    try:
        return answer, None if answer.cancelled() else function(), None
    except BaseException as error:
        return answer, None, error


def _tell(answers: list[_Answer]) -> None:
    for answer, result, error in answers:
        if answer.done():  # whoever asked is gone
            continue
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(result)
