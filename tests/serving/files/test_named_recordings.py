"""Recordings that a request names by their address: fetched by a real server from real storage, and nothing else."""

import contextlib
import json
import os
import time
from unittest.mock import patch

import httpx
import pytest
from conftest import running_server
from material.recording.s3_server import BUCKET, s3_server
from material.servers.web_storage import INSIDE, OUTSIDE, web_storage

from serving.guard.credentials import key_file
from serving.guard.grant import UNBOUNDED, Quota


class Fetching:
    """A server, the storage that it may ask, and what was asked of both."""

    def __init__(self, server, storage, keys, key, clip):
        self.server, self.storage, self.keys, self.key, self.clip = server, storage, keys, key, clip

    def post(self, url, path="/predict", key=None, **body):
        """Ask the server to hear what lies at `url`."""
        headers = {"X-API-Key": key or self.key}
        return httpx.post(f"{self.server.url}{path}", json={"url": url, **body}, headers=headers, timeout=90)

    def refusal(self, url, **options):
        """Return the status and the code of a refusal, and how many requests the storage got."""
        before = len(self.storage.asked)
        answer = self.post(url, **options)
        return answer.status_code, answer.json()["error"]["code"], len(self.storage.asked) - before


@pytest.fixture(scope="module")
def clip(samples):
    return (samples / "05_thanks.flac").read_bytes()


@pytest.fixture(scope="module")
def s3(tmp_path_factory, clip):
    with s3_server(tmp_path_factory.mktemp("s3")) as server, patch.dict(os.environ, server.environment):
        from s3fs import S3FileSystem

        storage = S3FileSystem(skip_instance_cache=True)
        storage.mkdir(BUCKET)
        storage.pipe({f"{BUCKET}/calls/a call.flac": clip, f"{BUCKET}/others/secret.flac": clip})
        yield server


@pytest.fixture(scope="module")
def fetching(tmp_path_factory, promoted_release, clip, s3):
    folder = tmp_path_factory.mktemp("fetching")
    keys, key = folder / "keys.json", key_file.add(folder / "keys.json", "alice", UNBOUNDED)
    with web_storage(clip, folder) as storage:
        hosts = [f"https://{host}:{storage.port}/" for host in (OUTSIDE, INSIDE, "localhost")]
        prefixes = ",".join([*hosts, "https://169.254.169.254/", f"s3://{BUCKET}/calls/"])
        options = ("--keys", str(keys), "--allow-urls", prefixes, "--allow-url-networks", f"{OUTSIDE}/32")
        slow = ("--upload-grace-s", "5", "--asr-workers", "1", "--asr-timeout-s", "60", "--log-level", "debug")
        trusting = {"SSL_CERT_FILE": str(storage.certificate), "HTTPS_PROXY": "http://127.0.0.1:9", **s3.environment}
        with contextlib.ExitStack() as running:
            with patch.dict(os.environ, trusting):
                server = running.enter_context(
                    running_server(promoted_release, folder / "server.log", *options, *slow, "--partial-workers", "0")
                )
            yield Fetching(server, storage, keys, key, clip)


def bare(answer):
    """Return the finals of an answer without what the wall clock decides."""
    messages = [json.loads(line) for line in answer.text.splitlines()]
    return [{**message, "timings": None} for message in messages if message["type"] == "utterance.final"]


@pytest.mark.parametrize("place", ["https", "s3"])
def test_a_recording_that_lies_elsewhere_is_heard_as_one_that_is_sent(fetching, place):
    url = fetching.storage.url("clip.flac?signature=A%2Fb") if place == "https" else f"s3://{BUCKET}/calls/a call.flac"
    answer = fetching.post(url)
    sent = httpx.post(
        f"{fetching.server.url}/predict", content=fetching.clip, headers={"X-API-Key": fetching.key}, timeout=90
    )
    assert answer.status_code == 200
    assert bare(answer) == bare(sent) != []
    assert "thank" in fetching.post(url, "/api/transcribe").json()["text"].lower()


