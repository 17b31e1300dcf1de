"""A server whose worker cannot keep up: what goes first, next and last, and that one session starves no other."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from conftest import running_server
from material.server_processes import workers_of
from material.wire import receive, send, send_in_real_time, session

from undertone.audio_file import read

PATIENT = ("--asr-workers", "1", "--partial-workers", "0", "--speculation", "off", "--asr-timeout-s", "120")
QUEUED_S = 5


@contextmanager
def worker_stopped(server):
    """The worker for finals does nothing inside."""
    worker = workers_of(server)[0]  # those for partials yield to it
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


@pytest.fixture(scope="module")
def clip(samples):
    """Somebody speaks without a pause, then stops."""
    speech = [read(samples / name).tobytes() for name in ("05_thanks.flac", "09_calm.flac")]
    return b"".join(speech) + bytes(32_000)


def told(socket):
    """Return the messages up to the last with the time at which each came."""
    messages = []
    while not messages or messages[-1][1]["type"] != "session.closed":
        message = receive(socket, timeout_s=180)
        messages.append((time.monotonic(), message))
    return messages


def spoken(server, pcm, **settings):
    """Return what is told of `pcm`, spoken in real time in a session of its own."""
    with session(server.ws_url) as socket, ThreadPoolExecutor(1) as pool:
        send(socket, "session.update", **settings)
        reading = pool.submit(told, socket)
        send_in_real_time(socket, pcm)
        send(socket, "session.finish")
        return reading.result()


def flooding(server, pcm, commit_every_bytes):
    """Return what is told of `pcm`, cut into as many utterances as a client can make of it."""
    with session(server.ws_url) as socket, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(told, socket)
        for start in range(0, len(pcm), commit_every_bytes):
            send_in_real_time(socket, pcm[start : start + commit_every_bytes])
            send(socket, "utterance.commit")
        send(socket, "session.finish")
        return reading.result()


def kinds(messages, kind):
    return [message for _, message in messages if message["type"] == kind]


def final_times(messages):
    return [came_s for came_s, message in messages if message["type"] == "utterance.final"]


def age_s(server):
    """Return how long the oldest request for words has waited."""
    lines = httpx.get(server.url + "/metrics").text.splitlines()
    name = 'undertone_queue_age_seconds{workers="words"}'
    return float(next(line for line in lines if line.startswith(name)).rpartition(" ")[2])


def until_older(server, than_s):
    deadline_s = time.monotonic() + 60
    while age_s(server) < than_s:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_one_that_floods_the_queue_starves_no_other(tmp_path, tiny_release, clip):
    bounds = ("--max-queue-age-s", "60", "--max-queue-session-s", str(QUEUED_S))
    with (
        running_server(tiny_release, tmp_path / "server.log", *PATIENT, *bounds) as server,
        ThreadPoolExecutor(4) as pool,
    ):
        with worker_stopped(server):
            flood = pool.submit(flooding, server, 2 * clip, 32_000)
            until_older(server, 1.0)
            others = [pool.submit(spoken, server, clip) for _ in range(3)]
            until_older(server, 2.0 + len(2 * clip) / 32_000)
        flood, others = flood.result(), [other.result() for other in others]
    for other in others:
        assert {final["reason"] for final in kinds(other, "utterance.final")} == {None}
    last_s = max(came_s for other in others for came_s in final_times(other))
    assert last_s < final_times(flood)[-1], "whoever floods waits for itself"
    finals = kinds(flood, "utterance.final")
    assert [final["utterance_id"] for final in finals] == list(range(1, len(kinds(flood, "speech.started")) + 1))
    dropped = [final for final in finals if final["reason"] == "overload"]
    assert dropped
    assert {final["mode"] for final in dropped} == {"audio_only"}
    waited_ms = sum(final["end_ms"] - final["start_ms"] for final in finals if final not in dropped)
    assert waited_ms < 1000 * (2 * QUEUED_S + 2)


def test_under_load_moods_become_fewer_partials_stop_and_finals_come_in_time_without_words(
    tmp_path, tiny_release, clip
):
    options = ("--asr-workers", "1", "--asr-timeout-s", "60", "--start-workers", "all")
    with running_server(tiny_release, tmp_path / "server.log", *options) as server, ThreadPoolExecutor(2) as pool:
        usual = spoken(server, clip, partials=True)
        with worker_stopped(server):
            stuck = [pool.submit(spoken, server, clip) for _ in range(2)]
            until_older(server, 1.5)
            pressed = spoken(server, clip, partials=True)
        stuck = [messages.result() for messages in stuck]
    assert 0 < len(kinds(pressed, "mood")) < len(kinds(usual, "mood")) / 2
    assert (len(kinds(pressed, "transcript.partial")), bool(kinds(usual, "transcript.partial"))) == (0, True)
    spans = [
        [(final["start_ms"], final["end_ms"]) for final in kinds(one, "utterance.final")] for one in (usual, pressed)
    ]
    assert spans[0] == spans[1], "nothing else is dropped"
    lost = kinds(pressed, "utterance.final")
    assert {(final["mode"], final["reason"]) for final in lost} == {("audio_only", "overload")}
    assert max(final["timings"]["total_latency_ms"] for final in lost) < 2000
    assert len([1 for one in stuck for _ in kinds(one, "utterance.final")]) == 2 * len(lost)
