"""Sessions under way, as far as their events tell: who speaks, what is still due, and the totals when one ends."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from serving.admission import Kind
from serving.observe.metrics import GONE, KINDS, Metrics
from serving.observe.spans import SessionSpan, Spans
from undertone.audio import RATE_HZ
from undertone.protocol import ErrorCode
from undertone.stream.events import Event, Final, SpeechEnded, SpeechStarted

log = logging.getLogger("undertone.sessions")

Totals = Callable[[], Mapping[str, Any]]
STATES = ("listening", "speaking", "judging", "waiting")


class ObservedSession:
    """One session from its beginning to `end`; `heard_samples` and `totals` are asked when somebody wants to know."""

    def __init__(self, kind: Kind, heard_samples: Callable[[], int], totals: Totals, span: SessionSpan) -> None:
        self.kind, self.heard_samples, self.totals = kind, heard_samples, totals
        self.arrived_s: Callable[[], float] = float  # seconds of audio that came, where it may come faster than heard
        self.span = span
        self._speaking, self._due = False, 0
        self.waiting = False

    @property
    def state(self) -> str:
        """One of `STATES`: its client is to come back, or somebody speaks, or a final is due, or neither."""
        return "waiting" if self.waiting else "speaking" if self._speaking else "judging" if self._due else "listening"

    @property
    def unread_s(self) -> float:
        """Seconds of audio that wait to be heard."""
        return max(0.0, self.arrived_s() - self.heard_samples() / RATE_HZ)

    def see(self, event: Event) -> None:
        """Follow an event of the session."""
        if isinstance(event, SpeechStarted):
            self._speaking = True
        elif isinstance(event, SpeechEnded):
            self._speaking = False
            self._due += 1
        elif isinstance(event, Final):
            self._due -= 1
            self.span.final(event)


class Sessions:
    """The sessions of one API process; lives in its event loop."""

    def __init__(self, metrics: Metrics) -> None:
        self.spans = Spans()
        self._metrics = metrics
        self._under_way: set[ObservedSession] = set()
        self._heard_before = dict.fromkeys(KINDS, 0)  # samples of sessions that ended
        self.live = 0  # how many of those under way are

    def begin(self, kind: Kind, heard_samples: Callable[[], int], totals: Totals) -> ObservedSession:
        """Observe a session of `kind`; call it in the task of the session."""
        session = ObservedSession(kind, heard_samples, totals, self.spans.session(kind))
        self._under_way.add(session)
        self.live += kind == "live"
        return session

    @contextmanager
    def observed(self, kind: Kind, heard_samples: Callable[[], int], totals: Totals) -> Iterator[None]:
        """Observe a session as long as the block lasts; the `code` of what it raises is the reason of its end."""
        session = self.begin(kind, heard_samples, totals)
        try:
            yield
            self.end(session, "finished")
        except Exception as failed:
            self.end(session, getattr(failed, "code", ErrorCode.INTERNAL))
            raise
        finally:
            self.end(session, GONE)

    def tell(self, session: ObservedSession, event: Event) -> None:
        """Count an event of `session`."""
        session.see(event)
        self._metrics.tell(event)

    def end(self, session: ObservedSession, reason: str) -> None:
        """Log the totals of `session`, once: what ended it first is its reason."""
        if session not in self._under_way:
            return
        self._under_way.discard(session)
        self.live -= session.kind == "live"
        self._heard_before[session.kind] += session.heard_samples()
        self._metrics.ended(session.kind, reason)
        totals = {"kind": session.kind, "reason": reason, **_flat(session.totals())}
        session.span.end(totals)
        log.info("totals %s", " ".join(f"{name}={value}" for name, value in totals.items()))

    @property
    def any_live(self) -> bool:
        """Whether there is a live session."""
        return self.live > 0

    def by_state(self) -> dict[tuple[Kind, str], int]:
        """Return how many sessions there are by kind and state."""
        counts = {(kind, state): 0 for kind in KINDS for state in STATES}
        for session in self._under_way:
            counts[session.kind, session.state] += 1
        return counts

    def audio_s(self) -> dict[Kind, float]:
        """Return how many seconds of audio were heard so far, by kind."""
        heard = dict(self._heard_before)
        for session in self._under_way:
            heard[session.kind] += session.heard_samples()
        return {kind: samples / RATE_HZ for kind, samples in heard.items()}

    def unread_s(self) -> list[float]:
        """Return the seconds of audio that wait to be heard, of each session."""
        return [session.unread_s for session in self._under_way]


def _flat(totals: Mapping[str, Any]) -> dict[str, Any]:
    # How somebody felt is not for logs.
    speculations = {f"speculations_{name}": count for name, count in totals.get("speculations", {}).items()}
    return {name: value for name, value in totals.items() if not isinstance(value, Mapping)} | speculations
