"""What is asked of every request before its route: its address, its page, its credential."""

import asyncio

import pytest
from starlette.datastructures import Headers

from serving.guard.access import AccessControl, check_page
from serving.guard.credentials.shown import agreed, credential_of
from serving.guard.grant import grant_of
from serving.guard.guard import Guard
from serving.guard.policy import Access
from serving.guard.redaction import redacted
from serving.guard.refusal import ForbiddenError

pytestmark = pytest.mark.fast


def scope(path="/predict", query="", host="192.0.2.1", method="GET", **headers):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    about = {"query_string": query.encode(), "client": (host, 1234), "headers": raw}
    return {"type": "http", "path": path, "method": method, **about}


def answer(access, asked, refused=lambda kind, reason: None):
    """Return the status of the answer to `asked`, 200 where it was let pass."""
    sent = []

    async def app(scope, receive, send):
        sent.append(200)

    async def send(message):
        sent.append(message.get("status"))

    asyncio.run(AccessControl(app, Guard(access), access, refused)(asked, None, send))
    return sent[0]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"authorization": "Basic abc"}, None),
        ({"x_api_key": "abc"}, "abc"),
        ({"query": "a=1&token=a%2Bc&b="}, "a+c"),
        ({"query": "%74oken=abc"}, "abc"),
        ({"query": "token=abc", "x_api_key": "def"}, "def"),
        ({"query": "tokens=abc"}, None),
    ],
)
def test_a_credential_is_found_where_it_may_stand(asked, shown):
    assert credential_of(scope(**asked)) == shown


def test_what_stands_in_the_query_is_taken_out_of_it():
    asked = scope(query="a=1&token=abc&b=%20&token=def")
    assert credential_of(asked) == "abc"
    assert asked["query_string"] == b"a=1&b=%20"


def test_the_subprotocol_with_the_key_is_never_agreed_upon():
    socket = {**scope(), "type": "websocket", "subprotocols": ["undertone.key.abc", "undertone"]}
    assert (credential_of(socket), agreed(socket)) == ("abc", "undertone")
    assert agreed({"subprotocols": ["undertone.key.abc"]}) is None


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "passes"),
    [
        (None, "a.example", (), True),
        ("https://a.example", "a.example", (), True),
        ("http://a.example:8000", "A.example:8000", (), True),
        ("http://a.example:8001", "a.example:8000", (), False),
        ("https://b.example", "a.example", (), False),
        ("https://b.example", "a.example", ("https://b.example",), True),
        ("http://b.example", "a.example", ("https://b.example",), False),
        ("null", "a.example", (), False),
        ("https://b.example", "a.example", ("*",), True),
        ("nonsense", "", (), False),
        ("http://[", "a.example", (), False),
    ],
)
def test_pages_of_the_same_host_and_those_that_are_allowed_pass(origin, host, allowed, passes):
    headers = Headers({"host": host} | ({"origin": origin} if origin else {}))
    if passes:
        check_page(headers, allowed)
    else:
        with pytest.raises(ForbiddenError):
            check_page(headers, allowed)


@pytest.mark.parametrize(
    ("host", "status"),
    [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("2001:db8::7", 200), ("192.0.2.1", 403), ("2001:db9::7", 403)],
)
def test_only_addresses_of_the_networks_that_are_allowed_pass(host, status):
    assert answer(Access(addresses=("10.0.0.0/8", "2001:db8::/32")), scope(host=host)) == status


def test_who_has_no_address_passes_only_where_all_do():
    asked = {**scope(), "client": None}
    assert answer(Access(addresses=("0.0.0.0/0",)), asked) == 403
    assert answer(Access(), asked) == 200


@pytest.mark.parametrize(
    ("readers", "host", "status"),
    [
        ("key", "127.0.0.1", 200),  # of a server that asks nobody for a key
        ("all", "192.0.2.1", 200),
        ("local", "127.0.0.1", 200),
        ("local", "::1", 200),
        ("local", "192.0.2.1", 403),
        ("off", "127.0.0.1", 403),
    ],
)
def test_the_operator_says_who_may_read_metrics(readers, host, status):
    asked = scope("/metrics", host=host)
    assert answer(Access(readers={"/metrics": readers}), asked) == status


def test_an_open_server_notes_everybody_as_anonymous():
    asked = scope(authorization="Bearer whatever")
    assert answer(Access(), asked) == 200
    assert grant_of(asked).is_anonymous


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('1.2.3.4 - "GET /ws?token=abc HTTP/1.1" 403', '1.2.3.4 - "GET /ws?token=[redacted] HTTP/1.1" 403'),
        ("< Authorization: Bearer abc", "< Authorization: [redacted]"),
        ("X-API-Key: ut_12345678_abc-d", "X-API-Key: [redacted]"),
        ("undertone, undertone.key.abc", "undertone, undertone.key.[redacted]"),
        ("a key ut_12345678_abc-d in a text", "a key ut_12345678_[redacted] in a text"),
        ("a token eyJhb.eyJzd.c2ln in a text", "a token [redacted] in a text"),
        ("the token of the session expired at 3.2.1", "the token of the session expired at 3.2.1"),
    ],
)
def test_credentials_are_taken_out_of_lines(line, told):
    assert redacted(line) == told


@pytest.mark.parametrize(("method", "kind"), [("POST", "upload"), ("GET", "request")])
def test_a_refusal_is_told_with_what_was_refused_and_why(method, kind):
    told = []
    asked = scope(method=method, origin="https://b.example")
    answer(Access(addresses=("10.0.0.0/8",)), asked, lambda *refusal: told.append(refusal))
    answer(Access(), scope(), lambda *refusal: told.append(refusal))
    assert told == [(kind, "address_not_allowed")]


def test_a_refusal_is_one_line_of_the_log_whatever_was_asked(caplog):
    with caplog.at_level("INFO", logger="undertone.guard"):
        assert answer(Access(addresses=("10.0.0.0/8",)), scope("/a\nnothing\x1b[2J" + 100 * "b")) == 403
    assert caplog.messages == [
        f"refused '/a\\nnothing\\x1b[2J{66 * 'b'}' from 192.0.2.1: requests from this address are not taken"
    ]
