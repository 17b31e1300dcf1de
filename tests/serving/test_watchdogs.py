"""Clients that stop in the middle of something, against a running server: each is ended, and no other is touched."""

import contextlib
import json
import select
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import numpy as np
import psutil
import pytest
import soundfile
from conftest import flags, running_server
from material.server_processes import api_process_of
from material.wire import end_of, receive, receive_until, send, session

from undertone.audio_file import read

IDLE_S, SESSION_S, SEND_S, HEAD_S = 1.0, 2.5, 0.5, 0.5
RESUME_S = 0.3  # then a client that was lost is gone
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: no goodbye at all


@pytest.fixture(scope="module")
def watchful(tmp_path_factory, tiny_release):
    patience = {"idle_session_s": IDLE_S, "max_session_s": SESSION_S, "send_timeout_s": SEND_S, "max_head_s": HEAD_S}
    options = flags(**patience, resume_s=RESUME_S)
    log = tmp_path_factory.mktemp("watchful") / "server.log"
    with running_server(tiny_release, log, *options, "--asr-model", "none") as running:
        yield running
        assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes()


def count(server, name):
    """Return the value of one series of /metrics."""
    lines = httpx.get(server.url + "/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"undertone_{name} ")).rpartition(" ")[2])


def ended(server, reason):
    return count(server, f'sessions_ended_total{{kind="live",reason="{reason}"}}')


def until(holds, within_s=10):
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_a_session_in_which_nothing_comes_ends_after_what_was_heard_is_answered(watchful, clip):
    with session(watchful.ws_url) as connection:
        connection.send(clip[: len(clip) // 4 * 2])
        began_s = time.monotonic()
        messages, errors, code = end_of(connection, within_s=10)
    assert (errors, code) == (["session_expired"], 4410)
    assert [message["type"] for message in messages].count("utterance.final") == 1
    assert time.monotonic() - began_s > IDLE_S * 0.9


def test_a_muted_microphone_that_sends_silence_is_not_idle_and_ends_with_the_longest_session(watchful):
    with session(watchful.ws_url) as connection:
        began_s = time.monotonic()
        while time.monotonic() < began_s + SESSION_S - 0.2:
            connection.send(bytes(3200))
            time.sleep(0.1)
        messages, errors, code = end_of(connection, within_s=10)
    assert (errors, code) == (["session_expired"], 4410)
    assert f"{SESSION_S:g} s at most" in messages[-2]["message"]
    assert time.monotonic() - began_s > SESSION_S * 0.9


UPGRADE = (
    b"GET /ws/analyze HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def narrow(server):
    """Return a socket to `server` that takes little at once."""
    taking = socket.socket()
    taking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    taking.connect(("127.0.0.1", server.port))
    return taking


def ask_for_much(connection):
    """Send pings whose answers are long, until nothing more is taken."""
    ping = json.dumps({"type": "ping", "id": 8000 * "a"}).encode()
    frame = b"\x81\xfe" + len(ping).to_bytes(2, "big") + bytes(4) + ping
    with contextlib.suppress(OSError):
        for _ in range(2000):
            connection.sendall(frame)


def test_a_client_that_never_reads_is_given_up_and_its_connection_let_go(watchful, clip):
    open_before = connections_of(watchful)
    with narrow(watchful) as deaf:
        deaf.sendall(UPGRADE)
        threading.Thread(target=ask_for_much, args=(deaf,), daemon=True).start()
        until(lambda: count(watchful, 'slots_taken{kind="live"}') == 1)
        with session(watchful.ws_url) as other:
            other.send(clip)
            send(other, "session.finish")
            assert receive_until(other, "session.closed")[-1]["totals"]["utterances"] == 1
        until(lambda: count(watchful, 'slots_taken{kind="live"}') == 0, within_s=30)
        until(lambda: connections_of(watchful) <= open_before, within_s=30)


def connections_of(server):
    """Return how many connections the server has that are open on its side."""
    there = api_process_of(server).net_connections("tcp")
    return sum(one.status in (psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT) for one in there if one.raddr)


def slowly(server, head):
    """Return what comes back for a head that is not whole, of which a byte comes every 50 ms, and after how long."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        began_s = time.monotonic()
        for byte in head:
            slow.sendall(bytes([byte]))
            if select.select([slow], [], [], 0.05)[0]:
                break
        return slow.recv(4096), time.monotonic() - began_s


def test_a_head_that_does_not_come_is_not_waited_for(watchful):
    heads = [b"", b"GET /he", b"GET /ws/analyze HTTP/1.1\r\nUpg", b"GET / HTTP/1.1\r\nX: " + 80 * b"a"]
    with ThreadPoolExecutor(len(heads)) as pool:
        answers = list(pool.map(lambda head: slowly(watchful, head), heads))
    for answer, took_s in answers:
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"request_timeout" in answer
        assert took_s > HEAD_S * 0.9


@contextmanager
def leaving(how, server, clip):
    """A session in mid-speech whose client then leaves: `how` it closes its socket."""
    with session(server.ws_url) as connection:
        connection.send(clip[: len(clip) // 4 * 2])
        assert receive(connection)["type"] == "speech.started"
        if how == "half-close":
            connection.socket.shutdown(socket.SHUT_WR)
        elif how == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.socket.close()
        else:
            connection.close()
        yield


@pytest.mark.parametrize("how", ["half-close", "reset", "close frame"])
def test_a_client_that_leaves_in_mid_speech_frees_its_slot_and_touches_no_other(watchful, clip, how):
    before = ended(watchful, "gone")
    with session(watchful.ws_url) as other:
        other.send(clip)
        with leaving(how, watchful, clip):
            send(other, "session.finish")
            assert receive_until(other, "session.closed")[-1]["totals"]["utterances"] == 1
            until(lambda: ended(watchful, "gone") == before + 1)
    until(lambda: count(watchful, 'slots_taken{kind="live"}') == 0)


def test_a_file_that_says_it_is_too_long_is_refused_before_any_of_it_is_heard(watchful, tmp_path):
    rate_hz = 1000
    minute = np.zeros(rate_hz * 60, dtype=np.int16)
    with soundfile.SoundFile(tmp_path / "long.flac", "w", rate_hz, 1, format="FLAC") as file:
        for _ in range(61):
            file.write(minute)
    before_s = count(watchful, 'audio_seconds_total{kind="upload"}')
    answer = httpx.post(watchful.url + "/predict", content=(tmp_path / "long.flac").read_bytes(), timeout=20)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "audio_too_long")
    assert count(watchful, 'audio_seconds_total{kind="upload"}') == before_s
