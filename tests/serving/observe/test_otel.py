"""Spans where no collector answers."""

import time

import pytest

from serving.cli.demo_server import free_port
from serving.observe.otel import OtelSpans

pytestmark = pytest.mark.fast


def test_a_collector_that_is_not_there_holds_up_no_end(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    spans = OtelSpans(f"http://127.0.0.1:{free_port()}/v1/traces")
    spans.session("live").end({"reason": "finished"})
    began_s = time.monotonic()
    spans.close(within_s=0.2)
    assert time.monotonic() - began_s < 1
