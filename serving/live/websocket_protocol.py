"""uvicorn's WebSocket protocol with an answer where it would merely close: to messages that are too large or no UTF-8.

The rest of a message that is too large is read and forgotten; the session is told at its beginning, and ends in order,
with what was heard before. Text that is no UTF-8 is handed over as text that nobody takes for JSON. The scope says how
the connection ended: uvicorn tells alike of one that was closed in order and one that broke.
"""

from asyncio import BaseTransport, Future
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.streams import StreamReader
from websockets.typing import StatusLike

from serving.web.errors import error_body

_READ_BYTES = 8192  # a quarter of a second of audio
TOO_LARGE = "undertone.too_large"  # in a message to the application: the bytes of one that is not taken
CLOSED = "undertone.closed"  # in the scope: a future of the code that the client closed with, None where it broke
_NOT_UTF8 = "\N{REPLACEMENT CHARACTER}".encode()


@dataclass
class _Oversized(Frame):
    """Stands in the order of frames for one that is too large."""

    size: int = 0


class _BoundedReader(StreamReader):
    """Reads what fits into `most_bytes`; what does not is told at once, and skipped."""

    def __init__(self, most_bytes: int, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._most_bytes, self._tell = most_bytes, tell

    def read_exact(self, n: int) -> Generator[None, None, bytearray]:
        if n <= self._most_bytes:
            return (yield from super().read_exact(n))
        self._tell(n)
        while n > len(self.buffer):
            n -= len(self.buffer)
            self.buffer.clear()
            if self.eof:
                raise EOFError(f"the stream ends {n} bytes early")
            yield
        del self.buffer[:n]
        return bytearray()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Gives the application a message with `TOO_LARGE` in the place of one over `most_bytes`, and nothing after it."""

    def __init__(self, *arguments: Any, most_bytes: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._most_bytes, self._over = most_bytes, False
        self._closed: Future[int | None] = self.loop.create_future()
        self.conn.max_message_size = None  # or websockets closes by itself
        self.conn.reader = _BoundedReader(most_bytes, self._add_oversized)
        self.conn.parser = self.conn.parse()  # anew: the one under way has the other reader
        next(self.conn.parser)
        setattr(self.conn, "reject", partial(_rejected, self.conn.reject))  # noqa: B010  # mypy knows it as a method

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin; little is read at once, since thousands of empty frames in one read would hold up everybody else."""
        if hasattr(transport, "max_size"):  # of asyncio's own transports
            transport.max_size = _READ_BYTES
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the connection broke, unless it was closed."""
        self._tell_closed(None)
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Take the handshake."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            told: dict[str, Any] = {CLOSED: self._closed}
            self.scope.update(told)  # type: ignore[typeddict-item]

    def handle_close(self, event: Frame) -> None:
        """Tell that the client closed, or has read everything up to our close."""
        assert self.conn.close_rcvd is not None
        self._tell_closed(self.conn.close_rcvd.code)
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """Tell that the connection ends by what the client sent."""
        self._tell_closed(None if self.conn.close_sent is None else int(self.conn.close_sent.code))
        super().handle_parser_exception()

    def handle_bytes(self, event: Frame) -> None:
        """Take a binary message, or its first part."""
        if isinstance(event, _Oversized):
            self._end_with(event.size)
        else:
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """Take the next part of a message."""
        if self._over:
            return
        parts: list[Any] = self.frames  # one only: uvicorn would keep each, empty ones too
        begun = parts[0]
        whole = begun if isinstance(begun, bytearray) else bytearray(begun)
        whole += event.data
        parts[0] = whole
        if len(whole) > self._most_bytes:
            self._end_with(len(whole))
        elif event.fin:
            parts[0] = bytes(whole)
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """Hand over a whole message."""
        if self._over:
            self.frames = []
            return
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.frames = [_NOT_UTF8]
        super().send_receive_event_to_app()

    def _tell_closed(self, code: int | None) -> None:
        if not self._closed.done():
            self._closed.set_result(code)

    def _add_oversized(self, size: int) -> None:
        self.conn.events.append(_Oversized(Opcode.BINARY, b"", size=size))

    def _end_with(self, size: int) -> None:
        if not self._over:
            self._over, self.frames = True, []
            told: Any = {"type": "websocket.receive", TOO_LARGE: size}
            self.queue.put_nowait(told)


def _rejected(reject: Callable[[StatusLike, str], Response], status: StatusLike, text: str) -> Response:
    response = reject(status, text)
    response.body = error_body(
        "invalid_upgrade", " ".join(text.split()) or "there is no WebSocket here: it is /ws/analyze"
    )
    for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(response.body)))):
        del response.headers[name]
        response.headers[name] = value
    return response


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
