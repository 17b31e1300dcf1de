"""One connection of a client: text goes out within a time limit, messages come in, and how it ended is known."""

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from serving.live.websocket_protocol import CLOSED
from serving.observe.metrics import GONE, READS_NOTHING

_LEAVING = (1000, 1001, 1005)  # what clients close with that do not come back; 1005: with nothing
_GOODBYE_S = 3.0  # for a client to read up to our close, and to answer it


class LostError(Exception):
    """The client cannot be reached any more, for `reason` of the metrics."""

    def __init__(self, reason: str = GONE) -> None:
        super().__init__(reason)
        self.reason = reason


class Socket:
    """An accepted WebSocket; `closed` is the code that the client closed it with, None where the connection broke."""

    def __init__(self, websocket: WebSocket, send_timeout_s: float) -> None:
        self.websocket, self._send_timeout_s = websocket, send_timeout_s
        self.closed: asyncio.Future[int | None] = websocket.scope[CLOSED]
        self._over = asyncio.Event()
        self._writing: asyncio.Timeout | None = None

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message as ASGI has it, None at the end."""
        message = dict(await self.websocket.receive())
        return message if message["type"] != "websocket.disconnect" else None

    async def send(self, text: str) -> None:
        """Send a text message.

        Raises:
            LostError: the connection is gone, or takes nothing for `send_timeout_s`.
        """
        try:
            # wait_for can swallow a cancellation (cpython#86296)
            async with asyncio.timeout(self._send_timeout_s) as self._writing:
                await self.websocket.send_text(text)
        except TimeoutError:
            raise LostError(READS_NOTHING) from None
        except (WebSocketDisconnect, RuntimeError):  # RuntimeError: closed by uvicorn itself, or by the client before
            raise LostError from None
        finally:
            self._writing = None

    async def close(self, code: int) -> bool:
        """Close with `code`; return whether the client has read everything before it."""
        try:
            await self.websocket.close(code)
            async with asyncio.timeout(_GOODBYE_S):
                return await asyncio.shield(self.closed) is not None
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return False
        finally:
            self.let_go()

    @property
    def is_left(self) -> bool:
        """Whether its client closed it as one that does not come back."""
        return self.closed.done() and not self.closed.cancelled() and self.closed.result() in _LEAVING

    def let_go(self) -> None:
        """Nobody needs the socket any more: whoever sends over it gets `LostError`, and `over` returns."""
        self._over.set()
        if self._writing:
            self._writing.reschedule(asyncio.get_running_loop().time())

    async def over(self) -> None:
        """Return when nobody needs the socket any more."""
        await self._over.wait()
