"""A session outlives its connection: who may come back to it, what they get, and what ends the waiting.

Written against the wire, on a server that asks for keys; the Python client is tested in tests/undertone/client.
"""

import json
import re
import socket as sockets
import time
from contextlib import contextmanager

import httpx
import pytest
from conftest import running_server
from material.wire import receive, receive_until, send
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from serving.guard.credentials import key_file
from serving.guard.grant import Quota
from undertone.audio_file import read

RESUME_S = 4.0
MOST = 4  # sessions
IDLE_S = 1.0
WITHIN_S = 10.0  # for what happens soon, on a busy machine


class Server:
    """A running server with its keys; sessions on it as plain conversations."""

    def __init__(self, running, keys):
        self.running, self.keys = running, keys

    def open(self, name="alice", query=""):
        """Return a connection with the key of `name`."""
        shown = {"Authorization": f"Bearer {self.keys[name]}"}
        return connect(self.running.ws_url + query, additional_headers=shown, proxy=None).__enter__()

    def begin(self, name="alice"):
        """Return a connection and its session.created."""
        socket = self.open(name)
        return socket, receive(socket)

    def ask(self, created, secret=None, after_seq=1, name="alice", session_id=None):
        """Return a connection that has asked to go on with the session of `created`."""
        session_id = session_id or created["session_id"]
        socket = self.open(name, f"?resume={session_id}")
        asked = {"session_id": session_id, "secret": secret or created["resume"]["secret"], "after_seq": after_seq}
        send(socket, "session.resume", **asked)
        return socket

    def resume(self, created, **asked):
        """Return a connection over which the session goes on, and the messages up to session.resumed."""
        socket = self.ask(created, **asked)
        return socket, receive_until(socket, "session.resumed")

    def is_refused(self, created, **asked):
        """Tell whether it is refused, closed with 4404 and why; None where it goes on."""
        socket = self.ask(created, **asked)
        told = receive(socket)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=WITHIN_S)
        assert (told["code"], told["fatal"], socket.close_code) == ("resume_refused", True, 4404)
        return told["message"]

    def metric(self, name, **labels):
        """Return the value of a metric."""
        text = httpx.get(f"{self.running.url}/metrics").text
        families = text_string_to_metric_families(text)
        found = (sample for family in families for sample in family.samples if sample.name == f"undertone_{name}")
        return sum(sample.value for sample in found if labels.items() <= sample.labels.items())

    def states(self):
        """Return how many live sessions are listened to, wait, and how many slots are taken."""
        sessions = self.metric("sessions", kind="live")
        waiting = self.metric("sessions", kind="live", state="waiting")
        return sessions - waiting, waiting, self.metric("slots_taken", kind="live")

    def until(self, states):
        """Return when `states` are these."""
        ends_s = time.monotonic() + WITHIN_S
        while self.states() != states:
            assert time.monotonic() < ends_s, self.states()
            time.sleep(0.05)


@contextmanager
def keyed_server(folder, release):
    names = {"alice": Quota(), "bob": Quota(), "carol": Quota(sessions=1, connections_per_minute=2)}
    keys = {name: key_file.add(folder / "keys.json", name, quota) for name, quota in names.items()}
    access = ("--keys", str(folder / "keys.json"), "--metrics-access", "all", "--usage", str(folder / "usage.sqlite"))
    waiting = ("--resume-s", str(RESUME_S), "--max-waiting", "2", "--idle-speech-s", str(IDLE_S))
    options = (*access, *waiting, "--max-sessions", str(MOST), "--asr-model", "none", "--log-level", "debug")
    with running_server(release, folder / "server.log", *options) as running:
        yield Server(running, keys)


@pytest.fixture(scope="module")
def server(tmp_path_factory, tiny_release):
    with keyed_server(tmp_path_factory.mktemp("resumption"), tiny_release) as server:
        yield server


@pytest.fixture(scope="module")
def speech(samples):
    """A sentence and a pause, PCM bytes."""
    return read(samples / "04_sad.flac").tobytes() + bytes(32_000)


def cut(*connections):
    """End connections as a network does: no close frame, nothing that is on its way arrives."""
    for connection in connections:
        connection.socket.shutdown(sockets.SHUT_RDWR)


def after(messages):
    return messages[-1]["seq"]


