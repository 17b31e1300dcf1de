"""Threads for what would hold up the event loop, a pool for each purpose: none waits behind another's work."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Threads:
    """A pool of `count` threads; with `niceness` they leave a core to the others that want it, where threads can."""

    def __init__(self, purpose: str, count: int, niceness: int = 0) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count, purpose, initializer=_yield_to_others, initargs=(niceness,))

    async def run(
        self, function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
    ) -> Result:
        """Return what `function` returns, called on one of the threads."""
        assert not named, "run_in_executor takes positional arguments only"
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)


def add_up_alone() -> None:
    """Let the BLAS of this process add up on the thread that asks, and start no others.

    OpenBLAS has a thread for each core, which waits for the next product awake: behind each utterance a core for as
    long as the words of it took, for products that are done before another thread is awake.
    """
    threadpool_limits(limits=1, user_api="blas")


def _yield_to_others(niceness: int) -> None:
    if niceness and sys.platform == "linux":  # elsewhere it would be the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
