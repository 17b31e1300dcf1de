"""Who judges the recordings of an evaluation: a running server, live or by upload, or a release in this process."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx

from serving.cli.views.verdict_views import untimed
from undertone import offline
from undertone.audio import Samples
from undertone.audio_file import AudioFileError, Note, blocks
from undertone.audio_file.notes import LOSSES
from undertone.client.address import is_local
from undertone.client.connection import SessionRefusedError, StreamError
from undertone.client.stream import stream
from undertone.client.summary import Summary
from undertone.client.timing import Pace
from undertone.release import describe_release, open_release

_PATIENCE_S = 600.0
_LONGEST_WAIT_S = 60.0  # for a place; who has used up a quota for the day is told so
_KEPT = ("session.created", "speech.started", "speech.ended", "utterance.final", "error", "session.closed")
Message = dict[str, Any]
T = TypeVar("T")


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Answer:
    """What came back for one recording, and facts of it: `failure`, why nothing did; `damage`, what is missing; ms."""

    events: list[Message]
    facts: Mapping[str, Any] = field(default_factory=dict)


class Judge(Protocol):
    """Somebody who hears recordings; `hear` may be called in several threads at once, until `stopped` is set."""

    @property
    def stopped(self) -> threading.Event:
        """Ends what is under way, with a `StoppedError`."""

    def protocol(self) -> dict[str, Any]:
        """Return who it is: `asked`, `release`, `release_sha256`, `recogniser`."""

    def hear(self, path: Path) -> Answer:
        """Return what it says of the recording at `path`."""


@dataclass(frozen=True)
class LiveServer:
    """The server at `url`, which each recording is streamed to, `speed` times real time."""

    url: str
    api_key: str | None
    speed: float
    stopped: threading.Event = field(default_factory=threading.Event)

    def protocol(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        return {"asked": f"streamed to a server at {self.speed:g} times real time", **_server(self.url, self.api_key)}

    def hear(self, path: Path) -> Answer:
        """Stream it through a session of its own; a server that is full is asked again."""
        while True:
            try:
                return self._streamed(path)
            except SessionRefusedError as refused:
                if refused.retry_after_s is None or refused.retry_after_s > _LONGEST_WAIT_S:
                    return Answer([], {"failure": str(refused)})
                _wait(refused.retry_after_s, self.stopped)
            except (AudioFileError, StreamError, OSError) as failed:
                return Answer([], {"failure": str(failed)})

    def _streamed(self, path: Path) -> Answer:
        summary, notes = Summary(str(path)), list[Note]()
        events = asyncio.run(self._events(_until(self.stopped, blocks(path, notes)), summary))
        if not summary.ok:
            return Answer(events, {"failure": f"the session ended with {', '.join(summary.errors) or 'no close'}"})
        times = {"first_mood_ms": list(summary.first_mood_ms.values()), "final_ms": summary.final_ms}
        return Answer(events, {**times, **_damage(note.as_dict() for note in notes)})

    async def _events(self, pieces: Iterator[Samples], summary: Summary) -> list[Message]:
        pace = Pace(speed=self.speed)
        kept = []
        async with aclosing(stream(pieces, url=self.url, pace=pace, api_key=self.api_key)) as events:
            async for event in events:
                summary.add(event)
                if event.type in _KEPT:
                    kept.append(event.message)
        return kept


@dataclass(frozen=True)
class Uploads:
    """The server at `url`, which each recording is sent to as a file."""

    url: str
    api_key: str | None
    stopped: threading.Event = field(default_factory=threading.Event)

    def protocol(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        return {"asked": "uploaded to a server", **_server(self.url, self.api_key)}

    def hear(self, path: Path) -> Answer:
        """Send it to /predict; a server that is full is asked again."""
        try:
            events = self._patiently({"file": (f"recording{path.suffix}", path.read_bytes())})
        except httpx.HTTPStatusError as refused:
            return Answer([], {"failure": _told(refused)})
        except (httpx.HTTPError, OSError) as failed:
            return Answer([], {"failure": str(failed)})
        closed = [event for event in events if event["type"] == "session.closed"]
        return Answer(events, _damage(note for event in closed for note in event.get("notes", ())))

    def _patiently(self, files: Mapping[str, tuple[str, bytes]]) -> list[Message]:
        while True:
            with _asked(self.url, self.api_key, "POST", "/predict", files=files) as answer:
                delay_s = float(answer.headers.get("Retry-After", 1))
                if answer.status_code not in (429, 503) or delay_s > _LONGEST_WAIT_S:
                    if answer.is_error:
                        answer.read()  # why
                    answer.raise_for_status()
                    events = map(json.loads, _until(self.stopped, answer.iter_lines()))
                    return [event for event in events if event["type"] in _KEPT]
            _wait(delay_s, self.stopped)


class ThisProcess:
    """A release, opened here: no server, no network."""

    def __init__(self, folder: Path) -> None:
        self._release = open_release(folder)
        self._one = threading.Lock()
        self.stopped = threading.Event()

    def protocol(self) -> dict[str, Any]:
        """Return what the manifest says, and the recogniser that was found."""
        about = describe_release(self._release.manifest)
        return {"asked": "heard in one process", **_who(about, self._release.reader.description)}

    def hear(self, path: Path) -> Answer:
        """Hear it; one at a time, as the models take the cores by themselves."""
        notes: list[Note] = []
        try:
            with self._one:
                stream_of_it = self._release.stream(words=True, **offline.UNHEARD)
                finals = list(offline.finals(stream_of_it, _until(self.stopped, blocks(path, notes))))
        except (AudioFileError, OSError) as failed:
            return Answer([], {"failure": str(failed)})
        return Answer([untimed(final) for final in finals], _damage(note.as_dict() for note in notes))


def _server(url: str, api_key: str | None) -> dict[str, Any]:
    try:
        with _asked(url, api_key, "GET", "/info") as answer:
            answer.read()
        about = answer.raise_for_status().json()["model"]
        return _who(about["release"], about["asr"])
    except httpx.HTTPStatusError as refused:
        raise OSError(f"{url} does not say what it serves: {_told(refused)}") from None
    except httpx.HTTPError as failed:
        raise OSError(f"no server at {url} ({failed}); start one with `undertone serve`") from None
    except (ValueError, KeyError, TypeError):
        raise OSError(f"what answers at {url} is no undertone server") from None


def _who(release: Mapping[str, Any], asr: Mapping[str, Any]) -> dict[str, Any]:
    models = json.dumps(release["models"], sort_keys=True)
    recogniser = f"{asr.get('engine')} {asr.get('model') or ''}".strip()
    return {
        "release": release["version"],
        "release_sha256": hashlib.sha256(models.encode()).hexdigest(),
        "recogniser": f"{recogniser} {(asr.get('sha256') or '')[:12]}".strip(),
    }


def _asked(
    url: str, api_key: str | None, method: str, path: str, **sent: Any
) -> AbstractContextManager[httpx.Response]:
    """Ask the server whose WebSocket is at `url`, and let its answer come while it is read."""
    server = url.replace("ws", "http", 1).removesuffix("/ws/analyze")
    shown = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    proxied = not is_local(url)
    return httpx.stream(method, server + path, headers=shown, timeout=_PATIENCE_S, trust_env=proxied, **sent)


def _until(stopped: threading.Event, pieces: Iterable[T]) -> Iterator[T]:
    """Pass `pieces` on; raise instead of the next one once `stopped` is set."""
    for piece in pieces:
        if stopped.is_set():
            raise StoppedError
        yield piece


def _wait(delay_s: float, stopped: threading.Event) -> None:
    if stopped.wait(delay_s):
        raise StoppedError


def _damage(notes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what is missing of a recording, as a fact; none where it was heard whole."""
    lost = [note["message"] for note in notes if note["code"] in LOSSES]
    return {"damage": "; ".join(lost)} if lost else {}


def _told(refused: httpx.HTTPStatusError) -> str:
    try:
        return str(refused.response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return str(refused)
