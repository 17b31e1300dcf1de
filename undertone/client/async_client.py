"""A program's way to a server: a session to speak into and to listen to.

    async with AsyncClient("ws://127.0.0.1:8000/ws/analyze") as session:
        await session.send(pcm)         # any number of times
        await session.finish()
        async for event in session:
            ...

undertone/client/sync_client.py is the same for programs without an event loop.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from undertone.audio import RATE_HZ
from undertone.audio_file import blocks_of
from undertone.client.address import DEFAULT_URL
from undertone.client.connection import ConnectionLostError, SessionRefusedError
from undertone.client.events import Event, event_of
from undertone.client.samples import Audio, Converter
from undertone.client.session import Session
from undertone.client.stream import send
from undertone.client.timing import MAX_SPEED, Message, Pace, SendLog, rechunk
from undertone.stream.events import Final
from undertone.stream.settings import OF_SOCKETS, SessionSettings, SettingError

OUTSIDE = "a client is a context manager: use it inside `with`"
_PACE = Pace(chunk_ms=100, speed=MAX_SPEED)


class AsyncClient:
    """A session of the server at `url`, which is shown `token`: a key of it, or a token that it takes.

    `settings` are those of a session: `partials`, `endpoint_silence_ms`, `alpha`, `language` and so on. A connection
    that is lost is made again and the session goes on where it was, as long as the server waits for it. Only for so
    long as `patience_s` is a server waited for that owes an answer.

    Raises:
        StreamError: see undertone/client/connection.py; from `__aenter__`, from iterating and from `transcribe`.
        undertone.SettingError: from `__aenter__`: the server refuses a setting, or it says how audio is sent, which is
            for this client to say.
    """

    def __init__(
        self, url: str = DEFAULT_URL, *, token: str | None = None, patience_s: float = 60.0, **settings: Any
    ) -> None:
        self._server, self._settings = (url, token, patience_s), settings
        self._session: Session | None = None
        self._converter, self._is_used = Converter(), False
        self.info: Mapping[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._hang_up()

    async def send(self, audio: Audio, rate_hz: int = RATE_HZ) -> None:
        """Send the next piece of audio; returns when there is room for more.

        Bytes are int16 little-endian samples of one channel; arrays are (n,) or (n, channels), integers in the scale of
        their type or floats in [-1, 1].

        Raises:
            ValueError: half a sample, another shape or type, no finite numbers, or a rate that nobody records at.
            StreamError: the session is over.
        """
        self._is_used = True
        for samples in rechunk(self._converter.take(audio, rate_hz), _PACE.chunk_samples):
            await self._running.audio(samples.astype("<i2").tobytes())

    async def commit(self) -> None:
        """End the utterance under way now."""
        await self._running.command("utterance.commit")

    async def finish(self) -> None:
        """Say that there is no more audio: what was heard is answered, then the events end."""
        self._is_used = True
        for samples in self._converter.end():
            await self._running.audio(samples.astype("<i2").tobytes())
        await self._running.finish()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self.events()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Yield what the server says, as it comes; the last one is `SessionClosed`."""
        async for message in self.messages():
            if event := event_of(message):
                yield event

    async def messages(self) -> AsyncGenerator[Message, None]:
        """Yield the messages of the server as they are on the wire (asyncapi.yaml), `session.closed` last."""
        is_over = False
        while not is_over:
            message = await self._running.next()
            is_over = message["type"] == "session.closed"
            yield message
        self._running.check_closed()

    async def transcribe(
        self, source: str | Path | NDArray[Any], rate_hz: int | None = None
    ) -> AsyncGenerator[Final, None]:
        """Yield the utterances of a recording, each with its words and its verdict, as they are known.

        `source` is a file that libsndfile or PyAV reads, or its samples at `rate_hz`. Each recording is heard in a
        session of its own.

        Raises:
            undertone.AudioFileError: the file cannot be read; the message names it.
            ValueError: samples without a rate, or that are no audio.
        """
        if self._is_used:
            await self._begin()
        self._is_used = True
        sending = asyncio.create_task(send(self._running, blocks_of(source, rate_hz), {}, SendLog(_PACE)))
        try:
            async with aclosing(self.events()) as events:
                async for event in events:
                    if isinstance(event, Final):
                        yield event
        finally:
            sending.cancel()
            await asyncio.wait([sending])

    @property
    def _running(self) -> Session:
        if self._session is None:
            raise ValueError(OUTSIDE)
        return self._session

    async def _begin(self) -> None:
        await self._hang_up()
        _check_mono_pcm(self._settings)
        url, token, patience_s = self._server
        self._session = await Session(url, token, patience_s).__aenter__()
        self._converter, self._is_used = Converter(), False
        try:
            self.info = await self._session.next()
            if self.info["type"] == "error":
                raise SessionRefusedError(dict(self.info))
            await self._set()
        except BaseException:
            await self._hang_up()
            raise

    async def _set(self) -> None:
        if not self._settings:
            return
        await self._running.command("session.update", **self._settings)
        patience_s = self._server[2]
        try:
            async with asyncio.timeout(patience_s):
                answer = await self._running.next()
        except TimeoutError:
            raise ConnectionLostError(f"the server has not answered for {patience_s:g} s") from None
        if answer["type"] == "error":
            raise SessionRefusedError(answer) if answer.get("fatal") else SettingError(answer["message"])
        self.info = {**self.info, "settings": answer["settings"]}

    async def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session:
            await session.__aexit__()


def _check_mono_pcm(settings: Mapping[str, Any]) -> None:
    for name in OF_SOCKETS:
        if name in settings and settings[name] != SessionSettings.model_fields[name].default:
            raise SettingError(f"{name}: this client sends 16-bit PCM of one channel, whatever it is given")
