"""What is too long, too large or nothing at all, against a running server: each ends as soon as that is known."""

import contextlib
import json
import socket
import struct
import time
from http.client import HTTPResponse

import pytest
from conftest import flags, running_server
from material.wire import end_of, receive, receive_until, send, send_in_real_time, session
from websockets.exceptions import ConnectionClosed

from undertone.audio_file import read

ZEROS_S, FILE_S, UPLOAD_MB, UTTERANCE_S = 1.5, 60, 2.5, 4


@pytest.fixture(scope="module")
def narrow(tmp_path_factory, tiny_release):
    options = flags(idle_zeros_s=ZEROS_S, max_file_s=FILE_S, max_upload_mb=UPLOAD_MB, max_utterance_s=UTTERANCE_S)
    log = tmp_path_factory.mktemp("narrow") / "server.log"
    with running_server(tiny_release, log, *options, "--asr-model", "none") as running:
        yield running
        assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def clip(samples):
    return read(sorted(samples.glob("*.flac"))[0]).tobytes()


def test_a_microphone_that_sends_nothing_but_zeros_ends_its_session_as_one_that_sends_nothing_does(narrow, clip):
    with session(narrow.ws_url) as connection:
        connection.send(clip)
        began_s = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            send_in_real_time(connection, bytes(round(32_000 * (ZEROS_S + 1))))
        messages, errors, code = end_of(connection, within_s=10)
    assert (errors, code) == (["session_expired"], 4410)
    assert "zeros" in messages[-2]["message"]
    assert time.monotonic() - began_s > ZEROS_S * 0.9
    assert [message["type"] for message in messages].count("utterance.final") == 1


def test_silence_with_a_little_noise_is_sound(narrow):
    noise = struct.pack("<1024h", *(1023 * [0]), 1)
    with session(narrow.ws_url) as connection:
        send_in_real_time(connection, noise * round(16 * (ZEROS_S + 1)))
        send(connection, "session.finish")
        assert receive_until(connection, "session.closed")[-1]["reason"] == "finished"


def test_no_session_may_ask_for_more_memory_than_the_operator_gives_it(narrow):
    with session(narrow.ws_url) as connection:
        send(connection, "session.update", max_utterance_ms=UTTERANCE_S * 1000 + 1)
        refused = receive(connection)
        send(connection, "session.update", endpoint_silence_ms=600)
        told = receive(connection)
    assert (refused["code"], told["settings"]["max_utterance_ms"]) == ("invalid_setting", 1000 * UTTERANCE_S)
    assert f"{1000 * UTTERANCE_S} ms at most" in refused["message"]


def answer_to(server, head, pieces):
    """Send `head` and `pieces` until an answer comes; return its status and code, and how many bytes went out."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as upload:
        upload.sendall(head)
        sent = 0
        upload.settimeout(0.2)
        for piece in pieces:
            upload.sendall(piece)
            sent += len(piece)
        upload.settimeout(20)
        response = HTTPResponse(upload)
        response.begin()
        return response.status, json.loads(response.read())["error"]["code"], sent


def wav_head(seconds):
    size = 32_000 * seconds
    sizes = struct.pack("<I4s4sIHHIIHH4sI", size + 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", size)
    return b"RIFF" + sizes


def test_a_recording_that_says_it_is_too_long_is_refused_before_it_has_come(narrow):
    recording = wav_head(FILE_S + 10) + bytes(100_000)
    declared = 32_000 * (FILE_S + 10) + 44
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {declared}\r\n\r\n".encode()
    status, code, sent = answer_to(narrow, head, [recording])
    assert (status, code) == (413, "audio_too_long")
    assert sent < declared / 10


def test_so_is_one_in_a_form(narrow):
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="long.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    declared = len(part) + 44 + 32_000 * (FILE_S + 10) + 9
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    head += f"Content-Length: {declared}\r\n\r\n".encode()
    status, code, _ = answer_to(narrow, head, [part + wav_head(FILE_S + 10) + bytes(100_000)])
    assert (status, code) == (413, "audio_too_long")


CHUNKED = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(content):
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def test_an_upload_that_does_not_say_how_large_it_is_is_refused_once_it_is_too_large(narrow):
    pieces = [chunk(b"fLaC" + bytes(99_996))] + 26 * [chunk(bytes(100_000))]
    status, code, sent = answer_to(narrow, CHUNKED, pieces)
    assert (status, code) == (413, "upload_too_large")
    assert UPLOAD_MB * 1e6 < sent < 3e6


def test_a_recorder_that_never_told_its_length_is_read_to_its_end(narrow, clip):
    unknown = wav_head(1)[:4] + b"\xff\xff\xff\xff" + wav_head(1)[8:40] + b"\xff\xff\xff\xff"
    sound = (clip + bytes(100_000))[:200_000]
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=30) as upload:
        upload.sendall(CHUNKED + chunk(unknown + sound) + b"0\r\n\r\n")
        response = HTTPResponse(upload)
        response.begin()
        closed = json.loads(response.read().splitlines()[-1])
    assert (response.status, closed["reason"], closed["totals"]["audio_ms"]) == (200, "finished", 6250)
