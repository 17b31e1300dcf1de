"""A client of `/ws/analyze` as a library: audio in, events with the wall-clock times of their arrival out.

Sending and receiving run side by side, since the server slows a sender down by not reading. This file prints nothing
and reads no files: audio_file.py gives the samples, live_table.py and stream_command.py show the events.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from undertone.audio import Samples
from undertone.client.connection import DEFAULT_URL, ConnectionLostError, SessionRefusedError, open_socket, parse
from undertone.client.timing import Event, Message, Pace, SendLog, rechunk

REAL_TIME = Pace()
_LOOK_UP_S = 0.5  # how often a silent wait checks whether it still makes sense


async def stream(
    blocks: Iterable[Samples],
    *,
    url: str = DEFAULT_URL,
    pace: Pace = REAL_TIME,
    settings: Mapping[str, Any] | None = None,
    patience_s: float = 60.0,
    api_key: str | None = None,
) -> AsyncGenerator[Event, None]:
    """Stream `blocks`, (samples,) int16 at 16 kHz of any lengths, through one session; yield its events as they come.

    `api_key` is a key of the server, or a token that it takes. Audio is sent once `session.created` arrived, after a
    `session.update` of `settings` if there are any; the last event is `session.closed`. Close the generator
    (`contextlib.aclosing`) to hang up early.

    Raises:
        StreamError: see stream_connection.py; events that came before it were yielded. Before `session.created` and
            after `session.finish` a silence of `patience_s` counts as a lost connection.
        Exception: whatever iterating over `blocks` raises, after hanging up.
    """
    async with await open_socket(url, api_key) as socket:
        session = _Session(socket, pace, patience_s)
        try:
            while True:
                event = await session.next()
                if event.type == "session.created":
                    session.start_sending(blocks, settings or {})
                yield event
                if event.type == "session.closed":
                    session.check_end()
                    return
        finally:
            await session.stop_sending()


class _Session:
    """One session on an open socket: the sending half runs as a task while the owner asks for events."""

    def __init__(self, socket: ClientConnection, pace: Pace, patience_s: float) -> None:
        self._socket = socket
        self._pace = pace
        self._patience_s = patience_s
        self._log = SendLog(pace)
        self._sending: asyncio.Task[None] | None = None
        self._waits_since_s: float | None = time.perf_counter()  # None while audio is on its way
        self._refusal: Message | None = None

    def start_sending(self, blocks: Iterable[Samples], settings: Mapping[str, Any]) -> None:
        """Begin to send; a session does so once."""
        if self._sending is None:
            self._waits_since_s = None
            self._sending = asyncio.create_task(self._send(blocks, settings))

    async def _send(self, blocks: Iterable[Samples], settings: Mapping[str, Any]) -> None:
        with suppress(ConnectionClosed):  # the receiving half says why
            if settings:
                await self._socket.send(json.dumps({"type": "session.update", **settings}))
            for chunk in rechunk(blocks, self._pace.chunk_samples):
                await asyncio.sleep(self._log.wait_s())  # even 0 s let the receiving half run
                self._log.add()
                await self._socket.send(chunk.astype("<i2").tobytes())
            await self._socket.send(json.dumps({"type": "session.finish"}))
            self._waits_since_s = time.perf_counter()

    async def next(self) -> Event:
        """Return the next event; raise if the connection ends, the server falls silent, or sending failed."""
        while True:
            self._check_sending()
            try:
                return self._received(await asyncio.wait_for(self._socket.recv(), _LOOK_UP_S))
            except TimeoutError:
                self._check_silence()
            except ConnectionClosed:
                raise self._why_lost() from None

    def _received(self, frame: str | bytes) -> Event:
        event = self._log.stamp(parse(frame))
        if self._waits_since_s is not None:
            self._waits_since_s = time.perf_counter()
        if event.type == "error" and event.message.get("fatal"):
            self._refusal = event.message
        return event

    def _check_sending(self) -> None:
        if self._sending is not None and self._sending.done():
            self._sending.result()

    def _check_silence(self) -> None:
        if self._waits_since_s is not None and time.perf_counter() - self._waits_since_s > self._patience_s:
            raise ConnectionLostError(f"the server has sent nothing for {self._patience_s:g} s")

    def _why_lost(self) -> Exception:
        if self._refusal:
            return SessionRefusedError(self._refusal)
        code, reason = self._socket.close_code, self._socket.close_reason
        detail = f"code {code}: {reason}" if reason else f"code {code}"
        return ConnectionLostError(f"the connection ended without session.closed ({detail})")

    def check_end(self) -> None:
        """Raise unless all audio went out before `session.closed` and no error explains the close."""
        if self._refusal:
            raise SessionRefusedError(self._refusal)
        if self._sending is None or self._waits_since_s is None:
            raise ConnectionLostError("the server closed the session before the end of the audio")

    async def stop_sending(self) -> None:
        """End the sending half, if it still runs."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
