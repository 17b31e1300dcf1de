"""What a streamed file came to: utterances, seconds, latencies; gathered event by event."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from undertone.audio import SAMPLES_PER_MS, Samples
from undertone.client.timing import Event


@dataclass
class Summary:
    """One file's figures; times in ms of wall clock unless named otherwise.

    `first_mood_ms` holds, for each utterance, the time between sending the sample at which speech starts (pre-roll
    not counted) and its first mood; `final_ms` the time between sending the sample at which it ends and its final;
    `modes` counts the finals that are fused and those by the voice alone.
    `failure` says why the file could not be read or its session not be ended in order.
    """

    file: str
    audio_samples: int = 0
    wall_ms: float = 0.0
    closed: bool = False
    failure: str | None = None
    errors: list[str] = field(default_factory=list)
    first_mood_ms: dict[int, float] = field(default_factory=dict)
    final_ms: list[float] = field(default_factory=list)
    modes: Counter[str] = field(default_factory=Counter)
    _start_sent_ms: dict[int, float] = field(default_factory=dict)

    def counted(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Pass `blocks` on and count their samples."""
        for block in blocks:
            self.audio_samples += len(block)
            yield block

    def add(self, event: Event) -> None:
        """Take in one event, in the order of arrival."""
        self.wall_ms = event.received_ms or self.wall_ms
        if event.type == "utterance.final" and "mode" in event.message:
            self.modes[event.message["mode"]] += 1
        if event.type == "session.closed":
            self.closed = True
        elif event.type == "error":
            self.errors.append(str(event.message.get("code")))
        elif event.received_ms is not None and event.client_latency_ms is not None:
            self._add_timed(
                event.type, event.message.get("utterance_id", 0), event.received_ms, event.client_latency_ms
            )

    def _add_timed(self, kind: str, utterance: int, received_ms: float, latency_ms: float) -> None:
        if kind == "speech.started":
            self._start_sent_ms[utterance] = received_ms - latency_ms
        elif kind == "mood" and utterance in self._start_sent_ms:
            self.first_mood_ms.setdefault(utterance, received_ms - self._start_sent_ms[utterance])
        elif kind == "utterance.final":
            self.final_ms.append(latency_ms)

    @property
    def ok(self) -> bool:
        """Whether the session was closed in order and nothing was refused on the way."""
        return self.closed and not self.errors and self.failure is None

    def line(self) -> str:
        """Return the figures in one line for a user."""
        length_s, wall_s = self.audio_samples / SAMPLES_PER_MS / 1000, self.wall_ms / 1000
        parts = [self._utterances(), f"audio {length_s:.1f} s in {wall_s:.1f} s"]
        if self.first_mood_ms:
            parts.append(f"first mood {np.median(list(self.first_mood_ms.values())):.0f} ms")
        if len(self.final_ms) == 1:
            parts.append(f"final {self.final_ms[0]:.0f} ms")
        elif self.final_ms:
            p50, p95 = np.percentile(self.final_ms, [50, 95])
            parts.append(f"finals p50/p95 {p50:.0f}/{p95:.0f} ms")
        return ", ".join(parts)

    def _utterances(self) -> str:
        count = len(self.final_ms)
        said = f"{count} utterance{'' if count == 1 else 's'}"
        modes = [f"{self.modes[mode]} {mode}" for mode in ("fused", "audio_only") if self.modes[mode]]
        return f"{said} ({', '.join(modes)})" if modes else said
