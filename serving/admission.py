"""The front desk of the API process: session slots, the shared engine and threads, and the drain at the end.

A slot is taken before anything of a session is built. The desk is empty until `open` has loaded the models.
"""

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from serving.settings import Recognition, ServerLimits
from serving.workers.queue import WorkerLostError, WorkerQueue
from serving.workers.scheduler import Turn
from serving.workers.words import NO_ASR
from undertone.audio import Samples
from undertone.release import Release, open_release
from undertone.words.languages import refusal as language_refusal
from undertone.words.reading import Words

log = logging.getLogger("undertone.desk")

_DESCRIBE_TIMEOUT_S = 30.0


class Guest(Protocol):
    """A session that can be asked to come to its end."""

    def drain(self) -> None:
        """Answer what was heard, then close."""


class Desk:
    """One per API process; every method runs in its event loop.

    `asr` says which recogniser the workers loaded and why; `switched_on` is what the operator asked for.
    """

    def __init__(self, release: Path, limits: ServerLimits, switched_on: Recognition) -> None:
        self.release = release
        self.limits = limits
        self.asr: dict[str, Any] = dict(NO_ASR)
        self.engine: Release | None = None
        self.draining = False
        self._switched_on = switched_on
        self._words: WorkerQueue | None = None
        self._partials: WorkerQueue | None = None
        self._describing: asyncio.Task[None] | None = None
        self._guests: set[Guest] = set()
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="session")

    async def open(self, words: WorkerQueue, partials: WorkerQueue | None) -> None:
        """Load and warm the models, off the event loop, and await the workers; the desk takes sessions afterwards.

        Raises:
            undertone.manifest.ReleaseError: the release is not whole.
            WorkerError: a worker cannot be set up.
        """
        self._words, self._partials = words, partials
        engine = await self.compute(open_release, self.release)
        for queue in filter(None, (words, partials)):
            await queue.until_ready()
        await self._describe(words)
        self.engine = engine
        log.info("release %s is loaded and warm", engine.manifest.version)

    async def _describe(self, words: WorkerQueue) -> None:
        await words.until_ready()
        self.asr.update(await words.submit({"describe": True}, _DESCRIBE_TIMEOUT_S))
        log.info("speech recognition: %s", " ".join(f"{name}={value!r}" for name, value in self.asr.items()))

    async def _describe_again(self, words: WorkerQueue) -> None:
        try:
            await self._describe(words)
        except Exception as error:
            log.warning("no worker says which model it loaded: %r", error)

    @property
    def speculates(self) -> bool:
        """Whether sessions ask for words ahead of an endpoint."""
        return self._switched_on.speculation and self.asr["engine"] != "none"

    @property
    def no_partials(self) -> str | None:
        """Why there are no partials here; None where there are."""
        if self.asr["engine"] == "none":
            return f"this server has no speech recognition ({self.asr['reason']})"
        if self._partials is None:
            return "this server has no workers for words while they are spoken (see --partial-workers)"
        return None

    def no_language(self, language: str | None) -> str | None:
        """Why `language` cannot be asked for here; None where it can, and where no engine is there to know any."""
        return language_refusal(language, self.asr["languages"]) if self.asr.get("languages") else None

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

    async def transcribe(
        self,
        samples: Samples,
        language: str | None = None,
        speech_ms: int | None = None,
        speech_prob: float | None = None,
        turn: Turn | None = None,
        timeout_s: float | None = None,
    ) -> Words:
        """Return the words of (n,) int16 samples at 16 kHz and what they say of the speaker.

        `speech_ms` is how much of it the gate took for speech, `speech_prob` how clearly it heard it, `turn` the rank
        among what waits (default: urgent), `timeout_s` by default `limits.words_timeout_s`.

        Raises:
            TimeoutError, OverloadError, WorkerLostError, WorkerError: see `WorkerQueue.submit`.
        """
        assert self._words is not None
        began_s = time.perf_counter()
        evidence = {"speech_ms": speech_ms, "speech_prob": speech_prob}
        payload = {"samples": samples.tobytes(), "language": language, **evidence}
        try:
            words = Words(**await self._words.submit(payload, timeout_s or self.limits.words_timeout_s, turn))
        except WorkerLostError:  # the next one may not get the same model
            self._describing = asyncio.create_task(self._describe_again(self._words))
            raise
        spent_ms = 1000 * (time.perf_counter() - began_s)
        queue_ms = spent_ms - (words.asr_latency_ms or 0.0) - (words.text_latency_ms or 0.0)
        return replace(words, queue_latency_ms=max(0.0, queue_ms))

    async def transcribe_so_far(
        self,
        samples: Samples,
        language: str | None = None,
        speech_ms: int | None = None,
        speech_prob: float | None = None,
    ) -> str | None:
        """Return the words of an utterance while it is spoken, from workers that no final waits for.

        Raises:
            TimeoutError, OverloadError, WorkerLostError, WorkerError: see `WorkerQueue.submit`.
        """
        assert self._partials is not None
        evidence = {"speech_ms": speech_ms, "speech_prob": speech_prob}
        payload = {"samples": samples.tobytes(), "language": language, **evidence}
        return Words(**await self._partials.submit(payload, self.limits.words_timeout_s)).text
