"""Messages that a session does not take, against a running server: each is answered by its name before any close."""

import contextlib
import json
import socket as sockets
import time

import pytest
from material.server_processes import api_process_of
from material.wire import end_of, receive, receive_until, send, session
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from undertone.audio_file import read

MIB = 1 << 20


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes()


@pytest.mark.parametrize("size", [MIB + 2, 4 * MIB, 5 * MIB, 40 * MIB])
@pytest.mark.parametrize("kind", [bytes, str])
def test_a_frame_that_is_too_large_is_answered_before_the_close(server, size, kind):
    with session(server.ws_url) as socket:
        began_s = time.monotonic()
        socket.send(bytes(size) if kind is bytes else " " * size)
        messages, errors, code = end_of(socket, within_s=20)
        assert (errors, code, messages[-1]["reason"]) == (["message_too_large"], 1009, "message_too_large")
        assert f"{size} bytes" in next(message["message"] for message in messages if message["type"] == "error")
        assert time.monotonic() - began_s < 8, "the closing handshake takes no time-out"


@pytest.mark.parametrize("part", [MIB // 2, 5 * MIB])
def test_parts_of_one_message_count_together(server, part):
    with session(server.ws_url) as socket:
        with contextlib.suppress(ConnectionClosed):  # the answer may be faster than the parts
            socket.send(bytes(part) for _ in range(4))
        assert end_of(socket, within_s=20)[1:] == (["message_too_large"], 1009)


@pytest.mark.parametrize("part", [b"", b"\0\0"])
def test_many_small_parts_make_one_message_and_hold_up_nobody(server, part):
    masked = bytes([0x80 | len(part)]) + bytes(4) + part
    with session(server.ws_url) as socket, session(server.ws_url) as other:
        socket.socket.sendall(b"\x02" + masked + (b"\x00" + masked) * 100_000 + b"\x80\x82" + bytes(6))
        began_s = time.monotonic()
        send(other, "ping", id=1)
        assert receive(other)["type"] == "pong"
        assert time.monotonic() - began_s < 5
        send(socket, "session.finish")
        heard = receive_until(socket, "session.closed")[-1]["totals"]["audio_ms"]
    assert heard == (100_001 * len(part) + 2) // 32


def test_what_was_heard_before_it_is_answered(server, clip):
    with session(server.ws_url) as socket:
        socket.send(clip)
        socket.send(bytes(5 * MIB))
        messages, errors, _ = end_of(socket, within_s=20)
    assert errors == ["message_too_large"]
    assert [message["type"] for message in messages].count("utterance.final") == 1
    assert messages[-1]["totals"]["audio_ms"] == len(clip) // 32


def test_a_message_of_a_gigabyte_fills_no_memory_and_is_answered_at_its_beginning(server):
    process = api_process_of(server)
    before_bytes = process.memory_info().rss
    with session(server.ws_url) as socket:
        raw: sockets.socket = socket.socket
        raw.sendall(b"\x82\xff" + (1 << 30).to_bytes(8, "big") + b"\0\0\0\0")
        for _ in range(64):
            raw.sendall(bytes(MIB))
        messages = receive_until(socket, "session.closed")
        assert [message["code"] for message in messages if message["type"] == "error"] == ["message_too_large"]
        assert process.memory_info().rss - before_bytes < 20 * MIB
        raw.shutdown(sockets.SHUT_RDWR)  # the rest of the message will not come, nor a close frame after it


def test_a_text_frame_of_exactly_a_mebibyte_is_read(server):
    with session(server.ws_url) as socket:
        text = json.dumps({"type": "ping", "id": 1})
        socket.send(text + " " * (MIB - len(text)))
        assert receive(socket) == {"type": "pong", "id": 1, "seq": 2}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 2000 + "]" * 2000,
        '{"type": "ping", "id": ' + "[" * 2000 + "]" * 2000 + "}",
        '{"type": "ping", "id": NaN}',
        '{"type": "ping", "id": 1e999}',
        '{"type": "ping", "id": -Infinity}',
        '{"type": "ping", "id": ' + "9" * 400 + "}",
        '{"type": "ping", "id": ' + "9" * 5000 + "}",
        '{"type": "ping", "type": "ping"}',
        '{"type": "session.update", "alpha": 1, "alpha": 0}',
        r'{"type": "ping", "id": "\ud800"}',
        '{"type": "ping", "id": "\n"}',
        b'{"type": "ping", "id": "\xed\xa0\x80"}',
        b"\xff\xfe",
    ],
)
def test_json_that_is_none_is_refused_by_name_and_the_session_goes_on(server, text):
    with connect(server.ws_url, proxy=None) as socket:
        assert receive(socket)["type"] == "session.created"
        socket.send(text, text=True)
        answer = receive(socket)
        assert (answer["code"], answer["fatal"]) == ("invalid_message", False)
        send(socket, "ping", id="still there")
        assert receive(socket) == {"type": "pong", "id": "still there", "seq": 3}


def test_what_an_error_quotes_is_short(server):
    with session(server.ws_url) as socket:
        send(socket, "session.update", **{"v" * 100_000: 11})
        answer = receive(socket)
        assert answer["code"] == "invalid_setting"
        assert len(answer["message"]) <= 500
        send(socket, "session.update", language="e" * 100_000)
        assert len(receive(socket)["message"]) <= 500


def test_an_update_is_answered_with_all_settings_that_hold(server):
    with connect(server.ws_url, proxy=None) as socket:
        settings = receive(socket)["settings"]
        send(socket, "session.update", alpha=0.5, endpoint_silence_ms=700)
        wanted = {**settings, "alpha": 0.5, "endpoint_silence_ms": 700}
        assert receive(socket) == {"type": "session.updated", "settings": wanted, "seq": 2}
        send(socket, "session.update")
        assert receive(socket) == {"type": "session.updated", "settings": wanted, "seq": 3}
