"""Opening the socket of a client stream, and saying in one line for a user what went wrong with it.

StreamError
├── ServerUnreachableError  nothing answers at the url, or what answers is no undertone server
├── SessionRefusedError     the server ended the session with an error; `code` is the protocol's
└── ConnectionLostError     the connection ended, or fell silent, without `session.closed`
"""

import json
from contextlib import suppress
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from undertone.client.address import DEFAULT_URL, InvalidUrlError, check_url, is_local
from undertone.client.patience import waiting_time_s
from undertone.client.timing import Message


class StreamError(Exception):
    """A stream did not end as it should; the message is one line for a user."""


class ServerUnreachableError(StreamError):
    """Nothing answers there: further files would fare no better."""


class SessionRefusedError(StreamError):
    """The server ended the session with a fatal error frame; `code` as in the protocol.

    `retry_after_s` is the time after which it makes sense to come again, None where the server says none.
    """

    def __init__(self, error: Message) -> None:
        super().__init__(explain(error))
        self.code = error.get("code")
        self.retry_after_s = waiting_time_s(error.get("retry_after_s"))


class ConnectionLostError(StreamError):
    """No `session.closed` came, or it came too early."""


async def open_socket(url: str, api_key: str | None = None, place: str = "") -> ClientConnection:
    """Return an open connection to the server at `url`, which is shown `api_key`: a key of it, or a token.

    Of several servers behind one address (docs/operate.md) the same `place`, 32 hexadecimal digits, finds the same one.

    Raises:
        ServerUnreachableError: there is none; the message names the url and what to do.
    """
    try:
        proxy: Literal[True] | None = None if is_local(check_url(url)) else True
        # PCM hardly compresses. A long file at full speed can keep a pong waiting behind megabytes of audio.
        shown = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        shown |= {"Cookie": f"undertone_replica={place}"} if place else {}
        bounds: dict[str, Any] = {"max_size": 1 << 26, "ping_timeout": 120, "close_timeout": 3}
        return await connect(url, compression=None, proxy=proxy, additional_headers=shown, **bounds)
    except InvalidStatus as error:
        raise ServerUnreachableError(_refused_upgrade(url, error.response.status_code)) from None
    except InvalidUrlError as error:
        raise ServerUnreachableError(str(error)) from None
    except InvalidURI:
        raise ServerUnreachableError(f"{url} is not the url of a WebSocket (such as {DEFAULT_URL})") from None
    except InvalidHandshake as error:
        raise ServerUnreachableError(f"what answers at {url} is no undertone server ({error})") from None
    except TimeoutError:
        raise ServerUnreachableError(f"{url} does not answer; start a server with `undertone serve`") from None
    except OSError as error:
        reason = "connection refused" if isinstance(error, ConnectionRefusedError) else error.strerror or str(error)
        raise ServerUnreachableError(f"no server at {url} ({reason}); start one with `undertone serve`") from None


def _refused_upgrade(url: str, status: int) -> str:
    path = "the path should be /ws/analyze"
    forbidden = f"{path}, or it takes nothing from this address"
    known = {401: "it wants credentials", 403: forbidden, 404: path, 503: "it is not ready yet, try again"}
    return f"the server at {url} refused the connection with HTTP {status}: {known.get(status, 'see its log')}"


def parse(frame: str | bytes) -> Message:
    """Return the JSON object of one frame of the server.

    Raises:
        ConnectionLostError: it is none: this is no undertone server.
    """
    with suppress(ValueError):
        message = json.loads(frame)
        if isinstance(message, dict) and "type" in message:
            return message
    raise ConnectionLostError(f"the server sent something that is no event: {frame[:60]!r}")


def explain(error: Message) -> str:
    """Return an `error` message of the server in one line, with what to do about it where we know."""
    again = f"; try again in {error.get('retry_after_s', 'a few')} s"
    advice = {
        "server_full": f"{again} or serve with more --max-sessions",
        "quota_exceeded": again if "retry_after_s" in error else "",
        "unauthorized": "; check the credentials",
        "too_far_behind": "; the server cannot keep up: use --speed 1 or fewer streams at once",
        "server_draining": "; it is going down, start it again with `undertone serve`",
    }
    code = str(error.get("code"))
    return f"the server says {code}: {error.get('message')}{advice.get(code, '')}"
