"""Uploads that take their time, against a running server: each ends with 408, and its slot is free again."""

import json
import select
import socket
import time
from http.client import HTTPResponse

import httpx
import pytest
from conftest import flags, running_server

TOTAL_S, GRACE_S, RATE = 4.0, 1.0, 4000


@pytest.fixture(scope="module")
def impatient_server(tmp_path_factory, tiny_release):
    rates = {"max_upload_s": TOTAL_S, "upload_grace_s": GRACE_S, "min_upload_bytes_per_s": RATE}
    options = flags(**rates, max_uploads=1)
    log = tmp_path_factory.mktemp("slow") / "server.log"
    with running_server(tiny_release, log, *options, "--asr-model", "none") as running:
        yield running


@pytest.fixture(scope="module")
def recording(samples):
    return (samples / "09_calm.flac").read_bytes()


def dripped(server, content, piece, pause_s):
    """Upload `content` a `piece` each `pause_s`; return status, code, message and the seconds to the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as upload:
        began_s = time.monotonic()
        upload.sendall(f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        for start in range(0, len(content), piece):
            upload.sendall(content[start : start + piece])
            answered, _, _ = select.select([upload], [], [], pause_s)
            if answered:
                break
        took_s = time.monotonic() - began_s
        response = HTTPResponse(upload)
        response.begin()
        fault = json.loads(response.read())["error"]
    return response.status, fault["code"], fault["message"], took_s


def test_a_byte_now_and_then_is_not_waited_for(impatient_server, recording):
    status, code, message, took_s = dripped(impatient_server, recording, 1, 0.3)
    assert (status, code) == (408, "upload_timeout")
    assert f"{RATE} bytes a second" in message
    assert GRACE_S * 0.9 < took_s < GRACE_S + 2
    answer = httpx.post(impatient_server.url + "/predict", content=recording, timeout=60)
    assert answer.status_code == 200, "the slot is free again"


def test_an_upload_that_stalls_after_a_good_beginning_is_given_up_as_well(impatient_server, recording):
    begun = recording[: 2 * RATE]
    status, code, _, took_s = dripped(impatient_server, begun + bytes(1), len(begun), 20.0)  # or until it is answered
    assert (status, code) == (408, "upload_timeout")
    assert took_s > 2.5


def test_no_upload_takes_longer_than_the_operator_allows(impatient_server, recording):
    status, code, message, took_s = dripped(impatient_server, recording * 20, RATE // 2, 0.2)
    assert (status, code) == (408, "upload_timeout")
    assert f"{TOTAL_S:g} s" in message
    assert TOTAL_S * 0.9 < took_s < TOTAL_S + 2


def test_a_slow_line_is_fast_enough(impatient_server, recording):
    piece = len(recording) // 6
    assert piece > RATE / 3

    def pieces():
        for start in range(0, len(recording), piece):
            yield recording[start : start + piece]
            time.sleep(0.3)

    answer = httpx.post(impatient_server.url + "/predict", content=pieces(), timeout=60)
    assert json.loads(answer.text.splitlines()[-1])["reason"] == "finished"


def test_the_limits_are_told(impatient_server):
    limits = httpx.get(impatient_server.url + "/info").json()["model"]["limits"]
    assert (limits["max_upload_s"], limits["upload_grace_s"]) == (TOTAL_S, GRACE_S)
    assert limits["min_upload_bytes_per_s"] == RATE
