"""A running server and what it tells of itself: metrics, readiness, log lines, spans, and the queries of deploy/."""

import json
import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import httpx
import promql_parser as promql
import pytest
import yaml
from conftest import running_server
from material.server_processes import family_of
from material.wire import receive, receive_until, send, session, stream
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from undertone.audio_file import read

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
# What Prometheus adds to every series, and its own series of a target.
OF_PROMETHEUS = {"job", "instance"}


@pytest.fixture(scope="module")
def collector():
    """Takes spans by OTLP over HTTP, and keeps them in `spans`."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = ExportTraceServiceRequest.FromString(body)
            scopes = [scope for resource in request.resource_spans for scope in resource.scope_spans]
            self.server.spans += [span for scope in scopes for span in scope.spans]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as listening:
        listening.spans = []
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening
        listening.shutdown()


@pytest.fixture(scope="module")
def observed(collector, tmp_path_factory, tiny_release):
    """A server without words, with one session and one upload at once."""
    log = tmp_path_factory.mktemp("observed") / "server.log"
    spans = ("--otlp-endpoint", f"http://127.0.0.1:{collector.server_port}/v1/traces")
    options = (
        "--asr-model",
        "none",
        "--max-sessions",
        "1",
        "--max-uploads",
        "1",
        "--log-format",
        "json",
        "--asr-timeout-s",
        "2",
        "--resume-s",
        "0.5",
    )
    with (
        patch.dict(os.environ, OTEL_BSP_SCHEDULE_DELAY="100"),
        running_server(tiny_release, log, *options, *spans) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)


class Scraped:
    """The samples of one scrape."""

    def __init__(self, server):
        answer = httpx.get(server.url + "/metrics", trust_env=False)
        self.families = list(text_string_to_metric_families(answer.raise_for_status().text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def __call__(self, name, **labels):
        """Return the sum of the samples of `name` that have `labels`."""
        wanted = [s.value for s in self.samples if s.name == f"undertone_{name}" and labels.items() <= s.labels.items()]
        assert wanted, name
        return sum(wanted)


def ready(server):
    answer = httpx.get(server.url + "/ready", trust_env=False)
    body = answer.json()
    return answer.status_code, body["error"]["code"] if "error" in body else body["ready"]


def eventually(holds, within_s=10):
    deadline_s = time.monotonic() + within_s
    while not (result := holds()) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert result
    return result


def log_entries(server):
    return [json.loads(line) for line in server.log.read_text().splitlines()]


@contextmanager
def traced_session(server):
    with connect(server.ws_url, proxy=None, additional_headers=TRACED) as socket:
        yield socket, receive(socket)["session_id"]


def test_a_session_shows_while_it_lasts_and_takes_the_server_for_others(observed, clip):
    assert ready(observed) == (200, True)
    with session(observed.ws_url) as socket:
        socket.send(clip[: len(clip) // 2 // 2 * 2])
        assert receive(socket)["type"] == "speech.started"
        now = Scraped(observed)
        assert now("sessions", kind="live", state="speaking") == now("sessions") == 1
        assert (now("slots_free", kind="live"), now("slots_taken", kind="live")) == (0, 1)
        assert ready(observed) == (503, "server_full")
        before = now("refusals_total", kind="live", reason="server_full")
        with connect(observed.ws_url, proxy=None) as second:
            assert receive(second)["code"] == "server_full"
        assert Scraped(observed)("refusals_total", kind="live", reason="server_full") == before + 1
        send(socket, "session.finish")
        receive_until(socket, "session.closed")
    eventually(lambda: ready(observed) == (200, True))


def test_what_was_heard_and_judged_is_counted(observed, clip):
    before = Scraped(observed)
    stream(observed.ws_url, clip, 3200)
    assert httpx.post(observed.url + "/predict", content=b"no recording").status_code == 415
    after = Scraped(observed)

    def grown(name, **labels):
        return after(name, **labels) - before(name, **labels)

    assert grown("utterances_total", mode="audio_only", reason="asr_unavailable") == grown("utterances_total") == 1
    assert grown("labels_total") == grown("endpoints_total") == 1
    assert grown("stage_seconds_count", stage="total") == grown("stage_seconds_count", stage="voice") == 1
    assert grown("audio_seconds_total", kind="live") == pytest.approx(len(clip) / 32_000, abs=0.1)
    assert grown("sessions_ended_total", kind="live", reason="finished") == 1
    assert grown("event_loop_lag_seconds_count") > 0
    assert after("refusals_total", kind="upload", reason="not_audio") == 1
    assert after("unread_audio_seconds") == 0


def test_memory_is_that_of_all_processes_and_the_release_is_named(observed):
    now = Scraped(observed)
    assert now("processes") == 1 + len(family_of(observed))
    assert now("processes", role="worker") == 1
    assert 50e6 < now("memory_bytes") < 1e9
    assert now("memory_bytes", role="worker") > 20e6
    assert now("release_info", version="0.0.1", asr_engine="none") == 1


def test_a_client_that_vanishes_is_counted_as_gone_and_its_totals_are_logged(observed):
    with session(observed.ws_url) as socket:
        socket.send(bytes(32_000))
        eventually(lambda: Scraped(observed)("audio_seconds_total", kind="live") > 0)
        socket.socket.shutdown(2)
    eventually(lambda: Scraped(observed)("sessions_ended_total", kind="live", reason="gone") == 1)
    (line,) = [entry["message"] for entry in log_entries(observed) if "reason=gone" in entry["message"]]
    assert line.startswith("totals kind=live reason=gone audio_ms=1000 ")


def test_log_lines_carry_session_utterance_and_the_trace_of_the_client(observed, clip):
    with traced_session(observed) as (socket, session_id):
        socket.send(clip)
        send(socket, "session.finish")
        receive_until(socket, "session.closed")
    entries = [entry for entry in log_entries(observed) if entry.get("session") == session_id]
    final, totals = [entry for entry in entries if entry["message"].startswith(("final ", "totals "))]
    assert (final["utterance"], final["trace_id"]) == (1, TRACE)
    assert (totals["message"].split()[1:3], totals["trace_id"]) == (["kind=live", "reason=finished"], TRACE)


def test_spans_lie_below_the_span_of_the_client_and_say_nothing_of_what_was_said(observed, collector, clip):
    trace = TRACE[::-1]
    answer = httpx.post(observed.url + "/predict", content=wav(clip), headers={"traceparent": f"00-{trace}-{SPAN}-01"})
    session_id = json.loads(answer.text.splitlines()[0])["session_id"]

    def spans():
        named = {span.name: span for span in collector.spans if span.trace_id.hex() == trace}
        return named if "session" in named else None

    named = eventually(spans)
    served, utterance, voice = named["session"], named["utterance"], named["voice"]
    assert [served.parent_span_id.hex(), utterance.parent_span_id] == [SPAN, served.span_id]
    assert voice.parent_span_id == utterance.span_id
    assert utterance.start_time_unix_nano <= voice.start_time_unix_nano < voice.end_time_unix_nano
    told = {entry.key: entry.value.string_value for span in (served, utterance) for entry in span.attributes}
    assert (told["undertone.session"], told["undertone.reason"]) == (session_id, "asr_unavailable")
    assert not {"text", "label", "labels"} & {key.rpartition(".")[2] for key in told}


def wav(pcm):
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt "
        + bytes.fromhex("1000000001000100803e0000007d000002001000")
        + b"data\xff\xff\xff\xff"
        + pcm
    )


def queries(repository):
    """Yield every query of the dashboard and of the alert rules, with where it stands."""
    dashboard = json.loads((repository / "deploy/grafana/undertone.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"].removeprefix("label_values(").partition(",")[0]
    for group in yaml.safe_load((repository / "deploy/prometheus/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def parts(expression):
    """Yield all expressions of a query, itself among them."""
    yield expression
    for name in ("lhs", "rhs", "expr", "args", "vector_selector"):
        inner = getattr(expression, name, None)
        for part in inner if isinstance(inner, list) else [inner] if inner is not None else []:
            yield from parts(part)


def unknown(query, series):
    """Return what `query` asks for that is not in `series`, the labels and their values by name."""
    found = []
    for selector in (part for part in parts(promql.parse(query)) if isinstance(part, promql.VectorSelector)):
        labels = series.get(selector.name)
        if labels is None:
            found += [selector.name] if selector.name != "up" else []
            continue
        for matcher in selector.matchers.matchers:
            known = matcher.name in OF_PROMETHEUS or set(matcher.value.split("|")) <= labels.get(matcher.name, set())
            found += [] if known else [f"{selector.name}{{{matcher.name}={matcher.value}}}"]
    aggregates = [part for part in parts(promql.parse(query)) if isinstance(part, promql.AggregateExpr)]
    for aggregate in aggregates:
        names = {selector.name for selector in parts(aggregate) if isinstance(selector, promql.VectorSelector)}
        there = set().union(OF_PROMETHEUS, *(series.get(name, {}) for name in names))
        found += [f"by {label}" for label in getattr(aggregate.modifier, "labels", ()) if label not in there]
    return found


def test_the_dashboard_and_the_alerts_ask_for_what_the_server_exposes(observed, repository):
    series = {}
    for sample in Scraped(observed).samples:
        labels = series.setdefault(sample.name, {})
        for name, value in sample.labels.items():
            labels.setdefault(name, set()).add(value)
    asked = list(queries(repository))
    assert len(asked) > 40
    assert {where: missing for where, query in asked if (missing := unknown(query, series))} == {}
    for wrong in ("sum(undertone_nothing)", 'undertone_sessions{kind="dead"}', "sum by (colour) (undertone_sessions)"):
        assert unknown(wrong, series), "the check finds what is wrong"


def workers_of(server):
    return [child for child in family_of(server) if any("spawn_main" in word for word in child.cmdline())]


def test_operators_can_read_what_each_metric_and_each_alert_is_for(observed, repository):
    page = (repository / "docs" / "operate.md").read_text(encoding="utf-8")
    names = {family.name.removeprefix("undertone_") for family in Scraped(observed).families}
    ours = {name for name in names if not name.startswith("process_")}
    alerts = {where for where, _ in queries(repository) if where.startswith("Undertone")}
    assert {name for name in ours | alerts if name not in page} == set()


def test_a_worker_that_dies_is_counted_and_meanwhile_the_server_is_not_ready(observed):
    workers_of(observed)[0].kill()
    eventually(lambda: ready(observed) == (503, "workers_starting"))
    assert Scraped(observed)("worker_restarts_total", workers="words") == 1
    eventually(lambda: ready(observed) == (200, True), within_s=60)


def test_a_server_that_goes_down_is_not_ready(observed, clip):
    workers = workers_of(observed)
    for worker in workers:
        worker.suspend()  # so that the drain has to wait for words
    with session(observed.ws_url) as socket:
        socket.send(clip)
        receive_until(socket, "speech.ended")
        observed.process.terminate()
        eventually(lambda: ready(observed) == (503, "server_draining"))
        for worker in workers:
            worker.resume()
        assert receive_until(socket, "session.closed")[-1]["reason"] == "server_draining"
    assert observed.process.wait(timeout=30) == 0
    assert "Traceback" not in observed.log.read_text()
