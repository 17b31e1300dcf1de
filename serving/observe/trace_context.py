"""The trace that a client began, by its header `traceparent` (W3C Trace Context): log lines carry its id.

traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01     version, trace, span of the caller, flags
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.logs import TRACE

HEADER = "traceparent"
# The header that came with the request or the upgrade which the running task serves.
PARENT: ContextVar[str | None] = ContextVar(HEADER, default=None)

_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class TraceContext:
    """Lets what serves a request or a socket know the trace of its client; a header that is none is ignored."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        header = _only(value for name, value in scope.get("headers", ()) if name == HEADER.encode())
        if header and (trace_id := trace_id_of(header)):
            PARENT.set(header)
            TRACE.set(trace_id)
        await self._app(scope, receive, send)


def trace_id_of(header: str) -> str | None:
    """Return the trace of a `traceparent`, 32 hexadecimal digits; None where it is none."""
    form = _FORM.fullmatch(header)
    if not form or (form[1] == "00" and form[3]):  # only later versions may go on
        return None
    return form[2]


def _only(values: Iterable[bytes]) -> str | None:
    found = list(values)
    return found[0].decode("latin-1").strip() if len(found) == 1 else None
