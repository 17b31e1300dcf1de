"""What a session sends, numbered, over one socket after the other; the newest is kept for a client that missed it."""

import asyncio
from collections import deque
from collections.abc import Callable

from serving.live.socket import LostError, Socket
from serving.observe.metrics import GONE
from undertone.protocol import Message, written

KEPT_BYTES = 1 << 19  # ten minutes of moods at the default interval


class MissedError(Exception):
    """What the client missed is no longer kept, or was never sent."""


class Outbox:
    """Sends over the socket that is attached; without one, messages are just kept.

    `on_cut` is called with a socket that is lost, `why_cut` says for what reason. Unless it `keeps`, nothing is kept,
    and whoever sends without a socket gets `LostError`.
    """

    def __init__(self, on_cut: Callable[[Socket], object], keeps: bool) -> None:
        self._on_cut, self.keeps = on_cut, keeps
        self._socket: Socket | None = None
        self._kept = _Kept()
        self._sending = asyncio.Lock()
        self._seq = 0
        self._resuming = False
        self.why_cut = GONE

    @property
    def is_cut(self) -> bool:
        """Whether there is no socket, and none is about to be attached."""
        return self._socket is None and not self._resuming

    def attach(self, socket: Socket) -> None:
        """Send over `socket` from now on; called once, before the first message."""
        self._socket = socket
        socket.closed.add_done_callback(lambda _: self.lose(socket, GONE))

    async def resume(
        self, socket: Socket, after_seq: int, resumed: Callable[[], tuple[Message, Message] | None]
    ) -> None:
        """Send over `socket` what came after the message `after_seq`, then what `resumed` returns; go on over it.

        `resumed` returns a message and another that is kept in its place, or None.

        Raises:
            MissedError: not all of that is there; what was attached stays.
            LostError: the socket was lost meanwhile.
        """
        self._kept.after(after_seq, self._seq)
        self._resuming = True
        try:
            self.detach()  # a message on its way over the other socket lets go of the lock
            async with self._sending:
                self.attach(socket)
                for text in self._kept.after(after_seq, self._seq):
                    await socket.send(text)
                await self._send_resumed(socket, resumed())
        except (LostError, MissedError):
            self._resuming = False
            self.detach()
            self._on_cut(socket)  # whoever saw that a socket was about to be attached looks again
            raise
        finally:
            self._resuming = False

    async def send(self, message: Message) -> None:
        """Send `message` with the next number, or keep it for a client that comes back.

        Raises:
            LostError: it is not waited for.
        """
        async with self._sending:
            text = self._numbered(message)
            self._keep(text)
            if self._socket:
                await self._write(self._socket, text)
            if self._socket is None and not self.keeps:
                raise LostError(self.why_cut)
        await asyncio.sleep(0)  # nothing else waits where a thousand messages are answered one after the other

    async def close(self, code: int) -> bool:
        """Close the socket with `code`; return whether the client has everything."""
        socket = self._socket
        return socket is not None and await socket.close(code)

    def lose(self, socket: Socket, why: str) -> None:
        """Do without `socket`, if it is the one that is attached."""
        if self._socket is socket:
            self.why_cut = why
            self.detach()
            self._on_cut(socket)

    def detach(self) -> None:
        """Let go of the socket."""
        socket, self._socket = self._socket, None
        if socket:
            socket.let_go()

    async def _write(self, socket: Socket, text: str) -> None:
        try:
            await socket.send(text)
        except LostError as lost:
            self.lose(socket, lost.reason)

    async def _send_resumed(self, socket: Socket, resumed: tuple[Message, Message] | None) -> None:
        if resumed is None:
            return
        message, kept = resumed
        text = self._numbered(message)
        self._keep(written({**kept, "seq": self._seq}))
        await socket.send(text)

    def _numbered(self, message: Message) -> str:
        self._seq += 1
        return written({**message, "seq": self._seq})

    def _keep(self, text: str) -> None:
        if self.keeps:
            self._kept.add(text)


class _Kept:
    """The newest messages, `KEPT_BYTES` at most."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._bytes = 0

    def add(self, text: str) -> None:
        self._texts.append(text)
        self._bytes += len(text)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._texts.popleft())

    def after(self, seq: int, last: int) -> list[str]:
        """Return the messages from number `seq` + 1 to number `last`, the last of them."""
        count = last - seq
        if not 0 <= count <= len(self._texts):
            raise MissedError
        return list(self._texts)[len(self._texts) - count :]
