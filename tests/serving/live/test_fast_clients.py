"""Clients that send faster than they are heard, against a running server: none is cut off, none fills the memory."""

import json
import socket as sockets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import running_server
from material.server_processes import api_process_of
from material.wire import receive, receive_until, send, session
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from undertone.audio_file import read

LONG_S = 60
IMPATIENT = {"ping_interval": 1.0, "ping_timeout": 6.0}  # twenty seconds each are usual


@pytest.fixture(scope="module")
def busy_server(tmp_path_factory, tiny_release):
    with running_server(tiny_release, tmp_path_factory.mktemp("fast") / "server.log", "--asr-model", "none") as running:
        yield running


@pytest.fixture(scope="module")
def long_speech(samples):
    """`LONG_S` of speech with pauses, as PCM bytes."""
    clip = read(samples / "05_thanks.flac").tobytes() + bytes(48_000)
    return (clip * (1 + LONG_S * 32_000 // len(clip)))[: LONG_S * 32_000]


def sent_at_once(server, pcm, **patience):
    """Return all messages about `pcm`, sent as fast as the socket takes it by one that reads all the while."""
    with connect(server.ws_url, max_size=None, proxy=None, **patience) as socket:
        assert receive(socket)["type"] == "session.created"
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(receive_until, socket, "session.closed")
            for start in range(0, len(pcm), 3200):
                socket.send(pcm[start : start + 3200])
            send(socket, "session.finish")
            return reading.result()


def test_four_that_send_as_fast_as_they_can_get_every_final_however_slow_the_machine(busy_server, long_speech):
    alone = sent_at_once(busy_server, long_speech)
    process = api_process_of(busy_server)
    slow = threading.Thread(target=halve, args=(process, stop := threading.Event()))
    slow.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(sent_at_once, busy_server, long_speech, **IMPATIENT) for _ in range(4)]
            together = [one.result() for one in asked]
    finally:
        stop.set()
        slow.join()
    wanted = spans_of(alone)
    assert len(wanted) > 10
    assert [spans_of(messages) for messages in together] == 4 * [wanted]
    assert {messages[-1]["reason"] for messages in together} == {"finished"}
    assert "keepalive" not in busy_server.log.read_text()


def halve(process, stop):
    """Take half of its time from `process`."""
    while not stop.wait(0.1):
        process.suspend()
        time.sleep(0.1)
        process.resume()


def spans_of(messages):
    finals = [message for message in messages if message["type"] == "utterance.final"]
    return [(final["utterance_id"], final["start_ms"], final["end_ms"]) for final in finals]


def test_pings_are_answered_while_audio_waits_to_be_heard(busy_server, long_speech):
    with session(busy_server.ws_url) as socket:
        for start in range(0, len(long_speech), 320_000):
            socket.send(long_speech[start : start + 320_000])
        began_s = time.monotonic()
        assert socket.ping().wait(timeout=10)
        answered_s = time.monotonic() - began_s
        send(socket, "session.finish")
        began_s = time.monotonic()
        assert receive_until(socket, "session.closed")[-1]["totals"]["audio_ms"] == 1000 * LONG_S
        heard_s = time.monotonic() - began_s
    assert answered_s < 1 or answered_s < heard_s / 2


@pytest.mark.parametrize("frame", [b"", b"\0"])
def test_frames_without_a_sample_from_one_that_reads_nothing_fill_no_memory(busy_server, frame):
    process = api_process_of(busy_server)
    before_bytes, most_bytes = process.memory_info().rss, 0
    with connect(busy_server.ws_url, proxy=None, max_queue=1) as socket:
        deadline_s = time.monotonic() + 3
        try:
            while time.monotonic() < deadline_s:
                for _ in range(500):
                    socket.send(frame)
                most_bytes = max(most_bytes, process.memory_info().rss)
        except ConnectionClosed:
            pass
        socket.socket.shutdown(sockets.SHUT_RDWR)  # gone without a goodbye
    assert most_bytes - before_bytes < 60_000_000


def test_a_stop_does_not_wait_for_what_was_sent_too_fast_to_be_heard(tiny_release, tmp_path, long_speech):
    with running_server(tiny_release, tmp_path / "server.log", "--asr-model", "none") as running:
        with session(running.ws_url) as socket:
            for _ in range(20):
                for start in range(0, len(long_speech), 320_000):
                    socket.send(long_speech[start : start + 320_000])
            running.process.terminate()
            messages = receive_until(socket, "session.closed")
        assert messages[-1]["reason"] == "server_draining"
        assert json.dumps(messages[-2]["code"]) == '"server_draining"'
        assert running.process.wait(timeout=30) == 0
