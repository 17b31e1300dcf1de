"""What happens to every request and socket before anything else of the server: address, page, credential.

Paths are for those who have a credential, but for those of `PUBLIC` and those whose readers the operator chose.
"""

import ipaddress
import logging
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from serving.guard.credentials.shown import agreed, credential_of
from serving.guard.grant import ANONYMOUS, Grant, let_in
from serving.guard.guard import Guard
from serving.guard.policy import Access
from serving.guard.refusal import ForbiddenError, RefusedError
from serving.guard.socket_refusal import tell_refusal
from serving.web.errors import error_response

log = logging.getLogger("undertone.guard")

PUBLIC = ("/", "/health", "/ready", "/docs", "/openapi.json", "/asyncapi.yaml")
_PUBLIC_FOLDERS = ("/docs/", "/page/", "/client/")
_QUOTED = 80  # characters of what a client sent
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")

Refused = Callable[[str, str], object]


class AccessControl:
    """Lets requests and sockets pass with their grant noted, or answers them.

    `refused` is called with what was refused, `live`, `upload` or `request`, and the code of the reason.
    """

    def __init__(self, app: ASGIApp, guard: Guard, access: Access, refused: Refused) -> None:
        self._app, self._guard, self._access, self._refused = app, guard, access, refused
        self._networks = [ipaddress.ip_network(text) for text in access.addresses]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request or a socket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = _agreeing(scope, send)
        try:
            let_in(scope, await self._grant(scope))
        except ForbiddenError as forbidden:
            self._note(scope, forbidden)
            answer = error_response(403, forbidden.code, str(forbidden))
            await answer(scope, receive, send)
        except RefusedError as refused:
            self._note(scope, refused)
            self._guard.meter.add(ANONYMOUS.name, refusals=1)
            await _refuse(refused, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _note(self, scope: Scope, why: ForbiddenError | RefusedError) -> None:
        log.info("refused %r from %s: %s", scope["path"][:_QUOTED], _host(scope), why)
        self._refused(_kind(scope), why.code)

    async def _grant(self, scope: Scope) -> Grant:
        credential, path = credential_of(scope), scope["path"]
        self._check_address(_host(scope))
        if scope["type"] == "websocket" or scope["method"] in _CHANGING:
            check_page(Headers(scope=scope), self._access.origins)
        readers = self._access.readers.get(path, "key")
        if readers == "off" or (readers == "local" and not _is_local(_host(scope))):
            raise ForbiddenError("not_readable", f"{path} is not to be read from here")
        is_public = scope["type"] == "http" and (path in PUBLIC or path.startswith(_PUBLIC_FOLDERS))
        return ANONYMOUS if is_public or readers != "key" else await self._guard.grant(credential)

    def _check_address(self, host: str) -> None:
        address = _address(host)
        if self._networks and not (address and any(address in network for network in self._networks)):
            raise ForbiddenError("address_not_allowed", "requests from this address are not taken")


def check_page(headers: Headers, origins: Sequence[str]) -> None:
    """Raise `ForbiddenError` where a browser says that a page of elsewhere asks, which is none of `origins`."""
    origin = headers.get("origin")
    if origin is None or origin in origins or "*" in origins:
        return
    if not (host := headers.get("host", "").lower()) or origin.lower().partition("://")[2] != host:
        raise ForbiddenError("origin_not_allowed", "pages of this origin may not; the operator sets --allow-origins")


def _kind(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "live"
    return "upload" if scope["method"] == "POST" else "request"


def _agreeing(scope: Scope, send: Send) -> Send:
    """Return `send`, but that it accepts a socket with the subprotocol that its client offers."""

    async def send_agreed(message: Message) -> None:
        if message["type"] == "websocket.accept":
            message = {**message, "subprotocol": agreed(scope)}
        await send(message)

    return send_agreed


async def _refuse(refused: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        await tell_refusal(websocket, refused)
        return
    headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
    answer = error_response(refused.status, refused.code, str(refused), headers, refused.retry_after_s)
    await answer(scope, receive, send)


def _host(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_local(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback
