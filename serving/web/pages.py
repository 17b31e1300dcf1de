"""The page, and `/docs` with files of our own: nothing is fetched from elsewhere.

Every link is relative, so that the pages work behind a proxy that puts them under a path.
"""

import importlib.metadata
from functools import cache
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from serving.web.errors import error_response
from serving.web.page import add_page

REPLACED = ("/", "/health", "/docs", "/redoc", "/docs/oauth2-redirect")  # what LitServe and FastAPI have there
ABOUT = "Hears speech and says how the speaker feels, live, on a CPU, from the words and from the voice."
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def add_pages(app: FastAPI) -> None:
    """Serve the pages on `app`, and let its document carry our name and version."""
    app.title, app.version = "undertone", importlib.metadata.version("undertone")
    keys = "Where a key is asked for, it is shown as Authorization: Bearer KEY, X-API-Key: KEY or ?token=KEY."
    app.description = f"{ABOUT} Live speech goes over a WebSocket, which /asyncapi.yaml describes. {keys}"
    add_page(app)
    for path, page in (("/docs", _docs), ("/docs/{name}", _asset), ("/ws/analyze", _needs_upgrade)):
        app.add_api_route(path, page, methods=["GET"], response_class=Response, include_in_schema=False)


async def _docs() -> Response:
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="undertone",
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="data:,",
        oauth2_redirect_url=None,
    )


async def _asset(name: str) -> Response:
    if name not in _ASSETS:
        return error_response(404, "not_found", "there is no such file; see /docs")
    return Response(_content(name), media_type=_ASSETS[name], headers={"Cache-Control": "max-age=86400"})


async def _needs_upgrade() -> Response:
    message = "this is a WebSocket: connect to ws://.../ws/analyze; see /asyncapi.yaml"
    return error_response(426, "upgrade_required", message, {"Upgrade": "websocket"})


@cache
def _content(name: str) -> bytes:
    return (files("fastapi_offline") / "static" / name).read_bytes()
