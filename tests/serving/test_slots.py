"""Slots of a running server: uploads and live sessions apart, refusals with their reason and in the log."""

import httpx
import pytest
from conftest import running_server
from material.uploads import begin_upload
from material.wire import receive, session
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def small_server(tmp_path_factory, tiny_release):
    log = tmp_path_factory.mktemp("slots") / "server.log"
    options = ("--max-sessions", "2", "--max-uploads", "2", "--asr-model", "none")
    with running_server(tiny_release, log, *options) as running:
        yield running


@pytest.fixture(scope="module")
def recording(samples):
    return (samples / "09_calm.flac").read_bytes()


def test_slow_uploads_lock_out_nobody_who_speaks(small_server, recording):
    with begin_upload(small_server, recording), begin_upload(small_server, recording):
        refused = httpx.post(small_server.url + "/predict", content=recording)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "server_full")
        assert int(refused.headers["retry-after"]) > 0
        with session(small_server.ws_url), session(small_server.ws_url):
            pass
    assert "refused upload from 127.0.0.1:" in small_server.log.read_text()


def test_sessions_lock_out_no_upload(small_server, recording):
    with session(small_server.ws_url), session(small_server.ws_url):
        with connect(small_server.ws_url, proxy=None) as third:
            refused = receive(third)
        assert (refused["code"], refused["fatal"]) == ("server_full", True)
        assert httpx.post(small_server.url + "/predict", content=recording, timeout=60).status_code == 200
    assert "server_full, all 2 sessions are taken" in small_server.log.read_text()


def test_slots_are_settings_of_the_operator_that_clients_may_read(small_server):
    limits = httpx.get(small_server.url + "/info").json()["model"]["limits"]
    assert (limits["max_sessions"], limits["max_uploads"]) == (2, 2)
