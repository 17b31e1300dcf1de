"""The first page, and `/docs` with files of our own: nothing is fetched from elsewhere.

Every link is relative, so that the pages work behind a proxy that puts them under a path.
"""

import importlib.metadata
from functools import cache
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response

from serving.web.errors import error_response

REPLACED = ("/", "/health", "/docs", "/redoc", "/docs/oauth2-redirect")  # what LitServe and FastAPI have there
ABOUT = "Hears speech and says how the speaker feels, live, on a CPU, from the words and from the voice."
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_LINKS = {
    "docs": "the HTTP routes: recordings in, verdicts or words out",
    "asyncapi.yaml": "the protocol of the WebSocket /ws/analyze: live speech in, moods and verdicts out",
    "openapi.json": "the HTTP routes for programs",
    "info": "which release is served, its metrics, the recogniser and the limits",
    "health": "whether the models are loaded",
    "ready": "whether another session would be taken, and if not, why",
    "metrics": "what goes on, for Prometheus",
}


def add_pages(app: FastAPI) -> None:
    """Serve the pages on `app`, and let its document carry our name and version."""
    app.title, app.version = "undertone", importlib.metadata.version("undertone")
    keys = "Where a key is asked for, it is shown as Authorization: Bearer KEY, X-API-Key: KEY or ?token=KEY."
    app.description = f"{ABOUT} Live speech goes over a WebSocket, which /asyncapi.yaml describes. {keys}"
    for path, page in (("/", _index), ("/docs", _docs), ("/docs/{name}", _asset), ("/ws/analyze", _needs_upgrade)):
        app.add_api_route(path, page, methods=["GET"], response_class=Response, include_in_schema=False)


async def _index() -> Response:
    rows = "".join(f'<li><a href="{link}">{link}</a>: {about}</li>' for link, about in _LINKS.items())
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>undertone</title>'
    style = "<style>body { font: 1rem/1.5 sans-serif; margin: 2rem auto; max-width: 45rem; padding: 0 1rem }</style>"
    version = importlib.metadata.version("undertone")
    return HTMLResponse(f"{head}{style}<h1>undertone {version}</h1><p>{ABOUT}</p><ul>{rows}</ul></html>\n")


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