def test_messages_are_numbered_without_gaps_and_what_was_heard_is_acknowledged(server, speech):
    connection, created = server.begin()
    connection.send(speech)
    send(connection, "ping", id=1)
    send(connection, "session.finish")
    messages = [created, *receive_until(connection, "session.closed")]
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    assert created["resume"].keys() == {"secret", "within_s"}
    assert created["resume"]["within_s"] == RESUME_S
    acknowledged = [message["samples"] for message in messages if message["type"] == "audio.ack"]
    assert acknowledged == sorted(acknowledged)
    assert acknowledged[-1] > len(speech) // 2 - 16_000


def test_a_lost_session_waits_keeps_its_slot_and_goes_on_where_it_was(server, speech):
    connection, created = server.begin()
    connection.send(speech[:64_000])
    seen = receive_until(connection, "audio.ack")
    cut(connection)
    server.until((0, 1, 1))
    connection, missed = server.resume(created, after_seq=after(seen) - 2)
    assert [message["seq"] for message in missed] == [after(seen) - 1 + place for place in range(len(missed))]
    assert missed[:2] == seen[-2:]
    resumed = missed[-1]
    assert (resumed["session_id"], resumed["samples"]) == (created["session_id"], 32_000)
    assert server.states() == (1, 0, 1)
    connection.send(speech[2 * resumed["samples"] :])
    send(connection, "session.finish")
    rest = receive_until(connection, "session.closed")
    assert rest[0]["seq"] == after(missed) + 1
    assert rest[-1]["totals"]["audio_ms"] == len(speech) // 32
    assert [message["type"] for message in rest].count("utterance.final") == 1


def test_a_secret_works_once_and_the_next_one_goes_on_working(server):
    connection, created = server.begin()
    cut(connection)
    connection, (*_, first) = server.resume(created)
    assert first["resume"]["secret"] != created["resume"]["secret"]
    server.is_refused(created)
    connection, (*_, second) = server.resume(created, secret=first["resume"]["secret"], after_seq=first["seq"])
    assert second["seq"] == first["seq"] + 1
    send(connection, "session.finish")
    receive_until(connection, "session.closed")


def test_a_client_that_was_cut_off_before_it_could_read_the_next_secret_shows_the_last_one_again(server):
    connection, created = server.begin()
    cut(connection)
    unread, _ = server.resume(created)
    cut(unread)
    connection, missed = server.resume(created)
    assert [message["type"] for message in missed] == ["audio.ack", "session.resumed"], "no secret of the past is told"
    send(connection, "ping")
    receive_until(connection, "pong")
    cut(connection)
    server.is_refused(created)  # something came over that connection, so that its secret was read
    server.until((0, 0, 0))


def test_unknown_foreign_and_wrong_are_refused_alike(server):
    connection, created = server.begin()
    cut(connection)
    told = {
        server.is_refused(created, secret="a guess"),
        server.is_refused(created, name="bob"),
        server.is_refused(created, session_id="0" * 32),
    }
    assert len(told) == 1
    assert created["session_id"] not in told.pop()
    connection, _ = server.resume(created)
    connection.close()
    server.until((0, 0, 0))


def test_what_was_never_sent_cannot_be_missed(server):
    connection, created = server.begin()
    cut(connection)
    assert "message 99" in server.is_refused(created, after_seq=99)
    connection, _ = server.resume(created)
    connection.close()


@pytest.mark.parametrize(
    "first", ['{"type": "ping"}', "nonsense", '{"type": "session.resume", "after_seq": -1}', b"\0\0"]
)
def test_the_first_message_of_a_connection_that_asks_for_a_session_must_say_which(server, first):
    begun, created = server.begin()
    connection = server.open(query=f"?resume={created['session_id']}")
    connection.send(first)
    assert receive(connection)["code"] == "resume_refused"
    begun.close()


def test_those_who_ask_for_a_session_and_say_nothing_are_bounded(server):
    begun, created = server.begin()
    asking = [server.open(query=f"?resume={created['session_id']}") for _ in range(2 * MOST)]
    one_too_many = server.open(query=f"?resume={created['session_id']}")
    assert receive(one_too_many)["code"] == "server_full"
    for connection in (*asking, begun):
        connection.close()


def test_to_resume_in_the_midst_of_a_session_is_no_message(server):
    connection, created = server.begin()
    send(connection, "session.resume", session_id=created["session_id"], secret="x", after_seq=1)
    assert receive(connection)["code"] == "invalid_message"
    send(connection, "session.finish")
    receive_until(connection, "session.closed")


