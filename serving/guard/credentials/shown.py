"""Where a client shows its key or token: in a header, or where a browser can put it when it opens a WebSocket.

Authorization: Bearer KEY
X-API-Key: KEY
new WebSocket(url, ["undertone", "undertone.key.KEY"])
ws://.../ws/analyze?token=KEY
"""

from urllib.parse import unquote_plus

from starlette.datastructures import Headers
from starlette.types import Scope

SUBPROTOCOL = "undertone"  # what is agreed upon: the one with the key in it never goes back
_WITH_KEY = f"{SUBPROTOCOL}.key."
_IN_QUERY = "token"


def credential_of(scope: Scope) -> str | None:
    """Return what the request or socket of the ASGI `scope` shows, None where it shows nothing.

    What stands in the query is taken out of it: nothing behind sees or logs it.
    """
    in_query = _taken_from_query(scope)
    headers = Headers(scope=scope)
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    shown = [
        bearer.strip() if scheme.lower() == "bearer" else None,
        headers.get("x-api-key"),
        *(name.removeprefix(_WITH_KEY) for name in scope.get("subprotocols", ()) if name.startswith(_WITH_KEY)),
        in_query,
    ]
    return next((text for text in shown if text), None)


def agreed(scope: Scope) -> str | None:
    """Return the subprotocol that a socket is accepted with, None where the client offers none of ours."""
    return SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None


def _taken_from_query(scope: Scope) -> str | None:
    parts = [_split(part) for part in scope.get("query_string", b"").decode("latin-1").split("&")]
    left = "&".join(part for name, _, part in parts if name != _IN_QUERY)
    scope["query_string"] = left.encode("latin-1")
    return next((value for name, value, _ in parts if name == _IN_QUERY), None)


def _split(part: str) -> tuple[str, str, str]:
    name, _, value = part.partition("=")
    return unquote_plus(name), unquote_plus(value), part
