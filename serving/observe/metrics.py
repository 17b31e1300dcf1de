"""What is counted as it happens: utterances, verdicts, latencies, refusals, sessions that ended.

Everything here is told by domain events, of which an utterance has a few; nothing is done for a frame. What can be
looked up when it is asked for is in serving/observe/scrape.py.
"""

from collections.abc import Sequence
from itertools import product
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

from serving.admission import Kind
from undertone.labels import LABELS
from undertone.protocol import ErrorCode
from undertone.protocol.server import Cause
from undertone.stream.events import Event, Final, Provisional, SpeechEnded
from undertone.words.reasons import Reason

KINDS: tuple[Kind, ...] = get_args(Kind)
REQUEST = "request"  # of refusals over HTTP that concern no upload
GONE, READS_NOTHING = "gone", "reads_nothing"  # of sessions that nobody could be told the end of
_REFUSALS = (
    ErrorCode.SERVER_FULL,
    ErrorCode.SERVER_DRAINING,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.RESUME_REFUSED,
)
_ENDS = ("finished", GONE, READS_NOTHING, *(code for code in ErrorCode if code.close))
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0)
# Of a final's timings: the stage that each is told as.
_STAGES = {
    "endpoint_wait_ms": "endpoint",
    "queue_latency_ms": "queue",
    "asr_latency_ms": "recognition",
    "text_latency_ms": "text",
    "acoustic_latency_ms": "voice",
    "fusion_latency_ms": "fusion",
    "total_latency_ms": "total",
}
_COMPUTING = ("asr_latency_ms", "text_latency_ms", "acoustic_latency_ms", "fusion_latency_ms")
NO_REASON = "none"  # of a final with words

disable_created_metrics()  # or each counter is told twice, the second time as the date of its birth


class Metrics:
    """The counters and histograms of one API process, in a registry of its own; for its event loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._ended = self._counter("sessions_ended", "Sessions that ended, by reason.", "kind", "reason")
        self._refusals = self._counter("refusals", "Callers and uploads that were refused.", "kind", "reason")
        self.resumed = self._counter("sessions_resumed", "Clients that came back to their session.")
        self.loop_lag = self._histogram("event_loop_lag_seconds", "How late the event loop is.")
        self._utterances = self._counter("utterances", "Finals; reason: why words are missing.", "mode", "reason")
        self._endpoints = self._counter("endpoints", "Ends of utterances.", "cause")
        self._labels = self._counter("labels", "Finals, by their label.", "label")
        self._abstentions = self._counter("abstentions", "Finals whose label is doubtful.")
        self._disagreements = self._counter("disagreements", "Finals whose words and voice lean to opposite poles.")
        self._provisionals = self._counter("provisionals", "Verdicts sent ahead of their words.")
        self._stages = self._histogram("stage_seconds", "How long a stage of a final took.", "stage")
        about = "Seconds of computing for a second of an utterance, the speech gate apart."
        self._real_time_factor = self._histogram("real_time_factor", about, buckets=_RATIOS)
        self._begin_at_zero()

    def tell(self, event: Event) -> None:
        """Count what happened in a session."""
        if isinstance(event, Final):
            self._final(event)
        elif isinstance(event, SpeechEnded):
            self._endpoints.labels(event.cause).inc()
        elif isinstance(event, Provisional):
            self._provisionals.inc()

    def refused(self, kind: str, reason: str) -> None:
        """Count a caller that was not let in, or an upload that was not taken."""
        self._refusals.labels(kind, reason).inc()

    def ended(self, kind: str, reason: str) -> None:
        """Count a session that came to its end."""
        self._ended.labels(kind, reason).inc()

    def _final(self, final: Final) -> None:
        verdict = final.verdict
        self._utterances.labels(verdict.mode, verdict.reason or NO_REASON).inc()
        self._labels.labels(verdict.label).inc()
        self._abstentions.inc(verdict.abstain)
        self._disagreements.inc(verdict.agreement is False)
        for name, stage in _STAGES.items():
            if (took_ms := final.timings.get(name)) is not None:
                self._stages.labels(stage).observe(took_ms / 1000)
        computing_ms = sum(final.timings.get(name) or 0.0 for name in _COMPUTING)
        self._real_time_factor.observe(computing_ms / max(1, final.end_ms - final.start_ms))

    def _begin_at_zero(self) -> None:
        # A series that begins with its first event hides that event from `rate`.
        self._utterances.labels("fused", NO_REASON)
        for missing in set(Reason) - {Reason.PENDING}:
            self._utterances.labels("audio_only", missing.value)
        for kind, (counter, reasons) in product(KINDS, ((self._refusals, _REFUSALS), (self._ended, _ENDS))):
            for reason in reasons:
                counter.labels(kind, str(reason))
        self._refusals.labels(REQUEST, str(ErrorCode.UNAUTHORIZED))
        for counter, values in ((self._labels, LABELS), (self._endpoints, get_args(Cause))):
            for value in values:
                counter.labels(value)
        for stage in _STAGES.values():
            self._stages.labels(stage)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"undertone_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Histogram:
        return Histogram(f"undertone_{name}", about, labels, registry=self.registry, buckets=buckets)
