"""The client for programs without an event loop: `AsyncClient` in a thread of its own.

with Client("ws://127.0.0.1:8000/ws/analyze") as session:
    for utterance in session.transcribe("talk.wav"):
        print(utterance.verdict.label, utterance.text)
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from numpy.typing import NDArray

from undertone.audio import RATE_HZ
from undertone.client.address import DEFAULT_URL
from undertone.client.async_client import OUTSIDE, AsyncClient
from undertone.client.events import Event
from undertone.client.samples import Audio
from undertone.stream.events import Final

T = TypeVar("T")


class Client:
    """A session of the server at `url`; see `AsyncClient` for arguments and errors."""

    def __init__(
        self, url: str = DEFAULT_URL, *, token: str | None = None, patience_s: float = 60.0, **settings: Any
    ) -> None:
        self._client = AsyncClient(url, token=token, patience_s=patience_s, **settings)
        self._thread = _LoopThread()

    @property
    def info(self) -> Mapping[str, Any]:
        """What the server said of itself at the beginning: `session.created`, with the settings that hold."""
        return self._client.info

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._thread.call(self._client.__aenter__())
        except BaseException:
            self._thread.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._thread.call(self._client.__aexit__())
        finally:
            self._thread.stop()

    def send(self, audio: Audio, rate_hz: int = RATE_HZ) -> None:
        """Send the next piece of audio; see `AsyncClient.send`."""
        self._thread.call(self._client.send(audio, rate_hz))

    def commit(self) -> None:
        """End the utterance under way now."""
        self._thread.call(self._client.commit())

    def finish(self) -> None:
        """Say that there is no more audio: what was heard is answered, then the events end."""
        self._thread.call(self._client.finish())

    def __iter__(self) -> Iterator[Event]:
        return self._thread.each(self._client.events())

    def transcribe(self, source: str | Path | NDArray[Any], rate_hz: int | None = None) -> Iterator[Final]:
        """Yield the utterances of a recording as they are known; see `AsyncClient.transcribe`."""
        return self._thread.each(self._client.transcribe(source, rate_hz))


class _LoopThread:
    """An event loop in a thread; what is called in it is waited for."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="undertone-client", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        if not self.runs:
            work.close()
            raise ValueError(OUTSIDE)
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result()
        except BaseException:  # Ctrl-C
            running.cancel()
            raise

    def each(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        async def following() -> list[T]:
            async for item in items:
                return [item]
            return []

        try:
            while found := self.call(following()):
                yield from found
        finally:
            if self.runs:  # else its loop has closed it
                self.call(items.aclose())
