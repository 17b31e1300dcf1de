"""Pages of other origins: those that the operator allows may use the HTTP routes, and no others."""

import httpx
import pytest
from conftest import running_server

ALLOWED, ALSO, OTHER = "https://a.example", "http://localhost:3000", "https://b.example"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory, tiny_release):
    log = tmp_path_factory.mktemp("origins") / "server.log"
    with running_server(tiny_release, log, "--allow-origins", f"{ALLOWED},{ALSO}", "--asr-model", "none") as running:
        yield running


def preflight(server, origin, method="POST"):
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "content-type",
    }
    return httpx.options(server.url + "/predict", headers=asked)


@pytest.mark.parametrize("origin", [ALLOWED, ALSO])
def test_a_page_that_is_allowed_may_upload_and_read_the_answer(open_server, samples, origin):
    answer = preflight(open_server, origin)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "POST" in answer.headers["access-control-allow-methods"]
    clip = (samples / "09_calm.flac").read_bytes()
    heard = httpx.post(open_server.url + "/predict", content=clip, headers={"origin": origin}, timeout=60)
    refused = httpx.post(open_server.url + "/predict?volume=11", content=clip, headers={"origin": origin})
    assert (heard.status_code, refused.status_code) == (200, 422)
    for told in (heard, refused):
        assert told.headers["access-control-allow-origin"] == origin
        assert told.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize(("origin", "method"), [(OTHER, "POST"), ("null", "POST"), (ALLOWED, "DELETE")])
def test_others_are_refused_in_json(open_server, origin, method):
    answer = preflight(open_server, origin, method)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in httpx.get(open_server.url + "/info", headers={"origin": OTHER}).headers
