"""Spans of sessions and utterances through OpenTelemetry, to a collector that takes OTLP over HTTP.

    session                      from the upgrade to its end, below the span of the client's `traceparent`
      utterance                  from its endpoint to its final
        queue recognition text   one after the other, the last ends where the verdict is made
        voice                    beside them

Needs the extra `undertone[otel]`; only what the operator asks for with --otlp-endpoint loads this file. Attributes are
ids, times, modes and reasons, never words or labels.
"""

import importlib.metadata
import threading
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from serving.logs import SESSION, TRACE
from serving.observe.spans import SessionSpan, Spans
from serving.observe.trace_context import HEADER, PARENT
from undertone.stream.events import Final

_WORDS = (("text_latency_ms", "text"), ("asr_latency_ms", "recognition"), ("queue_latency_ms", "queue"))
_NS_PER_MS = 1_000_000


class OtelSpans(Spans):
    """Sends spans to `endpoint`, such as http://collector:4318/v1/traces, from a thread; what it does not take is lost.

    Made after the fork. Other settings are those of OpenTelemetry's variables, such as OTEL_TRACES_SAMPLER.
    """

    def __init__(self, endpoint: str) -> None:
        about = {"service.name": "undertone", "service.version": importlib.metadata.version("undertone")}
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
        self._tracer = self._provider.get_tracer("undertone")

    def session(self, kind: str) -> SessionSpan:
        """Begin the span of a session; a trace that nobody began before begins here, for the log as well."""
        carrier = {HEADER: parent} if (parent := PARENT.get()) else {}
        context = TraceContextTextMapPropagator().extract(carrier, Context())
        about = {"undertone.kind": kind, "undertone.session": SESSION.get() or ""}
        span = self._tracer.start_span("session", context, trace.SpanKind.SERVER, about)
        TRACE.set(trace.format_trace_id(span.get_span_context().trace_id))
        return _OtelSession(self._tracer, span)

    def close(self, within_s: float) -> None:
        """Send what has not been sent, as far as there is time; blocks."""
        # Its own time limits do not hold where the collector does not answer (opentelemetry-python#4568).
        closing = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        closing.start()
        closing.join(within_s)


class _OtelSession(SessionSpan):
    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer, self._span = tracer, span
        self._context = trace.set_span_in_context(span, Context())

    def final(self, final: Final) -> None:
        now_ns, verdict, timings = time.time_ns(), final.verdict, final.timings
        began_ns = now_ns - _ns(timings.get("total_latency_ms"))
        about = {**final.span, "mode": verdict.mode, "reason": verdict.reason or "none", "abstain": verdict.abstain}
        utterance = self._tracer.start_span("utterance", self._context, attributes=_named(about), start_time=began_ns)
        below = trace.set_span_in_context(utterance, Context())
        self._stage("voice", below, began_ns, began_ns + _ns(timings.get("acoustic_latency_ms")))
        until_ns = now_ns - _ns(timings.get("fusion_latency_ms"))
        for name, stage in _WORDS:
            if took_ms := timings.get(name):
                self._stage(stage, below, until_ns - _ns(took_ms), until_ns)
                until_ns -= _ns(took_ms)
        utterance.end(now_ns)

    def end(self, totals: Mapping[str, Any]) -> None:
        self._span.set_attributes(_named(totals))
        self._span.end()

    def _stage(self, name: str, below: Context, began_ns: int, ended_ns: int) -> None:
        self._tracer.start_span(name, below, start_time=began_ns).end(ended_ns)


def _ns(took_ms: float | None) -> int:
    return int((took_ms or 0.0) * _NS_PER_MS)


def _named(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {f"undertone.{name}": value for name, value in attributes.items()}
