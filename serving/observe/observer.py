"""What /metrics and /ready are answered with, and the tasks behind it; one for each API process."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Protocol

from serving.admission import Admission
from serving.observe.event_loop import watch_lag
from serving.observe.metrics import Metrics
from serving.observe.processes import Processes, processes
from serving.observe.scrape import Queue, Watched
from serving.observe.sessions import Sessions
from serving.observe.spans import Spans

_PROCESSES_EVERY_S = 1.0  # however often somebody asks
_SPANS_WITHIN_S = 2.0


class ReadyQueue(Queue, Protocol):
    """A queue that knows whether its workers are set up."""

    async def ready(self) -> bool:
        """Tell whether every worker is set up."""


class Observer:
    """Knows the counters and what else there is to look at; spans go to `otlp_endpoint`, without one nowhere."""

    def __init__(
        self, admission: Admission, metrics: Metrics, sessions: Sessions, otlp_endpoint: str | None = None
    ) -> None:
        self.metrics, self.sessions = metrics, sessions
        self.watched = Watched(admission, sessions)
        metrics.registry.register(self.watched)
        self._make_spans = _spans(otlp_endpoint)
        self._queues: Mapping[str, ReadyQueue] = {}
        self._looked_s, self._processes = 0.0, Processes()

    def watch(self, queues: Mapping[str, ReadyQueue]) -> None:
        """Look at `queues`, by the name of their workers."""
        self._queues = self.watched.queues = queues

    def tell_release(self, about: Mapping[str, str | None]) -> None:
        """Tell the release and the recogniser with the metrics from now on."""
        self.watched.about = {name: value or "" for name, value in about.items()}

    async def workers_ready(self) -> bool:
        """Tell whether every worker is set up."""
        return all([await queue.ready() for queue in self._queues.values()])

    def processes(self) -> Processes:
        """Return the processes of the server, as they were a second ago at most; for a thread."""
        if time.monotonic() - self._looked_s > _PROCESSES_EVERY_S:
            self._looked_s, self._processes = time.monotonic(), processes()
        return self._processes

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the running loop inside, and send spans where they are wanted."""
        self.sessions.spans = self._make_spans()  # after the fork: it has a thread
        lag = asyncio.create_task(watch_lag(self.metrics.loop_lag.observe))
        try:
            yield
        finally:
            lag.cancel()
            await asyncio.to_thread(self.sessions.spans.close, _SPANS_WITHIN_S)


def _spans(otlp_endpoint: str | None) -> Callable[[], Spans]:
    if otlp_endpoint is None:
        return Spans
    from serving.observe.otel import OtelSpans  # of an extra, and half a second of imports

    return partial(OtelSpans, otlp_endpoint)
