"""The way between a session and its client, over one socket after the other: what waits for a client that was lost.

A session lives in a task of its own. The task of each socket stays for as long as the session needs that socket.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from typing import Any

from serving.admission import Slot
from serving.guard.grant import Grant
from serving.live.inbox import Inbox
from serving.live.outbox import Outbox
from serving.live.resumption import Resumption, Secret
from serving.live.socket import LostError, Socket
from serving.sessions.session import ServedSession
from undertone.protocol import Message, Resume, audio_ack, session_resumed

log = logging.getLogger("undertone.live")

_NOTICED_S = 1.0  # for us to see that a connection broke which its client has seen to break
_LOOK_S = 0.02


class Link:
    """Of one session; a client may come back to it until it is closed."""

    def __init__(self, socket: Socket, slot: Slot, session: ServedSession, resumption: Resumption) -> None:
        self._slot, self._session, self._resumption = slot, session, resumption
        self._outbox = Outbox(self._cut, keeps=bool(resumption.within_s))
        self.inbox = Inbox(session.working_s, resumption.max_unread_s)
        self._secret = Secret()
        self._changed, self._is_over = asyncio.Event(), False
        self._heard_samples = self._acked_samples = 0
        slot.when_ending(self._end)
        self.inbox.attach(socket)
        self._outbox.attach(socket)

    @property
    def grant(self) -> Grant:
        """Whose session it is."""
        return self._slot.grant

    @property
    def offer(self) -> Resume | None:
        """How to come back, None where nobody is waited for."""
        return self._resumption.offer(self._secret.current)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the `work` of the session in its task."""
        self._task = asyncio.create_task(work)

    async def stay(self, socket: Socket) -> None:
        """Return when the session is done with `socket`; the session ends with the task that waits for it."""
        try:
            await socket.over()
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._slot.ending.is_set():
                raise

    async def send(self, message: Message) -> None:
        """Send `message`, or keep it for a client that comes back; raises `LostError` where it is not waited for."""
        await self._outbox.send(message)

    async def heard(self, samples: int) -> None:
        """Tell the client after each second what it need not keep; of Opus `samples` are bytes."""
        self._heard_samples += samples
        if self._resumption.within_s and self._heard_samples - self._acked_samples >= self.inbox.form.units_per_s:
            self._acked_samples = self._heard_samples
            await self.send(audio_ack(self._heard_samples))

    async def until_back(self) -> float:
        """Return at once, or where the client is lost when it is back; for how many seconds it was waited for.

        Raises:
            LostError: it is not to be waited for, or does not come.
        """
        if not self._outbox.is_cut:
            return 0.0
        lost_s = time.monotonic()
        with self._resumption.place(self._is_over) as is_free, self._session.on_hold():
            if not (is_free and self._outbox.keeps):
                raise LostError(self._outbox.why_cut)
            await self._wait()
        return time.monotonic() - lost_s

    async def part(self, code: int) -> None:
        """Close with `code`, once more where the client was lost before it had everything and comes back for it."""
        self._is_over = True
        while not await self._outbox.close(code) and self._outbox.keeps:
            self._outbox.detach()
            await self.until_back()

    async def fail(self, message: Message, code: int) -> None:
        """Tell `message` and close with `code`, if there is anybody to tell."""
        await self.send(message)
        await self._outbox.close(code)

    def close(self) -> None:
        """Let go of everything."""
        self.inbox.close()
        self._outbox.detach()

    async def accepts(self, secret: str) -> bool:
        """Tell whether `secret` is that of the session; one that was used only where nothing came of it."""
        if self._secret.is_spent(secret):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_NOTICED_S):
                    await self._noticed()
        return self._secret.holds(secret, spare=self._outbox.is_cut and self.inbox.is_unused)

    async def resume(self, socket: Socket, secret: str, after_seq: int) -> None:
        """Go on over `socket`, where the client has seen the messages up to `after_seq`.

        Raises:
            MissedError: what it missed is no longer there; the session is as before.
            LostError: the socket was lost meanwhile.
        """
        await self._outbox.resume(socket, after_seq, lambda: self._resumed(secret))
        self.inbox.attach(socket)
        self.inbox.wake()  # it may be lost again
        self._changed.set()
        log.info("session %s: the client is back", self._session.id)

    def _resumed(self, secret: str) -> tuple[Message, Message] | None:
        if self._is_over:
            return None
        self._secret.use(secret)
        offer = self._resumption.offer(self._secret.current)
        assert offer is not None
        message = session_resumed(self._session.id, self.inbox.units, offer)
        return message, audio_ack(self._acked_samples)  # a secret and a place of the past are told to nobody

    async def _wait(self) -> None:
        log.info("session %s: the connection was lost, waiting for the client", self._session.id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._resumption.within_s):
                while self._outbox.is_cut and not self._slot.ending.is_set():
                    self._changed.clear()
                    await self._changed.wait()
        if self._outbox.is_cut:
            raise LostError(self._slot.why.code if self._slot.ending.is_set() else self._outbox.why_cut)

    async def _noticed(self) -> None:
        while not self._outbox.is_cut:
            await asyncio.sleep(_LOOK_S)

    def _cut(self, socket: Socket) -> None:
        self._outbox.keeps = self._outbox.keeps and not socket.is_left
        self.inbox.wake()
        self._changed.set()

    def _end(self) -> None:
        self.inbox.drain()
        self._changed.set()
