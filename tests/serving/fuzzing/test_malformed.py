"""Messages and frames of people who do not follow the protocol: each is answered, none ends in an error of ours."""

import contextlib
import json
import socket as sockets
from random import Random

import pytest
from material.fuzz.frames import frames
from material.fuzz.messages import messages
from material.wire import receive, receive_until, send, session
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from undertone.audio_file import read

TOGETHER = 100
NOT_FATAL = {"invalid_message", "invalid_setting", "odd_frame_length"}
ANY = {1000, 1002, 1003, 1005, 1006, 1007, 1009}
OPEN = {1006}  # nothing is wrong so far: the session waits, until the client is gone
EXPECTED = {
    **{"endless_length": {1006, 1009}, "negative_length": {1006, 1009}, "close_for_no_text": {1007}, "garbage": ANY},
    **{"cut_off": OPEN, "text_cut_in_a_character": OPEN},
}


def counts(everyday, all_of_them):
    return pytest.mark.parametrize("count", [everyday, pytest.param(all_of_them, marks=pytest.mark.exhaustive)])


def until_pong(socket, mark):
    """Return the codes of the errors that come before the answer to a ping of ours."""
    send(socket, "ping", id=mark)
    told = []
    while (message := receive(socket))["type"] != "pong" or message["id"] != mark:
        told.append(message)
    errors = [message for message in told if message["type"] == "error"]
    assert not [error for error in errors if error["fatal"] or error["code"] not in NOT_FATAL]
    assert {message["type"] for message in told} <= {"error", "pong", "session.updated", "audio.ack"}
    return [error["code"] for error in errors]


@counts(1000, 10_000)
def test_every_malformed_message_is_refused_and_the_session_goes_on(attacked, flat, count):
    random = Random(7)
    for number in range(count // TOGETHER):
        with session(attacked.ws_url) as socket:
            made = list(messages(random, TOGETHER))
            for text, _ in made:
                socket.send(text, text=True)
            surely = sum(refused for _, refused in made)
            answered = until_pong(socket, f"mark {number}")
            assert surely <= len(answered) <= len(made), made


@counts(100, 1000)
def test_audio_in_halves_of_samples_is_ignored_by_name(attacked, flat, count):
    random = Random(7)
    with session(attacked.ws_url) as socket:
        for _ in range(count):
            socket.send(random.randbytes(random.choice([0, 1, 3, 641, 3201])))
        assert until_pong(socket, "after") == count * ["odd_frame_length"]
        send(socket, "session.finish")
        assert receive_until(socket, "session.closed")[-1]["totals"]["audio_ms"] == 0


@counts(170, 1700)
def test_every_frame_that_is_none_ends_its_own_connection_with_a_code_of_the_protocol(attacked, flat, count):
    with session(attacked.ws_url) as bystander:
        for kind, raw in frames(Random(7), count):
            code = code_after(attacked, raw, leaves=kind in EXPECTED)
            assert code in EXPECTED.get(kind, {1002}), f"{kind}: {raw!r}"
            assert until_pong(bystander, "still here") == []


def code_after(server, raw, leaves):
    """Return the close code of a connection over which `raw` goes; `leaves`: the client says that no more will come."""
    with connect(server.ws_url, proxy=None, close_timeout=5) as socket:
        with contextlib.suppress(OSError):  # it may have been closed already
            socket.socket.sendall(raw)
            if leaves:
                socket.socket.shutdown(sockets.SHUT_WR)
        try:
            while True:
                socket.recv(timeout=20)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


def test_audio_that_comes_before_the_session_is_created_is_heard(attacked, samples):
    clip = read(sorted(samples.glob("*.flac"))[0]).tobytes() + bytes(32_000)
    with connect(attacked.ws_url, proxy=None) as socket:
        socket.send(clip)
        socket.send(json.dumps({"type": "session.finish"}))
        told = receive_until(socket, "session.closed")
    assert told[0]["type"] == "session.created"
    assert [message["type"] for message in told].count("utterance.final") == 1
