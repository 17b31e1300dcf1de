"""The front desk of the API process: session slots, the shared engine and threads, and the drain at the end.

A slot is taken before anything of a session is built. The desk is empty until `open` has loaded the models.
"""

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from serving.dispatch import WorkerQueue
from serving.engine import Engine, load_engine
from serving.session import Utterance
from serving.settings import ServerLimits
from serving.words import Words

log = logging.getLogger("undertone.desk")


class Guest(Protocol):
    """A session that can be asked to come to its end."""

    def drain(self) -> None:
        """Answer what was heard, then close."""


class Desk:
    """One per API process; every method runs in its event loop."""

    def __init__(self, release: Path, limits: ServerLimits, asr: dict[str, Any]) -> None:
        self.release = release
        self.limits = limits
        self.asr = asr
        self.engine: Engine | None = None
        self.draining = False
        self.workers: WorkerQueue | None = None
        self._guests: set[Guest] = set()
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="session")

    async def open(self, workers: WorkerQueue) -> None:
        """Load and warm the models, off the event loop; the desk takes sessions afterwards."""
        self.workers = workers
        self.engine = await self.compute(load_engine, self.release)
        log.info("release %s is loaded and warm", self.engine.manifest.version)

    async def compute(self, function: Any, *arguments: Any) -> Any:
        """Run `function` on a thread of the desk, so that the event loop stays free."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def refusal(self) -> tuple[str, str, int] | None:
        """Return why no session can begin now as (error code, message, close code); None means that one can."""
        if self.draining:
            return "server_draining", "the server is going down; connect again in a moment", 1012
        if self.engine is None:
            return "server_full", "the models are still loading; see /health", 1013
        if len(self._guests) >= self.limits.max_sessions:
            return "server_full", f"all {self.limits.max_sessions} sessions are taken", 1013
        return None

    def enter(self, guest: Guest) -> None:
        """Take a slot; ask `refusal` first, without an await between the two."""
        self._guests.add(guest)

    def leave(self, guest: Guest) -> None:
        """Give the slot back."""
        self._guests.discard(guest)

    async def drain(self) -> None:
        """Take no more sessions, let those under way answer what they heard, return when they did or time is up."""
        self.draining = True
        deadline_s = time.monotonic() + self.limits.drain_s
        log.info("draining %d sessions", len(self._guests))
        for guest in list(self._guests):
            guest.drain()
        while self._guests and time.monotonic() < deadline_s:
            await asyncio.sleep(0.02)

    async def transcribe(self, utterance: Utterance) -> Words:
        """Return the words of `utterance`, from a worker; errors are those of `WorkerQueue.submit`."""
        assert self.workers is not None
        began_s = time.perf_counter()
        payload = {"samples": utterance.samples.tobytes()}
        words = Words(**await self.workers.submit(payload, self.limits.words_timeout_s))
        spent_ms = 1000 * (time.perf_counter() - began_s)
        queue_ms = spent_ms - (words.asr_latency_ms or 0.0) - (words.text_latency_ms or 0.0)
        return Words(**{**vars(words), "queue_latency_ms": queue_ms})
