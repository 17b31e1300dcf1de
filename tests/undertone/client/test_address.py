"""Addresses of servers: what cannot be one is said before anything is sent."""

import pytest

from undertone.client.address import InvalidUrlError, check_url, is_local

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:8000/ws/analyze", "wss://voice.example.com/ws", "ws://[::1]:8000/", "ws://bücher.de/ws"]
)
def test_urls_of_websockets_are_left_as_they_are(url):
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:70000/x",
        "ws://127.0.0.1:-5/x",
        "ws://127.0.0.1:abc/x",
        "ws://127.0.0.1:0/x",
        "ws://[::1/ws",
        "http://127.0.0.1:8000",
        "ws://",
        "ws:///x",
        "ws://user@/x",
        "ws://a b/x",
        "ws://x/y#z",
        f"ws://{'a' * 64}.com/",
        "ws://a..b/",
        "ws://\udcff/x",
        "127.0.0.1:8000",
        "",
    ],
)
def test_what_cannot_be_one_is_named_in_one_line(url):
    with pytest.raises(InvalidUrlError) as refused:
        check_url(url)
    assert url in str(refused.value)
    assert "\n" not in str(refused.value)


def test_only_this_machine_is_local():
    assert all(map(is_local, ("ws://127.0.0.1/x", "ws://[::1]:1/x", "ws://localhost/x")))
    assert not any(map(is_local, ("ws://192.168.0.1/x", "ws://localhost.example.com/x")))
