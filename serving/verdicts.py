"""From utterances to verdicts: exactly one `utterance.final` each, in order, whatever fails."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from contract.fusion import fuse
from serving.dispatch import WorkerLostError
from serving.messages import Message, verdict
from serving.session import Utterance
from serving.words import Words

log = logging.getLogger("undertone.verdicts")

Send = Callable[[Message], Awaitable[None]]
Transcribe = Callable[[Utterance], Awaitable[Words]]


class Verdicts:
    """The finals of one session. `transcribe` brings the words of an utterance and may fail or take its time."""

    def __init__(self, send: Send, transcribe: Transcribe, alpha: float, provisional_after_ms: int) -> None:
        self._send = send
        self._transcribe = transcribe
        self.alpha = alpha
        self._provisional_after_s = provisional_after_ms / 1000
        self._waiting: asyncio.Queue[tuple[Utterance, asyncio.Task[Words]] | None] = asyncio.Queue()
        self._runner = asyncio.create_task(self._run())
        self.trajectory: list[Message] = []

    def add(self, utterance: Utterance) -> None:
        """Begin to find the verdict of `utterance`; returns at once."""
        self._waiting.put_nowait((utterance, asyncio.create_task(self._words(utterance))))

    async def drain(self) -> None:
        """Return when every utterance added so far has its final."""
        self._waiting.put_nowait(None)
        await self._runner

    def cancel(self) -> None:
        """Give up: the client is gone."""
        self._runner.cancel()
        while not self._waiting.empty():
            if entry := self._waiting.get_nowait():
                entry[1].cancel()

    async def _run(self) -> None:
        while entry := await self._waiting.get():
            utterance, task = entry
            await self._final(utterance, await task)

    async def _words(self, utterance: Utterance) -> Words:
        task = asyncio.create_task(self._transcribed(utterance))
        try:
            done, _ = await asyncio.wait([task], timeout=self._provisional_after_s)
            if not done:
                shared = self._verdict(utterance, Words(reason="asr_timeout"))
                await self._send({"type": "utterance.provisional", **shared})
            return await task
        finally:
            task.cancel()

    async def _transcribed(self, utterance: Utterance) -> Words:
        try:
            return await self._transcribe(utterance)
        except TimeoutError:
            return Words(reason="asr_timeout")
        except WorkerLostError:
            return Words(reason="worker_lost")
        except Exception:
            log.exception("no words for utterance %d", utterance.utterance_id)
            return Words(reason="asr_unavailable")

    def _verdict(self, utterance: Utterance, words: Words) -> Message:
        text = None if words.text_probabilities is None else np.asarray(words.text_probabilities)
        outcome: dict[str, Any] = {"alpha": self.alpha, "mode": "fused", "reason": None}
        if text is None:
            outcome = {"alpha": 0.0, "mode": "audio_only", "reason": words.reason or "no_words"}
        fused = fuse(text, utterance.audio, outcome["alpha"])
        return verdict(utterance.span, words.text, text, utterance.audio, fused, outcome)

    async def _final(self, utterance: Utterance, words: Words) -> None:
        began_s = time.perf_counter()
        shared = self._verdict(utterance, words)
        now_s = time.perf_counter()
        timings = {
            "endpoint_wait_ms": utterance.endpoint_wait_ms,
            "queue_latency_ms": _rounded(words.queue_latency_ms),
            "asr_latency_ms": _rounded(words.asr_latency_ms),
            "text_latency_ms": _rounded(words.text_latency_ms),
            "acoustic_latency_ms": _rounded(utterance.acoustic_latency_ms),
            "fusion_latency_ms": _rounded(1000 * (now_s - began_s)),
            "total_latency_ms": _rounded(1000 * (now_s - utterance.decided_at_s)),
        }
        label, score = shared["fused_sentiment"]["label"], shared["fused_score"]
        self.trajectory.append({**utterance.span, "label": label, "fused_score": score})
        await self._send({"type": "utterance.final", **shared, "timings": timings})


def _rounded(duration_ms: float | None) -> float | None:
    return None if duration_ms is None else round(duration_ms, 1)
