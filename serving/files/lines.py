"""A response that is sent message by message while they come."""

import asyncio

from starlette.types import Receive, Scope, Send

from serving.observe.metrics import READS_NOTHING
from undertone.protocol import Message, written

MEDIA_TYPE = "application/x-ndjson"


class ReadsNothingError(Exception):
    """The client reads nothing; `code` is why its session ends."""

    code = READS_NOTHING


class Lines:
    """A response body of one JSON message a line, `before` and `after` around each; begins with the first of them."""

    def __init__(
        self, send: Send, timeout_s: float, media_type: str = MEDIA_TYPE, before: bytes = b"", after: bytes = b"\n"
    ) -> None:
        self._send_asgi, self._timeout_s = send, timeout_s
        self._media_type, self._before, self._after = media_type, before, after
        self._sending = asyncio.Lock()
        self.begun = False

    async def send(self, message: Message) -> None:
        """Send `message` now.

        Raises:
            ReadsNothingError: the client reads nothing.
        """
        # No wait_for: that of Python 3.11 loses a cancellation that comes as the line is sent (python/cpython#86296).
        try:
            async with self._sending, asyncio.timeout(self._timeout_s):
                await self._line(message)
        except TimeoutError:
            raise ReadsNothingError from None

    async def end(self, scope: Scope, receive: Receive, send: Send) -> None:
        """End the body in order."""
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _line(self, message: Message) -> None:
        if not self.begun:
            self.begun = True
            headers = [(b"content-type", self._media_type.encode()), (b"cache-control", b"no-cache")]
            headers.append((b"x-accel-buffering", b"no"))  # or nginx keeps the lines until the end
            await self._send_asgi({"type": "http.response.start", "status": 200, "headers": headers})
        body = self._before + written(message).encode() + self._after
        await self._send_asgi({"type": "http.response.body", "body": body, "more_body": True})
