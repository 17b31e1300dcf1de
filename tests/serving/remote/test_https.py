"""Recordings on a real web server: asked for at the address that was judged, under the name of its certificate."""

import asyncio

import pytest
from material.servers.web_storage import INSIDE, OUTSIDE, web_storage

from serving.guard.policy import UrlRules
from serving.remote import https
from serving.remote.errors import RemoteError
from serving.remote.fetch import Remote


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    with web_storage(b"sound", tmp_path_factory.mktemp("storage")) as storage:
        yield storage


@pytest.fixture(autouse=True)
def _trusting(storage, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(storage.certificate))
    https._trusted.cache_clear()


def fetched(storage, host, *answers, name="clip.flac", most_bytes=1000):
    """Return what lies at `host`, whose name stands for one of `answers` after the other."""
    asked = iter(answers)

    async def resolve(host, port):
        return [next(asked)]

    async def scene():
        remote = Remote(UrlRules((f"https://{host}:{storage.port}/",), (f"{OUTSIDE}/32",)), resolve)
        return b"".join([piece async for piece in remote.pieces(remote.place(storage.url(name, host)), most_bytes)])

    return asyncio.run(scene())


def test_a_name_that_leads_inside_once_it_was_judged_leads_nowhere_else(storage):
    before = len(storage.asked)
    assert fetched(storage, "localhost", OUTSIDE, INSIDE, INSIDE) == b"sound"
    assert [address for address, *_ in storage.asked[before:]] == [OUTSIDE]
    assert storage.asked[-1][2]["Host"] == f"localhost:{storage.port}"
    with pytest.raises(RemoteError, match="not to be asked"):
        fetched(storage, "localhost", INSIDE, OUTSIDE)


def test_a_certificate_that_bears_another_name_is_not_trusted(storage):
    with pytest.raises(RemoteError, match="cannot be reached") as refused:
        fetched(storage, "media.example", OUTSIDE)
    assert refused.value.status == 502


def test_what_says_that_it_is_too_large_is_not_begun(storage):
    with pytest.raises(RemoteError, match="over 4 bytes"):
        fetched(storage, "localhost", OUTSIDE, most_bytes=4)
    assert fetched(storage, "localhost", OUTSIDE, most_bytes=5) == b"sound"
