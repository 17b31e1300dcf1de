"""uvicorn's HTTP protocol with errors as JSON where no application is asked yet, and with an end to the head."""

import asyncio
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
    """Refuses what is no HTTP with 400, and a head over `MOST_HEAD_BYTES` with 431."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = self._unread_bytes = 0
        self._in_head, self._refused = True, False

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
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, then close."""
        status, code, message = HTTPStatus.BAD_REQUEST, "invalid_http", "this is no HTTP request that can be read"
        if self._head_bytes > MOST_HEAD_BYTES:
            status, code = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"
            message = f"URL and headers may have {MOST_HEAD_BYTES} bytes"
        self._refused = True
        self.transport.write(_answer(status, error_body(code, message)))
        under_way = self.cycle is not None and not self.cycle.response_complete
        loop: asyncio.AbstractEventLoop = self.loop
        loop.call_later(0 if under_way else _LINGER_S, self.transport.close)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES:
            raise _HeadTooLargeError


def _answer(status: HTTPStatus, body: bytes) -> bytes:
    head = [f"HTTP/1.1 {status.value} {status.phrase}", "content-type: application/json", "connection: close"]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", ""]).encode() + body
