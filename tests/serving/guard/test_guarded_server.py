"""A server that asks for keys: how they may be shown, what is refused and how, and that no log ever holds one."""

import json
import time

import httpx
import jwt
import openai
import pytest
from conftest import running_server
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from material.wire import receive, receive_until, send
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from serving.guard.credentials import key_file
from serving.guard.grant import UNBOUNDED, Quota
from serving.guard.usage.store import totals
from undertone.audio_file import read

SECRET = "a secret of the operator, long enough to be one"
PAGE = "https://a.example"


class Guarded:
    """A running server, the files that it was given, and the keys in them."""

    def __init__(self, folder):
        self.keys, self.usage, self.jwks = folder / "keys.json", folder / "usage.sqlite", folder / "jwks.json"
        self.key = key_file.add(self.keys, "alice", UNBOUNDED)
        self.signing = ec.generate_private_key(ec.SECP256R1())
        public = {**json.loads(ECAlgorithm.to_jwk(self.signing.public_key())), "kid": "one", "alg": "ES256"}
        self.jwks.write_text(json.dumps({"keys": [public]}))

    def options(self):
        """Return the flags of `undertone serve`."""
        files = ("--keys", str(self.keys), "--usage", str(self.usage), "--jwt-jwks", str(self.jwks))
        tokens = ("--jwt-secret", SECRET, "--jwt-audience", "undertone")
        return (*files, *tokens, "--allow-origins", PAGE, "--log-level", "debug", "--asr-model", "none")

    def new_key(self, name, **quota):
        """Make a key; the running server reads the file again."""
        return key_file.add(self.keys, name, Quota(**quota))

    def connect(self, key=None, query="", **options):
        """Connect with `key` in a header."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return connect(self.server.ws_url + query, additional_headers=headers, proxy=None, **options)

    def refusal(self, key=None, **options):
        """Return the first message to a client that is refused, and the code of the close."""
        with self.connect(key, **options) as socket:
            told = receive(socket)
            assert (told["type"], told["fatal"]) == ("error", True)
            with pytest.raises(Exception, match="sent") as closed:
                socket.recv(timeout=10)
        return told, closed.value.rcvd.code

    def predict(self, content, key=None, **options):
        """Upload `content`."""
        headers = {"X-API-Key": key} if key else {}
        return httpx.post(f"{self.server.url}/predict", content=content, headers=headers, timeout=60, **options)

    def used(self, name):
        """Return what was counted for `name` once it stays the same; it is written four times a second."""
        before, found = None, self._used(name)
        while found is None or found != before:
            time.sleep(0.6)
            before, found = found, self._used(name)
        return found

    def _used(self, name):
        return next((use for _, use in totals(self.usage, by="key", key=name)), None)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, tiny_release):
    folder = tmp_path_factory.mktemp("guarded")
    guarded = Guarded(folder)
    with running_server(tiny_release, folder / "server.log", *guarded.options()) as guarded.server:
        yield guarded


@pytest.fixture(scope="module")
def clip(samples):
    return (samples / "09_calm.flac").read_bytes()


@pytest.fixture(scope="module")
def pcm(samples):
    return read(samples / "09_calm.flac").tobytes()


def token(key=SECRET, algorithm="HS256", headers=None, **claims):
    """Return a token that holds, but for what `claims` say; those that are None are left out."""
    said = {"sub": "carol", "aud": "undertone", "exp": time.time() + 60, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers=headers)


@pytest.mark.parametrize("way", ["bearer", "x-api-key", "subprotocol", "query"])
def test_a_socket_opens_with_a_key_however_it_is_shown(guarded, way):
    key = guarded.key
    options = {
        "bearer": {"additional_headers": {"Authorization": f"Bearer {key}"}},
        "x-api-key": {"additional_headers": {"X-API-Key": key}},
        "subprotocol": {"subprotocols": ["undertone", f"undertone.key.{key}"]},
        "query": {},
    }[way]
    query = f"?token={key}" if way == "query" else ""
    with connect(guarded.server.ws_url + query, proxy=None, **options) as socket:
        assert receive(socket)["type"] == "session.created"
        assert socket.subprotocol == ("undertone" if way == "subprotocol" else None)


def test_a_socket_without_a_key_that_holds_is_told_so_before_it_is_closed(guarded):
    for key in (None, "ut_00000000_" + 43 * "x", guarded.key[:-1] + "?", "nonsense", "a.b.c"):
        told, code = guarded.refusal(key)
        assert (told["code"], code) == ("unauthorized", 4401)
        assert "retry_after_s" not in told


def test_uploads_need_a_key_as_sockets_do(guarded, clip):
    for path in ("/predict", "/api/transcribe"):
        refused = httpx.post(guarded.server.url + path, content=clip)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
        assert refused.headers["www-authenticate"] == "Bearer"
    assert guarded.predict(clip, guarded.key).status_code == 200
    assert guarded.predict(clip, params={"token": guarded.key}).status_code == 200  # and it is no setting


def test_the_client_of_openai_shows_its_key_as_others_do(guarded):
    def models(key):
        with openai.OpenAI(base_url=f"{guarded.server.url}/v1", api_key=key, max_retries=0) as client:
            return client.models.list().data

    assert [model.id for model in models(guarded.key)] == ["none", "whisper-1"]
    with pytest.raises(openai.AuthenticationError) as refused:
        models("sk-none")
    assert refused.value.code == "unauthorized"


def test_what_a_server_is_may_be_read_by_all_and_info_with_a_key(guarded):
    for path in ("/", "/health", "/ready", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/asyncapi.yaml"):
        assert httpx.get(guarded.server.url + path).status_code == 200, path
    for path in ("/info", "/metrics", "/words", "/nowhere"):
        assert httpx.get(guarded.server.url + path).status_code == 401, path
    assert httpx.get(guarded.server.url + "/info", headers={"X-API-Key": guarded.key}).status_code == 200


def test_metrics_are_read_with_a_key_and_count_who_was_not_let_in(guarded, clip):
    def refusals(kind, reason="unauthorized"):
        told = httpx.get(guarded.server.url + "/metrics", headers={"X-API-Key": guarded.key}).raise_for_status().text
        series = f'undertone_refusals_total{{kind="{kind}",reason="{reason}"}} '
        return float(next(line for line in told.splitlines() if line.startswith(series)).removeprefix(series))

    before = {kind: refusals(kind) for kind in ("live", "upload", "request")}
    guarded.refusal()
    guarded.predict(clip)
    httpx.get(guarded.server.url + "/info")
    assert {kind: refusals(kind) - count for kind, count in before.items()} == {"live": 1, "upload": 1, "request": 1}
    of_quota = refusals("live", "quota_exceeded")
    none = guarded.new_key("olivia", sessions=0)
    assert guarded.refusal(none)[0]["code"] == "quota_exceeded"
    assert refusals("live", "quota_exceeded") == of_quota + 1


def test_tokens_that_hold_open_a_socket(guarded):
    for holds in (token(), token(guarded.signing, "ES256", {"kid": "one"})):
        with guarded.connect(holds) as socket:
            assert receive(socket)["type"] == "session.created"


def test_tokens_that_do_not_hold_are_refused_with_the_reason(guarded):
    stranger = ec.generate_private_key(ec.SECP256R1())
    for wrong, why in (
        (token(exp=time.time() - 60), "expired"),
        (token(nbf=time.time() + 60), "not yet valid"),
        (token(aud="others"), "udience"),
        (token(exp=None), '"exp"'),
        (token(sub=None), '"sub"'),
        (token("another secret, which nobody here has set up"), "ignature"),
        (token(stranger, "ES256", {"kid": "one"}), "ignature"),
        (token(stranger, "ES256", {"kid": "two"}), "its key is not known"),
        (token(None, "none"), "algorithm 'none' is not taken"),
        (token(undertone={"sessions": "many"}), "undertone.sessions"),
    ):
        told, code = guarded.refusal(wrong)
        assert (told["code"], code) == ("unauthorized", 4401)
        assert why in told["message"]


def test_a_token_may_carry_a_quota(guarded):
    small = token(sub="dave", undertone={"sessions": 1})
    with guarded.connect(small) as first:
        receive(first)
        told, code = guarded.refusal(small)
    assert (told["code"], code) == ("quota_exceeded", 4429)
    assert told["message"] == "all 1 sessions of jwt:dave are taken"


def test_pages_of_elsewhere_open_no_socket_and_send_no_recording(guarded, clip):
    host = guarded.server.url.removeprefix("http://")
    for page in (PAGE, f"http://{host}", f"https://{host}"):
        with guarded.connect(guarded.key, origin=page) as socket:
            assert receive(socket)["type"] == "session.created"
    for page in ("https://b.example", "null", f"{PAGE}.b.example"):
        with pytest.raises(InvalidStatus) as refused, guarded.connect(guarded.key, origin=page):
            pass
        assert refused.value.response.status_code == 403
        assert json.loads(refused.value.response.body)["error"]["code"] == "origin_not_allowed"
    posted = httpx.post(
        guarded.server.url + "/predict",
        content=clip,
        headers={"X-API-Key": guarded.key, "Origin": "https://b.example"},
    )
    assert posted.status_code == 403


def test_a_key_is_taken_from_service_within_a_second_and_ends_what_it_has_open(guarded, pcm):
    key = guarded.new_key("eve")
    with guarded.connect(key) as socket:
        receive(socket)
        socket.send(pcm[: len(pcm) // 4 * 2])
        receive_until(socket, "speech.started")
        began_s = time.monotonic()
        key_file.revoke(guarded.keys, "eve")
        messages = receive_until(socket, "session.closed")
        assert time.monotonic() - began_s < 5  # within 0.25 s, and what was heard is answered
    told = messages[-2]
    assert (told["code"], messages[-1]["reason"]) == ("unauthorized", "unauthorized")
    assert "utterance.final" in [message["type"] for message in messages]
    assert guarded.refusal(key)[0]["code"] == "unauthorized"


def test_a_token_that_expires_ends_its_session_and_the_reason_is_told(guarded, pcm):
    clocks_may_differ_s = 10
    with guarded.connect(token(exp=time.time() - clocks_may_differ_s + 3)) as socket:
        receive(socket)
        socket.send(pcm[: len(pcm) // 4 * 2])
        messages = receive_until(socket, "session.closed")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
    assert (messages[-2]["code"], socket.close_code) == ("unauthorized", 4401)
    assert "the token has expired" in messages[-2]["message"]
    assert "utterance.final" in [message["type"] for message in messages], "what was heard is answered"


def test_a_key_has_the_sessions_and_connections_that_it_has(guarded, clip):
    few = guarded.new_key("frank", sessions=1, connections_per_minute=3)
    with guarded.connect(few) as first:
        assert receive(first)["type"] == "session.created"
        told, code = guarded.refusal(few)
        assert (told["code"], told["retry_after_s"], code) == ("quota_exceeded", 5, 4429)
        assert guarded.predict(clip, few).status_code == 200
        often = guarded.predict(clip, few)
    assert (often.status_code, often.json()["error"]["code"]) == (429, "quota_exceeded")
    assert often.json()["error"]["message"] == "frank may connect 3 times a minute"
    assert 0 < int(often.headers["retry-after"]) <= 60
    assert often.json()["error"]["retry_after_s"] == int(often.headers["retry-after"])
    used = guarded.used("frank")
    assert (used.sessions, used.uploads, used.refusals) == (1, 1, 2)


def test_a_key_has_the_minutes_of_a_day_and_its_session_ends_with_them(guarded, pcm):
    short = guarded.new_key("grace", audio_minutes_per_day=1.2 / 60)
    with guarded.connect(short) as socket:
        receive(socket)
        for start in range(0, len(pcm), 8000):
            socket.send(pcm[start : start + 8000])
        messages = receive_until(socket, "session.closed")
    assert (messages[-2]["code"], messages[-1]["reason"]) == ("quota_exceeded", "quota_exceeded")
    assert 0 < messages[-2]["retry_after_s"] <= 86_400
    told, code = guarded.refusal(short)
    assert (code, told["message"]) == (4429, "the 0.02 minutes of audio of grace are used up for today")
    assert 1.2 <= guarded.used("grace").audio_s <= 1.7


def test_a_key_has_the_uploads_and_the_bytes_that_it_has(guarded, clip):
    few = guarded.new_key("heidi", uploads_per_day=1)
    assert guarded.predict(clip, few).status_code == 200
    refused = guarded.predict(clip, few)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "quota_exceeded")
    small = guarded.new_key("ivan", upload_mb_per_day=len(clip) / 2e6)
    assert guarded.predict(clip, small).status_code == 429  # as it says how long it is
    pieces = (clip[start : start + 4096] for start in range(0, len(clip), 4096))
    assert guarded.predict(pieces, small).status_code == 429  # as it comes
    used = guarded.used("ivan")
    assert len(clip) / 2 < used.upload_bytes <= len(clip) / 2 + 65_536
    assert (used.uploads, used.refusals) == (1, 1)


def test_what_was_used_is_counted_by_key(guarded, pcm, clip):
    key = guarded.new_key("judy")
    with guarded.connect(key) as socket:
        receive(socket)
        socket.send(pcm)
        send(socket, "session.finish")
        closed = receive_until(socket, "session.closed")[-1]
    assert guarded.predict(clip, key).status_code == 200
    used = guarded.used("judy")
    assert used.audio_s == pytest.approx(2 * len(pcm) / 32_000, abs=0.01)
    assert used.utterances == 2 * closed["totals"]["utterances"] > 0
    assert (used.sessions, used.uploads, used.upload_bytes, used.refusals) == (1, 1, len(clip), 0)


def test_no_log_holds_a_key_or_a_token(guarded):
    shown = token(sub="mallory")
    with connect(guarded.server.ws_url + f"?token={shown}", proxy=None) as socket:
        receive(socket)
    httpx.get(guarded.server.url + "/info", params={"token": guarded.key})
    httpx.get(guarded.server.url + "/nowhere", params={"a": "1", "token": "not-a-key-but-a-secret"})
    logged = guarded.server.log.read_text()
    assert "GET /info" in logged  # requests are logged at this level
    for secret in (guarded.key, guarded.key[12:], shown, "not-a-key-but-a-secret", SECRET):
        assert secret not in logged
    assert "Traceback" not in logged
