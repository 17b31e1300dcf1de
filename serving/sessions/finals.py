"""From utterances to verdicts: exactly one `Final` each, in order, whatever fails."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from serving.logs import UTTERANCE
from serving.sessions.subscribers import Subscriber
from serving.sessions.wire import Message, place_of
from serving.workers.queue import WorkerError, WorkerLostError, reason_of
from serving.workers.scheduler import Job, OverloadError
from undertone.stream.events import Final, Judged, Provisional, Timings
from undertone.stream.judging import judged
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import Speculation, Stretch, Utterance, Voice
from undertone.voice.joined import JoinedEars
from undertone.weighting import FusionSettings
from undertone.words.reading import Words
from undertone.words.reasons import Reason

log = logging.getLogger("undertone.verdicts")

J = TypeVar("J", bound=Judged)
Transcribe = Callable[[Stretch, Job], Coroutine[Any, Any, Words]]
Listen = Callable[[Utterance], Coroutine[Any, Any, Voice]]


@dataclass(frozen=True)
class _Pending:
    """An utterance whose words and voice are being looked into side by side."""

    utterance: Utterance
    words: asyncio.Task[Words]
    voice: asyncio.Task[Voice]

    def cancel(self) -> None:
        self.words.cancel()
        self.voice.cancel()


@dataclass(frozen=True)
class _Guess:
    """A speculation that was sent: its place in the queue and the words that will come."""

    job: Job
    task: asyncio.Task[Words]

    @property
    def is_refused(self) -> bool:
        done = self.task.done() and not self.task.cancelled()
        return done and isinstance(self.task.exception(), OverloadError)


class Finals:
    """The finals of one session. `transcribe` brings the words of an utterance and may fail or take its time; `listen`
    brings what the voice says, and what it raises comes out of the next `add`, `settled` or `drain`.

    `fusion`, `ears` and `settings` may be changed before the first utterance. `used` counts the speculations that gave
    a final its words.
    """

    def __init__(
        self, publish: Subscriber, transcribe: Transcribe, listen: Listen, session_id: str, provisional_after_ms: int
    ) -> None:
        self._publish = publish
        self._transcribe, self._listen = transcribe, listen
        self._session_id = session_id
        self._provisional_after_s = provisional_after_ms / 1000
        self._waiting: asyncio.Queue[_Pending | None] = asyncio.Queue()
        self._progress = asyncio.Condition()
        self._guess: _Guess | None = None
        self._runner = asyncio.create_task(self._run())
        self.fusion, self.ears, self.settings = FusionSettings(), JoinedEars(), SessionSettings()
        self.trajectory: list[Message] = []
        self.pending = self.used = 0

    def speculate(self, speculation: Speculation) -> asyncio.Task[Words]:
        """Ask for the words of `speculation` behind everything that somebody waits for; returns at once what asks."""
        self.withdraw()
        job = Job(urgent=False, lead_s=speculation.lead_ms / 1000)
        task = asyncio.create_task(self._transcribe(speculation, job))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # it may fail with nobody looking
        self._guess = _Guess(job, task)
        return task

    def withdraw(self) -> None:
        """Drop the speculation under way; where a worker has it already, its answer is lost."""
        if self._guess:
            self._guess.task.cancel()
        self._guess = None

    def add(self, utterance: Utterance) -> None:
        """Begin to find the verdict of `utterance`; returns at once."""
        self._check()
        if utterance.speculation_lead_ms is None:
            self.withdraw()
        guess, self._guess = self._guess, None
        self.pending += 1
        voice = asyncio.create_task(self._listen(utterance))
        words = asyncio.create_task(self._words(utterance, voice, guess))
        self._waiting.put_nowait(_Pending(utterance, words, voice))

    async def settled(self, at_most: int) -> None:
        """Return when no more than `at_most` verdicts are pending."""
        async with self._progress:
            await self._progress.wait_for(lambda: self.pending <= at_most or self._runner.done())
        self._check()

    async def drain(self) -> None:
        """Return when every utterance added so far has its final."""
        self._waiting.put_nowait(None)
        await self._runner

    def cancel(self) -> None:
        """Give up: the client is gone."""
        self._runner.cancel()
        self.withdraw()
        self._drop_waiting()

    async def _run(self) -> None:
        try:
            while entry := await self._waiting.get():
                UTTERANCE.set(entry.utterance.utterance_id)  # of this task, for the log
                words, voice = await asyncio.gather(entry.words, entry.voice)
                await self._final(entry.utterance, words, voice)
        finally:
            self.pending = 0
            self._drop_waiting()
            await self._tell_progress()

    def _check(self) -> None:
        if self._runner.done() and not self._runner.cancelled():
            self._runner.result()

    def _drop_waiting(self) -> None:
        while not self._waiting.empty():
            if entry := self._waiting.get_nowait():
                entry.cancel()

    async def _tell_progress(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    async def _words(self, utterance: Utterance, voice: asyncio.Task[Voice], guess: _Guess | None) -> Words:
        UTTERANCE.set(utterance.utterance_id)
        task = asyncio.create_task(self._transcribed(utterance, guess))
        try:
            done, _ = await asyncio.wait([task], timeout=self._provisional_after_s)
            if not done:
                heard = await asyncio.shield(voice)
                await self._publish(self._judged(Provisional, utterance, Words(reason=Reason.PENDING), heard))
            return await task
        finally:
            task.cancel()

    async def _transcribed(self, utterance: Utterance, guess: _Guess | None) -> Words:
        try:
            return await self._heard(utterance, guess)
        except (TimeoutError, OverloadError, WorkerLostError) as error:
            # Not tried again, a lost worker either: the utterance may be what it died of.
            return Words(reason=reason_of(error))
        except Exception:
            log.exception("session %s: no words for utterance %d", self._session_id, utterance.utterance_id)
            return Words(reason=Reason.ASR_UNAVAILABLE)

    async def _heard(self, utterance: Utterance, guess: _Guess | None) -> Words:
        if guess and not guess.is_refused:
            guess.job.wanted()
            with contextlib.suppress(WorkerError):
                words = await guess.task
                self.used += 1
                return words
        return await self._transcribe(utterance, Job())

    def _judged(self, kind: type[J], utterance: Utterance, words: Words, voice: Voice) -> J:
        return judged(kind, utterance, words, voice, self.ears, self.fusion, self.settings)

    async def _final(self, utterance: Utterance, words: Words, voice: Voice) -> None:
        began_s = time.perf_counter()
        final = self._judged(Final, utterance, words, voice)
        final = replace(final, timings=_timings(utterance, words, voice, began_s))
        self.trajectory.append(place_of(final))
        await self._publish(final)
        self.pending -= 1
        await self._tell_progress()


def _timings(utterance: Utterance, words: Words, voice: Voice, began_s: float) -> Timings:
    now_s = time.perf_counter()
    return {
        "endpoint_wait_ms": utterance.endpoint_wait_ms,
        "speculation_lead_ms": utterance.speculation_lead_ms,
        "queue_latency_ms": _rounded(words.queue_latency_ms),
        "asr_latency_ms": _rounded(words.asr_latency_ms),
        "text_latency_ms": _rounded(words.text_latency_ms),
        "acoustic_latency_ms": _rounded(voice.acoustic_latency_ms),
        "fusion_latency_ms": _rounded(1000 * (now_s - began_s)),
        "total_latency_ms": _rounded(1000 * (now_s - utterance.decided_at_s)),
    }


def _rounded(duration_ms: float | None) -> float | None:
    return None if duration_ms is None else round(duration_ms, 1)
