"""Damaged recordings and odd requests: each is heard as far as it can be, or refused with a reason, and none hangs."""

import json
import socket
from random import Random

import httpx
import pytest
from material.fuzz.files import mutated, originals
from material.uploads import everything

from undertone.audio import RATE_HZ
from undertone.audio_file import read

PATIENCE_S = 120
PARTLY = {"damaged_audio", "audio_too_long"}


@pytest.fixture(scope="module")
def recordings(samples):
    return originals(read(sorted(samples.glob("*.flac"))[0])[: 2 * RATE_HZ])


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_every_damaged_recording_is_heard_or_refused_with_a_reason(attacked, flat, recordings, count):
    with httpx.Client(base_url=attacked.url, timeout=PATIENCE_S, trust_env=False) as client:
        for number, (what, content) in enumerate(mutated(Random(11), recordings, count)):
            brought = {"files": {"file": (f"{number}.bin", content)}} if number % 3 == 0 else {"content": content}
            assert_answered(client.post("/predict", **brought), what)


def assert_answered(answer, what):
    if answer.status_code == 200:
        last = json.loads(answer.text.splitlines()[-1])
        assert last["type"] == "session.closed" or last["code"] in PARTLY, what
        return
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.text}"
    fault = answer.json()["error"]
    assert fault["code"], what
    assert fault["message"], what


LENGTH = b"Content-Length: 100\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORM = b"Content-Type: multipart/form-data"
CLIMBS = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../../etc/passwd"\r\n\r\n.\r\n--x--\r\n'
HEADS = {
    "a length that is none": (b"Content-Length: many\r\n", b""),
    "a negative length": (b"Content-Length: -1\r\n", b""),
    "a length beyond all numbers": (b"Content-Length: " + 30 * b"9" + b"\r\n", b""),
    "two lengths": (LENGTH + b"Content-Length: 7\r\n", bytes(100)),
    "a length and chunks": (LENGTH + CHUNKED, b"0\r\n\r\n"),
    "a chunk of no size": (CHUNKED, b"zz\r\nxx\r\n0\r\n\r\n"),
    "a chunk of a negative size": (CHUNKED, b"-5\r\nxx\r\n0\r\n\r\n"),
    "a chunk of a terabyte": (CHUNKED, b"ffffffffff\r\n" + bytes(100)),
    "no end of its chunks": (CHUNKED, b"5\r\nhello\r\n"),
    "a form without a boundary": (FORM + b"\r\n" + LENGTH, bytes(100)),
    "a form whose boundary never comes": (FORM + b"; boundary=x\r\n" + LENGTH, bytes(100)),
    "an empty boundary": (FORM + b'; boundary=""\r\n' + LENGTH, bytes(100)),
    "a boundary of a kilobyte": (FORM + b"; boundary=" + 1000 * b"b" + b"\r\n" + LENGTH, bytes(100)),
    "a charset of nobody": (FORM + b"; charset=rot13; boundary=x\r\n" + LENGTH, b"--x\r\n" + bytes(95)),
    "a body that ends early": (LENGTH, bytes(7)),
    "an encoding that nobody speaks": (b"Content-Encoding: br, gzip, zip\r\n" + LENGTH, bytes(100)),
    "a header without a name": (b": x\r\n" + LENGTH, bytes(100)),
    "a header with a zero in it": (b"X-A: \0\r\n" + LENGTH, bytes(100)),
    "a header that is no ASCII": (b"X-\xff: \xff\r\n" + LENGTH, bytes(100)),
    "a name of a file that climbs": (FORM + b"; boundary=x\r\n" + CHUNKED, b"5e\r\n" + CLIMBS + b"\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("what", HEADS)
def test_a_request_that_is_odd_is_answered_with_a_reason_or_its_connection_ends(attacked, what):
    head, body = HEADS[what]
    with socket.create_connection(("127.0.0.1", attacked.port), timeout=30) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        answer = everything(connection)
    status, _, rest = answer.partition("\r\n\r\n")
    if answer:
        assert status.startswith("HTTP/1.1 4"), answer
        assert '"code"' in rest
