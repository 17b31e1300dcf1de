"""What is looked up when somebody asks for the metrics: sessions by state, queues, memory, audio, the release."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from serving.admission import Admission
from serving.observe.metrics import KINDS
from serving.observe.processes import ROLES, Processes
from serving.observe.sessions import Sessions


class Queue(Protocol):
    """What is asked of the queue to the workers of one LitAPI."""

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""

    @property
    def busy(self) -> int:
        """How many workers are at work."""

    def oldest_s(self) -> float:
        """Return for how many seconds the oldest of those that wait has waited."""

    def restarts(self) -> int:
        """Return how many workers were started in the place of others."""


@dataclass(eq=False)
class Watched:
    """What is looked at: who is let in, the sessions, the queues by the name of their workers, the pressure."""

    admission: Admission
    sessions: Sessions
    about: Mapping[str, str] = field(default_factory=dict)  # of the release and the recogniser
    queues: Mapping[str, Queue] = field(default_factory=dict)
    processes: Processes = field(default_factory=Processes)
    pressure: Callable[[], float] = float

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now: prometheus_client calls it, in the event loop."""
        yield InfoMetricFamily("undertone_release", "The release and the recogniser.", dict(self.about))
        yield from self._of_admission()
        yield from self._of_sessions()
        yield from self._of_queues()
        yield _gauge("pressure", "How close the server is to what it can bear, 1.", self.pressure())
        roles = {role: self.processes.count[role] for role in ROLES}
        memory = {role: self.processes.memory_bytes[role] for role in ROLES}
        yield _gauge("processes", "Processes of this server.", roles, "role")
        yield _gauge("memory_bytes", "Their memory; on Linux shared pages count once.", memory, "role")

    def _of_admission(self) -> Iterator[Metric]:
        admission = self.admission
        yield _gauge("draining", "1 while the server goes down.", admission.draining)
        if (connected := admission.counts_with_others) is not None:
            yield _gauge("redis_connected", "1 while keys are counted through Redis.", connected)
        yield _gauge("loaded", "1 once the models are warm.", admission.is_open)
        yield _gauge("slots_taken", "Callers admitted.", {kind: admission.admitted(kind) for kind in KINDS}, "kind")
        yield _gauge("slots_free", "Callers that may come.", {kind: admission.free(kind) for kind in KINDS}, "kind")

    def _of_sessions(self) -> Iterator[Metric]:
        yield _gauge("sessions", "Sessions under way.", self.sessions.by_state(), "kind", "state")
        yield _counter("audio_seconds", "Seconds of audio that were heard.", self.sessions.audio_s(), "kind")
        unread_s = self.sessions.unread_s()
        yield _gauge("unread_audio_seconds", "Audio that waits to be heard.", sum(unread_s))
        yield _gauge("unread_audio_seconds_max", "The same, of one session.", max(unread_s, default=0.0))

    def _of_queues(self) -> Iterator[Metric]:
        queues = self.queues.items()
        waiting = {name: queue.waiting for name, queue in queues}
        yield _gauge("queue_depth", "Requests that wait for a worker.", waiting, "workers")
        ages_s = {name: queue.oldest_s() for name, queue in queues}
        yield _gauge("queue_age_seconds", "How long the oldest of them has waited.", ages_s, "workers")
        yield _gauge("workers_busy", "Workers at work.", {name: queue.busy for name, queue in queues}, "workers")
        restarts = {name: queue.restarts() for name, queue in queues}
        yield _counter("worker_restarts", "Workers started in the place of others.", restarts, "workers")


def _gauge(name: str, about: str, values: float | Mapping[Any, float], *labels: str) -> Metric:
    return _filled(GaugeMetricFamily(f"undertone_{name}", about, labels=labels), values)


def _counter(name: str, about: str, values: Mapping[Any, float], *labels: str) -> Metric:
    return _filled(CounterMetricFamily(f"undertone_{name}", about, labels=labels), values)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, values: float | Mapping[Any, float]
) -> GaugeMetricFamily | CounterMetricFamily:
    """Return `family` with `values`, by the value of its label or the values of its labels."""
    for key, value in values.items() if isinstance(values, Mapping) else [((), values)]:
        family.add_metric([key] if isinstance(key, str) else list(key), float(value))
    return family
