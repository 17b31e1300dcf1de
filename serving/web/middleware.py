"""What happens to every request before its route: HEAD becomes GET without the body, other origins are judged."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.errors import error_response


class HeadAsGet:
    """Lets a route for GET answer HEAD, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, send_without_body)
        else:
            await self._app(scope, receive, send)


class OtherOrigins(CORSMiddleware):
    """Answers the preflight of a browser: pages of `origins` may call us, or those of all with "*"; others may not."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(app, origins, allow_methods=("GET", "HEAD", "POST"), allow_headers=("*",))
        self.simple_headers["Access-Control-Expose-Headers"] = "Retry-After"

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the answer to a preflight, a refusal as JSON."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        told = bytes(answer.body).decode()
        vary = {"Vary": answer.headers["Vary"]} if "Vary" in answer.headers else None
        return error_response(403, "origin_not_allowed", f"{told}; the operator sets --allow-origins", vary)
