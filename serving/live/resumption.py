"""Clients whose connection was lost come back here: which sessions wait for them, and who may go on with which.

A client shows the id of its session and its secret. Nobody learns whether it was the one or the other that was wrong.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from typing import Protocol

from serving.guard.grant import Grant, grant_of
from serving.guard.refusal import RefusedError
from serving.live.outbox import MissedError
from serving.live.socket import Socket
from serving.settings import ServerLimits
from undertone.protocol import ErrorCode, MessageError, Resume, SessionResume, read

FIRST_MESSAGE_S = 10.0  # for the session.resume of a connection that asked for a session
_ASKING = 2  # connections for each session that there may be, whose first message is awaited
_UNKNOWN = "no session waits for this id and secret: it has ended, waited too long, or was resumed with it already"


class Resumable(Protocol):
    """A session that may be resumed."""

    @property
    def grant(self) -> Grant:
        """Whose it is."""

    async def accepts(self, secret: str) -> bool:
        """Tell whether `secret` is that of the session."""

    async def resume(self, socket: Socket, secret: str, after_seq: int) -> None:
        """Go on over `socket`; raises `MissedError` where too much was missed."""

    async def stay(self, socket: Socket) -> None:
        """Return when `socket` is no longer needed."""


class Resumption:
    """One per API process; everything runs in its event loop. A session that is over waits apart from the others."""

    def __init__(self, limits: ServerLimits) -> None:
        self.within_s = limits.resume_s
        self._at_once, self._asked = limits.max_sessions, 0
        self._most = {True: self._at_once, False: _or_else(limits.max_waiting_sessions, self._at_once)}
        self._waiting = dict.fromkeys(self._most, 0)
        self._sessions: dict[str, Resumable] = {}

    @contextlib.contextmanager
    def reachable(self, session_id: str, session: Resumable) -> Iterator[None]:
        """Let clients come back to `session` as long as the block lasts."""
        if self.within_s:
            self._sessions[session_id] = session
        try:
            yield
        finally:
            self._sessions.pop(session_id, None)

    @contextlib.contextmanager
    def place(self, is_over: bool) -> Iterator[bool]:
        """Give True where one more session may wait, and hold its place; one that `is_over` has no other slot."""
        free = bool(self.within_s) and self._waiting[is_over] < self._most[is_over]
        self._waiting[is_over] += free
        try:
            yield free
        finally:
            self._waiting[is_over] -= free

    async def resume(self, socket: Socket, session_id: str) -> Resumable:
        """Take `session.resume` from a socket that asks for `session_id`; return the session, which goes on over it.

        Raises:
            RefusedError: there is no such session for this client, or too much was missed.
            LostError: the socket was lost meanwhile.
        """
        with self._asking():
            asked = await _first_message(socket)  # of all: who is refused before may not get to read why
        session = self._sessions.get(session_id)
        if session is None or asked.session_id != session_id or session.grant.name != _grant(socket).name:
            raise _refused(_UNKNOWN)
        if not await session.accepts(asked.secret):
            raise _refused(_UNKNOWN)
        try:
            await session.resume(socket, asked.secret, asked.after_seq)
        except MissedError:
            raise _refused(f"what came after message {asked.after_seq} is no longer kept, or never was") from None
        return session

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        if self._asked >= _ASKING * self._at_once:
            raise RefusedError(ErrorCode.SERVER_FULL, "too many clients ask for their sessions at once")
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    def offer(self, secret: str) -> Resume | None:
        """Return what a client is told of how to come back, None where nobody is waited for."""
        return {"secret": secret, "within_s": self.within_s} if self.within_s else None


class Secret:
    """What a client shows; it works once.

    The one before it works again where the connection that should have brought the newest broke too early (`spare`).
    """

    def __init__(self) -> None:
        self.current, self._before = _new(), ""

    def holds(self, secret: str, spare: bool) -> bool:
        """Tell whether `secret` is the current one, or with `spare` the one that was used last."""
        return _same(secret, self.current) or (spare and self.is_spent(secret))

    def is_spent(self, secret: str) -> bool:
        """Tell whether `secret` is the one that was used last."""
        return bool(self._before) and _same(secret, self._before)

    def use(self, secret: str) -> None:
        """Put a new one in the place of `secret`."""
        self._before, self.current = secret, _new()


def _or_else(value: int | None, default: int) -> int:
    return default if value is None else value


def _new() -> str:
    return secrets.token_urlsafe(24)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


async def _first_message(socket: Socket) -> SessionResume:
    with contextlib.suppress(TimeoutError, MessageError):
        async with asyncio.timeout(FIRST_MESSAGE_S):
            message = await socket.receive() or {}
        asked = read(message.get("text") or "")
        if isinstance(asked, SessionResume):
            return asked
    raise _refused("the first message of a connection with ?resume= is a session.resume")


def _grant(socket: Socket) -> Grant:
    return grant_of(socket.websocket.scope)


def _refused(message: str) -> RefusedError:
    return RefusedError(ErrorCode.RESUME_REFUSED, message, 404, None)
