"""The clock of a client stream: when each frame is due, when it left, and how long after it an event came."""

import math
import time
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from undertone.audio import SAMPLES_PER_MS, Samples

MAX_SPEED = math.inf

Message = dict[str, Any]


@dataclass(frozen=True)
class Pace:
    """How audio is sent: frames of `chunk_ms`, `speed` times real time (`MAX_SPEED`: as fast as the socket takes)."""

    chunk_ms: int = 32
    speed: float = 1.0

    @property
    def chunk_samples(self) -> int:
        """Samples in one frame."""
        return self.chunk_ms * SAMPLES_PER_MS

    def due_s(self, chunk: int) -> float:
        """Return the time since the first frame at which frame number `chunk` is due; no drift adds up."""
        return chunk * self.chunk_ms / 1000 / self.speed


@dataclass(frozen=True)
class Event:
    """A message of the server and when it came.

    `received_ms` counts from the first frame sent, None before it. `client_latency_ms` runs from sending the sample at
    the message's `end_ms` (or, for `speech.started`, its `speech_start_ms`) until receipt, None where it has neither.
    """

    message: Message
    received_ms: float | None
    client_latency_ms: float | None

    @property
    def type(self) -> str:
        """The protocol's name of the event."""
        return str(self.message["type"])


class SendLog:
    """When each frame left, so that events can be timed against the audio that they speak of."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._sent_at_s = array("d")

    def wait_s(self) -> float:
        """Return for how long the next frame must wait to be in time; 0 where it is due or late."""
        if not self._sent_at_s:
            return 0.0
        return max(0.0, self._sent_at_s[0] + self.pace.due_s(len(self._sent_at_s)) - time.perf_counter())

    def add(self) -> None:
        """Note that the next frame leaves now."""
        self._sent_at_s.append(time.perf_counter())

    def stamp(self, message: Message) -> Event:
        """Return `message` as an event received now."""
        now_s = time.perf_counter()
        if not self._sent_at_s:
            return Event(message, None, None)
        audio_ms = message.get("end_ms", message.get("speech_start_ms"))
        latency_ms = None if audio_ms is None else round((now_s - self._left_at_s(audio_ms)) * 1000, 1)
        return Event(message, round((now_s - self._sent_at_s[0]) * 1000, 1), latency_ms)

    def _left_at_s(self, audio_ms: float) -> float:
        chunk = math.ceil(audio_ms / self.pace.chunk_ms) - 1
        return self._sent_at_s[min(max(chunk, 0), len(self._sent_at_s) - 1)]


def rechunk(blocks: Iterable[Samples], chunk_samples: int) -> Iterator[Samples]:
    """Cut `blocks` into pieces of `chunk_samples`, the last one shorter: lengths 5, 5 by 3 give 3, 3, 3, 1."""
    rest = np.zeros(0, np.int16)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) - len(rest) % chunk_samples
        yield from rest[:whole].reshape(-1, chunk_samples)
        rest = rest[whole:]
    if len(rest):
        yield rest