def test_nobody_waits_for_a_client_that_closes_in_order(server):
    for code in (1000, 1001):
        connection, created = server.begin()
        connection.close(code)
        server.until((0, 0, 0))
        server.is_refused(created)


def test_a_client_goes_on_elsewhere_while_its_old_connection_still_seems_to_live(server, speech):
    old, created = server.begin()
    old.send(speech[:32_000])
    seen = receive_until(old, "audio.ack")
    connection, (*_, resumed) = server.resume(created, after_seq=after(seen))
    with pytest.raises(ConnectionClosed):
        receive_until(old, "session.closed")
    connection.send(speech[2 * resumed["samples"] :])
    send(connection, "session.finish")
    assert receive_until(connection, "session.closed")[-1]["totals"]["audio_ms"] == len(speech) // 32


def test_a_session_whose_client_does_not_come_back_ends_and_is_counted_as_gone(server):
    before = server.metric("sessions_ended_total", kind="live", reason="gone")
    connection, created = server.begin()
    connection.send(bytes(3200))
    cut(connection)
    server.until((0, 1, 1))
    server.until((0, 0, 0))
    server.is_refused(created)
    assert server.metric("sessions_ended_total", kind="live", reason="gone") == before + 1


def test_the_end_of_a_session_that_was_not_read_is_read_afterwards_and_takes_no_slot(server, speech):
    with unread(server) as (wire, created):
        wire.sendall(masked(2, speech))
        wire.sendall(masked(1, b'{"type": "session.finish"}'))
        server.until((0, 0, 0))
    connection = server.ask(created)
    messages = receive_until(connection, "session.closed")
    assert [message["seq"] for message in messages] == list(range(2, len(messages) + 2))
    assert messages[-1]["reason"] == "finished"
    with pytest.raises(ConnectionClosed):
        connection.recv(timeout=WITHIN_S)
    assert connection.close_code == 1000


@contextmanager
def unread(server):
    """A connection whose client reads nothing but session.created, and goes without a word."""
    head = "GET /ws/analyze HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\nX-API-Key: {server.keys['alice']}\r\n\r\n"
    with sockets.create_connection(("127.0.0.1", server.running.port)) as wire:
        wire.sendall(head.encode())
        read = b""
        while not (created := re.search(rb'{"type": "session.created".*"seq": 1}', read)):
            read += wire.recv(4096)
        yield wire, json.loads(created[0])


def masked(opcode, payload):
    """Return a frame of a client; a mask of zeros leaves the payload as it is."""
    return bytes([0x80 | opcode, 0xFF]) + len(payload).to_bytes(8, "big") + bytes(4) + payload


def test_no_more_sessions_wait_than_the_operator_allows(server):
    begun = [server.begin() for _ in range(3)]
    cut(*(connection for connection, _ in begun))
    server.until((0, 2, 2))
    came_back = 0
    for _, created in begun:
        connection = server.ask(created)
        came_back += receive(connection)["type"] == "session.resumed"
        connection.close()
    assert came_back == 2
    server.until((0, 0, 0))


def test_a_quota_counts_a_resumed_session_once(server):
    connection, created = server.begin("carol")
    secret = created["resume"]["secret"]
    for _ in range(3):  # she may have one session and connect twice a minute
        cut(connection)
        connection, (*_, resumed) = server.resume(created, secret=secret, name="carol")
        secret = resumed["resume"]["secret"]
        send(connection, "ping")
        receive_until(connection, "pong")
    full, told = server.begin("carol")
    assert told["code"] == "quota_exceeded"
    full.close()
    connection.close()


def test_while_it_waits_a_sentence_is_not_taken_for_ended(server, speech):
    connection, created = server.begin()
    connection.send(speech[:32_000])
    receive_until(connection, "mood")
    cut(connection)
    time.sleep(1.5 * IDLE_S)
    connection, (*_, resumed) = server.resume(created)
    connection.send(speech[2 * resumed["samples"] :])
    send(connection, "session.finish")
    messages = receive_until(connection, "session.closed")
    assert [message["cause"] for message in messages if message["type"] == "speech.ended"] == ["silence"]


def test_a_server_that_goes_down_waits_for_nobody_and_has_logged_no_secret(server):
    connection, _ = server.begin()
    cut(connection)
    server.until((0, 1, 1))
    server.running.stop()  # in time, or it fails
    log = server.running.log.read_text()
    assert "reason=server_draining" in log
    assert "the client is back" in log
    assert not re.search(r'"secret"|secret=', log)
