"""The seam for spans: what a session tells of itself to a tracer; by default there is none.

serving/observe/otel.py has one, loaded only where the operator asks for it.
"""

from collections.abc import Mapping
from typing import Any

from undertone.stream.events import Final


class SessionSpan:
    """The span of one session; here it is nothing."""

    def final(self, final: Final) -> None:
        """An utterance has its final: a span of its own below this one."""

    def end(self, totals: Mapping[str, Any]) -> None:
        """The session ended."""


class Spans:
    """Where the spans of sessions go; here, nowhere."""

    def session(self, kind: str) -> SessionSpan:
        """Begin the span of a session, in its task."""
        return SessionSpan()

    def close(self, within_s: float) -> None:
        """Send what has not been sent, as far as there is time; blocks."""