def test_storage_sees_no_credential_of_ours_and_its_own_name(fetching):
    fetching.post(fetching.storage.url("clip.flac?a=b"))
    address, path, headers = fetching.storage.asked[-1]
    assert (address, path, headers["Host"]) == (OUTSIDE, "/clip.flac?a=b", f"{OUTSIDE}:{fetching.storage.port}")
    assert set(headers) == {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"}


@pytest.mark.parametrize(
    "url",
    [
        "https://{inside}:{port}/clip.flac",  # allowed by name, but inside
        "https://localhost:{port}/clip.flac",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]:{port}/clip.flac",
        "https://[::ffff:{outside}]:{port}/clip.flac",
        "https://{outside}@{inside}:{port}/clip.flac",
        "https://{outside}:{port}@{inside}:{port}/clip.flac",
        "https://{outside}.evil:{port}/clip.flac",
        "https://2130706434:{port}/clip.flac",
        "https://0177.0.0.2:{port}/clip.flac",
        "https://127.2:{port}/clip.flac",
        "https://{outside}:{port}/a/../clip.flac",
        "https://{outside}:{port}#@{inside}:{port}/clip.flac",
        "http://{outside}:{port}/clip.flac",
        "file:///etc/passwd",
        "s3://talks/others/secret.flac",
        "s3://talks/calls/../others/secret.flac",
        "s3://others/secret.flac",
    ],
)
def test_nobody_gets_in_by_an_address(fetching, url):
    text = url.format(inside=INSIDE, outside=OUTSIDE, port=fetching.storage.port)
    assert fetching.refusal(text) == (403, "url_not_allowed", 0)


def test_a_redirect_is_not_followed(fetching):
    assert fetching.refusal(fetching.storage.url("redirect")) == (422, "url_not_fetched", 1)


def test_what_is_not_there_or_cannot_be_had_is_told(fetching):
    assert fetching.refusal(fetching.storage.url("missing")) == (422, "url_not_fetched", 1)
    assert fetching.refusal(fetching.storage.url("broken")) == (502, "url_not_fetched", 1)
    assert fetching.refusal(f"s3://{BUCKET}/calls/nothing.flac") == (422, "url_not_fetched", 0)


def test_what_is_too_large_is_refused_when_that_is_known(fetching):
    assert fetching.refusal(fetching.storage.url("large")) == (422, "url_not_fetched", 1)
    few = key_file.add(fetching.keys, "bob", Quota(upload_mb_per_day=3))
    time.sleep(0.5)
    began_s = time.monotonic()
    assert fetching.refusal(fetching.storage.url("endless"), key=few)[:2] == (429, "quota_exceeded")
    assert time.monotonic() - began_s < 15  # it would go on for 20 s


def test_storage_that_is_slow_holds_no_slot(fetching):
    assert fetching.refusal(fetching.storage.url("slow"))[:2] == (408, "upload_timeout")
    assert httpx.get(f"{fetching.server.url}/ready").json()["free"]["upload"] == 4


def test_a_body_that_names_nothing_is_refused(fetching):
    headers = {"X-API-Key": fetching.key, "Content-Type": "application/json"}
    for body in ("", "{", "[]", "{}", '{"url": 1}', "[" * 9000, '{"url": "a", "b": 1}', '{"url": null}'):
        answer = httpx.post(f"{fetching.server.url}/predict", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request"), body
    large = httpx.post(f"{fetching.server.url}/predict", content=bytes(100_000), headers=headers)
    assert large.status_code == 413


def test_a_server_that_allows_none_says_so(server):
    answer = httpx.post(f"{server.url}/predict", json={"url": "https://media.example/1.wav"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "url_not_allowed")
    assert "--allow-urls" in answer.json()["error"]["message"]


def test_no_log_holds_an_address_with_its_signature(fetching):
    fetching.post(fetching.storage.url("clip.flac?X-Amz-Signature=hidden"))
    fetching.post("https://nowhere.example/?X-Amz-Signature=hidden")
    logged = fetching.server.log.read_text()
    assert "POST /predict" in logged
    assert "hidden" not in logged
    assert "Traceback" not in logged
