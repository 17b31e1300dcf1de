"""The address of a server: what a url must be before anything is sent, and whether it is on this machine."""

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

DEFAULT_URL = "ws://127.0.0.1:8000/ws/analyze"
_LONGEST_LABEL = 63  # of a host name, RFC 1035


class InvalidUrlError(ValueError):
    """Nothing can be reached at such a url, whatever runs there; the message names it and says why in one line."""


def check_url(url: str) -> str:
    """Return `url` where it is that of a WebSocket: `check_url("ws://localhost/ws/analyze")`.

    Raises:
        InvalidUrlError: it is not, or its host or port cannot be.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidUrlError(f"{url}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    if parts.scheme not in ("ws", "wss"):
        raise InvalidUrlError(f"{url} is not the url of a WebSocket (such as {DEFAULT_URL})")
    if not parts.hostname or port == 0:
        raise InvalidUrlError(f"{url} names no {'host' if port != 0 else 'port'} (as in {DEFAULT_URL})")
    if parts.fragment or any(char.isspace() for char in url) or not _is_name(parts.hostname):
        raise InvalidUrlError(f"{url} is not the url of a WebSocket (such as {DEFAULT_URL})")
    return url


def is_local(url: str) -> bool:
    """Tell whether the host of a checked `url` is this machine."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _is_name(host: str) -> bool:
    """Tell whether `host` can be looked up at all: Python's resolver fails on others in its own way."""
    try:
        return all(0 < len(label) <= _LONGEST_LABEL for label in host.encode("idna").decode().rstrip(".").split("."))
    except UnicodeError:
        return False
