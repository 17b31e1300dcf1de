"""The page at `/` and the JavaScript client that it uses: files of this folder, fetched from here and nowhere else.

Every link in them is relative, so that they work behind a proxy that puts them under a path.
"""

import os
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDERS = ("/page", "/client")  # on the server, and here
_HERE = Path(__file__).parent
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".ts": "text/plain"}
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
_HEADERS = {
    "Cache-Control": "no-cache",  # kept by the browser, and asked for again: by its ETag
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), display-capture=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageFiles(StaticFiles):
    """The files of one folder, with what browsers must know of them; 304 for those that they already have."""

    def file_response(
        self, full_path: os.PathLike[str] | str, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the answer with a file."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_HEADERS)
        if response.status_code == 200:
            kind = _KINDS.get(Path(full_path).suffix)
            response.headers["Content-Type"] = f"{kind}; charset=utf-8" if kind else response.headers["Content-Type"]
        return response


def add_page(app: FastAPI) -> None:
    """Serve the page on `app`, and the client for other pages and programs."""
    folders = {path: PageFiles(directory=_HERE / path.strip("/")) for path in FOLDERS}

    async def index(request: Request) -> Response:
        return await folders["/page"].get_response("index.html", request.scope)

    app.add_api_route("/", index, methods=["GET"], response_class=Response, include_in_schema=False)
    for path, folder in folders.items():
        app.mount(path, folder)
