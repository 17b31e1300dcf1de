"""One session of the server, over one connection after the other: audio in, its messages out, each once and in order.

What the server has not acknowledged is kept. Where the connection is lost, it is made anew (backoff.py), the session
resumed, what was missed is read, and what is not there yet sent again; whoever reads and sends notices a delay and
nothing else. Messages are those of asyncapi.yaml without what only this file needs: numbers, acknowledgements, secrets.
"""

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from undertone.client.backoff import delays_s
from undertone.client.connection import (
    ConnectionLostError,
    ServerUnreachableError,
    SessionRefusedError,
    open_socket,
    parse,
)
from undertone.client.held import Held
from undertone.client.timing import Message

log = logging.getLogger("undertone.client")

_LOOK_UP_S = 0.5  # how often a silent wait checks whether it still makes sense
_ANSWER_S = 10.0  # for a server to take a session up again, before another connection is tried
_OWN = ("session.resumed", "audio.ack")  # messages that nobody else need see
_OWN_FIELDS = ("seq", "resume")


class Session:
    """A context manager: connected inside, and hung up at its end.

    Raises:
        StreamError: see connection.py; from `__aenter__`, `next` and `closed_well`.
    """

    def __init__(self, url: str, api_key: str | None = None, patience_s: float = 60.0) -> None:
        self._url, self._api_key, self._patience_s = url, api_key, patience_s
        self._held = Held()
        self._received: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self._socket: ClientConnection
        self._id, self._resume = "", dict[str, Any]()
        self._seq, self._is_closed, self._resumed = 0, False, asyncio.Event()
        self._refusal: Message | None = None
        self._waits_since_s: float | None = time.perf_counter()  # None while audio is on its way
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._socket = await open_socket(self._url, self._api_key)
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._socket.close()

    async def audio(self, pcm: bytes) -> None:
        """Send int16 little-endian samples at 16 kHz, an even number of bytes; returns when there is room for more.

        Raises:
            StreamError: the session is over.
        """
        self._waits_since_s = None
        await self._held.add_audio(pcm)

    async def command(self, kind: str, **fields: Any) -> None:
        """Send a message of type `kind`, in its place between the audio."""
        await self._held.add_command(json.dumps({"type": kind, **fields}))

    async def finish(self) -> None:
        """Say that there is no more audio; from now on the server is not waited for longer than patience lasts."""
        await self.command("session.finish")
        self._waits_since_s = time.perf_counter()

    async def next(self) -> Message:
        """Return the next message of the server."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_UP_S):
                    received = await self._received.get()
            except TimeoutError:
                self._check_silence()
                continue
            if isinstance(received, Exception):
                self._received.put_nowait(received)  # for whoever asks again
                raise received
            return received

    def fail(self, why: Exception) -> None:
        """Let `next` raise `why` after the messages that are here: there is no more audio to send."""
        self._received.put_nowait(why)

    def check_closed(self) -> None:
        """Raise unless everything was sent before `session.closed` and no error explains the close."""
        if self._refusal:
            raise SessionRefusedError(self._refusal)
        if self._waits_since_s is None or not self._held.is_empty:
            raise ConnectionLostError("the server closed the session before the end of the audio")

    def _check_silence(self) -> None:
        if self._waits_since_s is not None and time.perf_counter() - self._waits_since_s > self._patience_s:
            raise ConnectionLostError(f"the server has sent nothing for {self._patience_s:g} s")

    async def _send(self) -> None:
        while True:
            payload = await self._held.next()
            with suppress(ConnectionClosed):  # the receiving half sees it too
                await self._socket.send(payload)

    async def _receive(self) -> None:
        try:
            while not self._is_closed:
                try:
                    await self._take(parse(await self._socket.recv()))
                except ConnectionClosed:
                    self._held.hold()
                    await self._come_back()
            await self._held.end(ConnectionLostError("the server closed the session before the end of the audio"))
        except Exception as failed:
            self._received.put_nowait(failed)
            await self._held.end(failed)

    async def _take(self, message: Message) -> None:
        if self._waits_since_s is not None:
            self._waits_since_s = time.perf_counter()
        if not self._is_new(message.get("seq")):
            return
        await self._follow(message)
        if message["type"] not in _OWN:
            shown = {name: value for name, value in message.items() if name not in _OWN_FIELDS}
            self._received.put_nowait(shown)

    def _is_new(self, seq: int | None) -> bool:
        if seq is None:
            return True
        if seq > self._seq + 1:
            raise ConnectionLostError(f"messages {self._seq + 1} to {seq - 1} of the server are missing")
        is_new, self._seq = seq > self._seq, max(seq, self._seq)
        return is_new

    async def _follow(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("session.created", "session.resumed"):
            self._id, self._resume = str(message.get("session_id", "")), message.get("resume") or {}
            self._held.keeps = bool(self._resume)
            self._waits_since_s = None if kind == "session.created" else self._waits_since_s
            await self._held.go_on(message.get("samples", 0))
            self._resumed.set()
        elif kind == "audio.ack":
            await self._held.acknowledge(message["samples"])
        elif kind == "error" and message.get("fatal"):
            self._refusal = message
        elif kind == "session.closed":
            self._is_closed = True

    async def _come_back(self) -> None:
        """Resume the session over another connection.

        Raises:
            StreamError: the server ended the session, or does not take it up again in time.
        """
        why = self._why_lost()
        if self._refusal or not self._resume:
            raise why
        log.warning("the connection was lost (%s); trying for %g s", _ending(self._socket), self._resume["within_s"])
        ends_s = time.monotonic() + self._resume["within_s"]
        for delay_s in delays_s():
            if time.monotonic() + delay_s > ends_s:
                raise ConnectionLostError(f"{why}, and could not be made again in {self._resume['within_s']:g} s")
            await asyncio.sleep(delay_s)
            with suppress(ServerUnreachableError, ConnectionClosed, TimeoutError):
                self._socket = await open_socket(_with_query(self._url, resume=self._id), self._api_key)
                await self._take_up()
                return
            self._socket.transport.abort()  # a close in order would end the session
            if self._refusal:
                raise SessionRefusedError(self._refusal)

    async def _take_up(self) -> None:
        shown = {"session_id": self._id, "secret": self._resume["secret"], "after_seq": self._seq}
        self._resumed.clear()
        async with asyncio.timeout(_ANSWER_S):
            await self._socket.send(json.dumps({"type": "session.resume", **shown}))
            while not (self._resumed.is_set() or self._is_closed):
                await self._take(parse(await self._socket.recv()))
        log.warning("the session goes on over another connection")

    def _why_lost(self) -> Exception:
        if self._refusal:
            return SessionRefusedError(self._refusal)
        return ConnectionLostError(f"the connection ended without session.closed ({_ending(self._socket)})")


def _ending(socket: ClientConnection) -> str:
    code, reason = socket.close_code, socket.close_reason
    return f"code {code}: {reason}" if reason else f"code {code}"


def _with_query(url: str, **fields: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(fields))))))
