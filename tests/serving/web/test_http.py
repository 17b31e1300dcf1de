"""Every route of a running server, asked properly and improperly: errors are JSON with a code, and never our fault."""

import http.client
import importlib.metadata
import io
import json
import random
import re
import socket
import time

import httpx
import pytest

from serving.web.http_protocol import MOST_HEAD_BYTES

PATHS = ["/", "/health", "/info", "/docs", "/openapi.json", "/asyncapi.yaml", "/docs/swagger-ui.css"]
UPLOADS = ["/predict", "/api/transcribe"]
ORIGIN = "https://elsewhere.example"


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as opened:
        yield opened


def fault_of(answer):
    """Return status and code of an error, after checking that it has the form of all errors."""
    assert answer.headers["content-type"] == "application/json", answer.text
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message"}
    return answer.status_code, answer.json()["error"]["code"]


def raw(server, *pieces):
    """Send bytes and return status, headers and body of what comes back; None where the connection was just closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # refused while it was sent
        answer = http.client.HTTPResponse(connection)
        try:
            answer.begin()
        except (http.client.HTTPException, ConnectionError):
            return None
        return answer.status, dict(answer.getheaders()), answer.read()


def request(path="/health", headers=b"", method=b"GET"):
    path = path if isinstance(path, bytes) else path.encode()
    return method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n"


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_as_get_without_the_body(client, path):
    got, head = client.get(path), client.head(path)
    assert (got.status_code, head.status_code) == (200, 200)
    assert head.content == b""
    assert head.headers.get("content-type") == got.headers.get("content-type")


@pytest.mark.parametrize("path", ["/nowhere", "/predict/", "/docs/other.js", "/docs/%2e%2e/secret", "/internal/words"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_what_is_not_there_is_said_as_json(client, path, method):
    answer = client.request(method, path)
    assert answer.status_code in (404, 405)
    assert method == "HEAD" or fault_of(answer)[1] in ("not_found", "wrong_method")


@pytest.mark.parametrize("path", [*PATHS, *UPLOADS])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_another_method_is_refused_with_those_that_are_taken(server, path, method):
    status, headers, body = raw(server, request(path, method=method.encode()))
    assert (status, json.loads(body)["error"]["code"]) in [(405, "wrong_method"), (400, "invalid_http")]
    assert status == 400 or headers["allow"] in ("GET", "POST", "GET, HEAD", "HEAD, GET")


def test_a_socket_asked_for_without_an_upgrade_says_what_it_is(client):
    assert fault_of(client.get("/ws/analyze")) == (426, "upgrade_required")


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize(
    "query",
    [
        "alpha=" + "9" * 400,
        "alpha=" + "9" * 5000,
        "alpha=1e999",
        "alpha=nan",
        "endpoint_silence_ms=" + "1" * 400,
        "alpha=%00",
        "%00=1",
        "%zz=%",
        "%ED%A0%80=1",
        "language=%ff",
        "alpha=0.5&alpha=0.5",
        "=",
        "volume=11",
    ],
)
def test_a_bad_setting_in_the_query_is_refused_by_name(client, path, query):
    answer = client.post(f"{path}?{query}", content=b"x")
    assert fault_of(answer) in [(422, "invalid_setting"), (503, "asr_unavailable")]
    assert (path, answer.status_code) != ("/predict", 503)


@pytest.mark.parametrize(
    "kind",
    [
        *(f"multipart/form-data; boundary=b; charset={charset}" for charset in ("undefined", "idna", "unicode_escape")),
        *("multipart/form-data; boundary=b; charset=utf-7", "multipart/form-data", "multipart/form-data; boundary="),
        *('multipart/form-data; boundary="', "multipart/form-data; boundary=" + "b" * 300, "multipart/form-data;;;"),
        *(
            "MULTIPART/FORM-DATA; BOUNDARY=other",
            'multipart/form-data; boundary="b\\"c"',
            "text/plain",
            "*/*",
            "-",
        ),
    ],
)
def test_odd_content_types_are_answered(client, kind):
    body = b'--b\r\nContent-Disposition: form-data; name="file\\ud800"; filename="\xff"\r\n\r\nxy\r\n--b--\r\n'
    answer = client.post("/predict", content=body, headers={"content-type": kind})
    assert fault_of(answer)[0] in (400, 415)


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        request(b"/\xff"),
        request(b"/a\0b"),
        request("/health?\0"),
        request(headers=b"Bad Header: x\r\n"),
        request("/predict", b"Content-Length: -5\r\n", b"POST"),
        request("/predict", b"Content-Length: " + b"9" * 400 + b"\r\n", b"POST"),
        request("/predict", b"Transfer-Encoding: chunked\r\n", b"POST") + b"zz\r\n",
    ],
)
def test_what_is_no_http_gets_an_answer_in_json_all_the_same(server, head):
    status, _, body = raw(server, head)
    assert 400 <= status < 500
    assert json.loads(body)["error"]["code"]


@pytest.mark.parametrize(
    "head",
    [
        request("/" + "a" * MOST_HEAD_BYTES),
        request(headers=b"X: " + b"a" * MOST_HEAD_BYTES + b"\r\n"),
        request(headers=b"X: a\r\n" * 20_000),
        b"GET / HTTP/1.1\r\nX: " + b"a" * 3_000_000,
        b"GET /" + b"a" * 3_000_000,
    ],
)
def test_a_head_without_measure_is_refused(server, head):
    status, _, body = raw(server, head)
    assert (status, json.loads(body)["error"]["code"]) == (431, "headers_too_large")


def test_a_head_of_usual_size_is_read(client):
    assert client.get("/health", headers={"cookie": "a" * 20_000}).status_code == 200


def test_errors_in_the_upgrade_to_a_socket_are_answered_as_well(server):
    upgrade = b"Upgrade: websocket\r\nConnection: upgrade\r\n"
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    elsewhere = raw(server, request("/elsewhere", upgrade + key))
    assert (elsewhere[0], json.loads(elsewhere[2])["error"]["code"]) == (403, "invalid_upgrade")
    for headers in (upgrade, upgrade + b"Sec-WebSocket-Version: 99\r\n", upgrade + key.replace(b"==", b"")):
        status, _, body = raw(server, request("/ws/analyze", headers))
        assert 400 <= status < 500
        assert json.loads(body)["error"]["code"]
    status, _, body = raw(server, request("/predict", upgrade + key, b"POST"))
    assert 400 <= status < 500
    assert json.loads(body)["error"]["code"]


def test_a_preflight_from_elsewhere_is_refused_where_nobody_is_allowed(client):
    asking = {"origin": ORIGIN, "access-control-request-method": "POST"}
    answer = client.options("/predict", headers=asking)
    assert fault_of(answer) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-origin" not in client.get("/health", headers={"origin": ORIGIN}).headers
    assert client.get("/health", headers={"origin": str(client.base_url)}).status_code == 200


def seeded_requests(count):
    """Yield requests of whatever a careless or curious client might send; always the same."""
    chance = random.Random(14)
    words = [
        "alpha",
        "language",
        "file",
        "%00",
        "%zz",
        "%ff",
        "ä",
        "9" * 400,
        "-1",
        "NaN",
        "\u202e",
        "'",
        '"',
        "{}",
        "[",
    ]
    kinds = ["multipart/form-data; boundary=b", "application/json", "audio/wav", "; charset=undefined", "\xff", ""]
    for _ in range(count):
        query = "&".join(f"{chance.choice(words)}={chance.choice(words)}" for _ in range(chance.randint(0, 3)))
        path = chance.choice([*PATHS, *UPLOADS, *UPLOADS, "/ws/analyze", "/%2e%2e", "//", "/docs/%00", "/" + "é" * 9])
        headers = {"content-type": chance.choice(kinds).encode("latin-1")}
        for name in (
            "accept",
            "range",
            "origin",
            "host",
            "if-none-match",
            "x-forwarded-host",
            "authorization",
            "expect",
        ):
            if chance.random() < 0.2:
                headers[name] = chance.choice(words + kinds).encode()
        method = chance.choice(["GET", "HEAD", "POST", "POST", "OPTIONS", "PUT", "DELETE"])
        body = chance.choice([b"", b"{}", b"--b\r\n\r\n--b--", b"RIFF\0\0\0\0WAVEfmt ", bytes(chance.randbytes(50))])
        if chance.random() < 0.3:
            headers["access-control-request-method"] = chance.choice(words).encode()
        yield method, f"{path}?{query}", headers, body


def test_nothing_that_is_sent_is_our_fault(server, client):
    for method, url, headers, body in seeded_requests(400):
        answer = client.request(method, url, headers=headers, content=body)
        assert answer.status_code < 500 or fault_of(answer) == (503, "asr_unavailable"), (method, url, headers, body)
        if answer.status_code >= 400 and method != "HEAD":
            assert fault_of(answer)[1], (method, url, headers, body)
    assert "Traceback" not in server.log.read_text()


def test_bytes_at_random_are_no_reason_to_end(server, client):
    chance, whole = random.Random(41), request("/predict?alpha=0.5", b"Content-Length: 4\r\n", b"POST") + b"RIFF"
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(bytes(broken))
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(200)
        assert not answer.startswith(b"HTTP/1.1 5"), bytes(broken)
    assert client.get("/health").status_code == 200


def test_the_pages_are_ours_and_fetch_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert "<title>undertone</title>" in page
    assert "http://" not in page
    assert "https://" not in page
    links = re.findall(r"(?:src|href)=\"([^\"]+)\"", page) + re.findall(r"url: '([^']+)'", page)
    assert {"docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "openapi.json"} <= set(links)
    for link in links:
        assert link == "data:," or client.get(f"/{link}").status_code == 200
    document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "undertone"
    assert document["info"]["version"] == importlib.metadata.version("undertone")
    assert set(document["paths"]) >= {"/predict", "/api/transcribe", "/health", "/info"}


def test_the_first_page_says_what_this_is_and_leads_on(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "undertone" in page.text
    links = re.findall(r'href="([^"]+)"', page.text)
    assert {"docs", "asyncapi.yaml"} <= set(links)
    assert all(client.get(f"/{link}").status_code == 200 for link in links)


def test_no_answer_shows_a_path_of_the_machine(client, promoted_release):
    told = client.get("/info").text
    assert str(promoted_release) not in told
    assert str(promoted_release.parent) not in told


def test_an_upload_with_an_answer_before_its_end_gets_it(server):
    head = request("/predict?volume=11", b"Content-Length: 50000000\r\n", b"POST")
    began_s = time.monotonic()
    status, _, body = raw(server, head, *(bytes(1_000_000) for _ in range(50)))
    assert (status, json.loads(body)["error"]["code"]) == (422, "invalid_setting")
    assert time.monotonic() - began_s < 10


def test_a_file_in_a_form_of_another_charset_is_heard(client, samples):
    clip = (samples / "09_calm.flac").read_bytes()
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="c.flac"\r\n\r\n'
    body = io.BytesIO(part + clip + b"\r\n--b--\r\n").getvalue()
    kind = {"content-type": "multipart/form-data; boundary=b; charset=undefined"}
    assert client.post("/predict", content=body, headers=kind).status_code == 200
