"""Who judges the recordings of an evaluation: a running server, live or by upload, or a release in this process."""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from serving.cli.views.verdict_views import untimed
from undertone.audio_file import AudioFileError, blocks
from undertone.client.address import is_local
from undertone.client.connection import StreamError
from undertone.client.stream import stream
from undertone.client.summary import Summary
from undertone.client.timing import Pace
from undertone.release import describe_release, open_release

_PATIENCE_S = 600.0
_KEPT = ("session.created", "speech.started", "speech.ended", "utterance.final", "error", "session.closed")
Message = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back for one recording; `failure` says why nothing did, the times are in ms."""

    events: list[Message]
    facts: Mapping[str, Any] = field(default_factory=dict)


class Judge(Protocol):
    """Somebody who hears recordings; `hear` may be called in several threads at once."""

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

    def protocol(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        return {"asked": f"streamed to a server at {self.speed:g} times real time", **_server(self.url, self.api_key)}

    def hear(self, path: Path) -> Answer:
        """Stream it through a session of its own."""
        summary = Summary(str(path))
        try:
            events = asyncio.run(self._events(path, summary))
        except (AudioFileError, StreamError, OSError) as failed:
            return Answer([], {"failure": str(failed)})
        if not summary.ok:
            return Answer(events, {"failure": f"the session ended with {', '.join(summary.errors) or 'no close'}"})
        return Answer(events, {"first_mood_ms": list(summary.first_mood_ms.values()), "final_ms": summary.final_ms})

    async def _events(self, path: Path, summary: Summary) -> list[Message]:
        pace = Pace(speed=self.speed)
        kept = []
        async with aclosing(stream(blocks(path), url=self.url, pace=pace, api_key=self.api_key)) as events:
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

    def protocol(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        return {"asked": "uploaded to a server", **_server(self.url, self.api_key)}

    def hear(self, path: Path) -> Answer:
        """Send it to /predict; a server that is full is asked again."""
        try:
            sent = {"file": (f"recording{path.suffix}", path.read_bytes())}
            answered = _patiently(lambda: _asked(self.url, self.api_key, "POST", "/predict", files=sent))
        except httpx.HTTPStatusError as refused:
            return Answer([], {"failure": _told(refused)})
        except (httpx.HTTPError, OSError) as failed:
            return Answer([], {"failure": str(failed)})
        events = [json.loads(line) for line in answered.text.splitlines()]
        return Answer([event for event in events if event["type"] in _KEPT])


class ThisProcess:
    """A release, opened here: no server, no network."""

    def __init__(self, folder: Path) -> None:
        self._release = open_release(folder)
        self._one = threading.Lock()

    def protocol(self) -> dict[str, Any]:
        """Return what the manifest says, and the recogniser that was found."""
        about = describe_release(self._release.manifest)
        return {"asked": "heard in one process", **_who(about, self._release.reader.description)}

    def hear(self, path: Path) -> Answer:
        """Hear it; one at a time, as the models take the cores by themselves."""
        try:
            with self._one:
                finals = list(self._release.analyze(path))
        except (AudioFileError, OSError) as failed:
            return Answer([], {"failure": str(failed)})
        return Answer([untimed(final) for final in finals])


def _server(url: str, api_key: str | None) -> dict[str, Any]:
    try:
        about = _asked(url, api_key, "GET", "/info").json()["model"]
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


def _asked(url: str, api_key: str | None, method: str, path: str, **sent: Any) -> httpx.Response:
    """Return the answer of the server whose WebSocket is at `url`; raises `httpx.HTTPStatusError` for a refusal."""
    server = url.replace("ws", "http", 1).removesuffix("/ws/analyze")
    shown = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    proxied = not is_local(url)
    answer = httpx.request(method, server + path, headers=shown, timeout=_PATIENCE_S, trust_env=proxied, **sent)
    return answer.raise_for_status()


def _patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    while True:
        try:
            return ask()
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code not in (429, 503):
                raise
            time.sleep(float(refused.response.headers.get("Retry-After", 1)))


def _told(refused: httpx.HTTPStatusError) -> str:
    try:
        return str(refused.response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return str(refused)
