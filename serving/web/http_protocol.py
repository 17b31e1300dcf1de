"""uvicorn's HTTP protocol with errors as JSON where no application is asked yet, and with an end to the head.

A head that takes too long is refused, so that nobody holds connections by sending nothing. A peer that takes nothing
any more, or has vanished without a word, is cut off by the system.
"""

import asyncio
import socket
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.web.errors import error_body

MOST_HEAD_BYTES = 65_536  # of one request: its URL and its headers
_HEADER_SIGNS = len(": \r\n")
_LINGER_S = 1.0  # closing at once would take the answer from who is still sending


class _HeadTooLargeError(Exception):
    """Ends the parsing."""


class AnsweringHttp(HttpToolsProtocol):
    """Refuses what is no HTTP with 400, a head over `MOST_HEAD_BYTES` with 431, one that takes over `head_s` with 408.

    The system cuts off a connection whose peer has taken nothing of what waits for it for twice `send_s` seconds.
    """

    def __init__(self, *arguments: Any, head_s: float, send_s: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_s, self._send_s = head_s, send_s
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = self._unread_bytes = 0
        self._in_head, self._refused = True, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin: the first head is awaited."""
        super().connection_made(transport)
        connected = transport.get_extra_info("socket")
        if connected is not None and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            after_ms = round(2000 * self._send_s)  # whoever sends is to notice first, and say so
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, after_ms)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the connection."""
        if self._refused:
            return
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._unread_bytes > 2 * MOST_HEAD_BYTES and not self._refused:
            self._head_bytes = self._unread_bytes  # of one header that has no end, say
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._head_bytes = self._unread_bytes = 0
        self._in_head = True
        self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(len(name) + len(value) + _HEADER_SIGNS)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head."""
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, then close."""
        if self._head_bytes > MOST_HEAD_BYTES:
            message = f"URL and headers may have {MOST_HEAD_BYTES} bytes"
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", message)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "invalid_http", "this is no HTTP request that can be read")

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        self._stop_timer()
        self._refused = True
        self.transport.write(_answer(status, error_body(code, message)))
        under_way = self.cycle is not None and not self.cycle.response_complete
        loop: asyncio.AbstractEventLoop = self.loop
        loop.call_later(0 if under_way else _LINGER_S, self.transport.close)

    def _await_head(self) -> None:
        self._head_timer = self._head_timer or self.loop.call_later(self._head_s, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT, "request_timeout", f"the head of a request may take {self._head_s:g} s"
        )

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES:
            raise _HeadTooLargeError


def _answer(status: HTTPStatus, body: bytes) -> bytes:
    head = [f"HTTP/1.1 {status.value} {status.phrase}", "content-type: application/json", "connection: close"]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", ""]).encode() + body
