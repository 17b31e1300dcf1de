"""The LitServe server: one API process with the sessions, inference workers for whole utterances.

LitServe 0.2.19 forks the API process after the server is built, so everything with threads or ONNX sessions is made in
the lifespan, after the fork. It has no WebSocket support: the route goes on its FastAPI app.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from litserve.server import LitServer
from starlette.websockets import WebSocket

from contract.labels import LABELS
from serving.conversation import converse
from serving.desk import Desk
from serving.dispatch import WorkerQueue
from serving.engine import check_release, describe_release
from serving.http_routes import add_routes
from serving.settings import ServerLimits
from serving.talk import PROTOCOL_VERSION
from serving.words import NO_ASR, WORDS_PATH, WordsAPI

log = logging.getLogger("undertone.server")

# Frames over our own limit get an error message before the close; what is far over it never gets into memory.
_SOCKET_MAX_BYTES = 4 << 20


class UndertoneServer(LitServer):
    """A LitServer with `/ws/analyze`, sessions in the API process and a drain at the end."""

    def __init__(self, release: Path, limits: ServerLimits) -> None:
        manifest = check_release(release)
        self.words_api = WordsAPI()
        metadata = {
            "release": describe_release(manifest),
            "labels": list(LABELS),
            "protocol": PROTOCOL_VERSION,
            "metrics": manifest.metrics,
            "asr": NO_ASR,
            "limits": asdict(limits),
        }
        super().__init__(
            self.words_api,
            accelerator="cpu",
            timeout=limits.words_timeout_s,
            model_metadata=metadata,
            restart_workers=True,
        )
        self.desk = Desk(release, limits, NO_ASR)
        self._keep_words_private()
        self.app.add_api_websocket_route("/ws/analyze", self._analyze)
        add_routes(self.app, self.desk)
        self.app.add_api_route("/asyncapi.yaml", _asyncapi, methods=["GET"], include_in_schema=False)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Open the desk while the server already answers /health, and drain it on SIGTERM."""
        async with super().lifespan(app):
            self._drain_on_signal()
            opening = asyncio.create_task(self._open())
            yield
            opening.cancel()

    async def _open(self) -> None:
        try:
            await self.desk.open(WorkerQueue(self, WORDS_PATH))
        except Exception:
            log.exception("the release could not be loaded; going down")
            os.kill(os.getppid(), signal.SIGTERM)
            return
        self.words_api.ready = True

    async def _analyze(self, websocket: WebSocket) -> None:
        await converse(websocket, self.desk)

    def _keep_words_private(self) -> None:
        # LitServe gives every LitAPI a public POST route; utterances come from sessions only.
        routes = self.app.router.routes
        routes[:] = [route for route in routes if getattr(route, "path", None) != WORDS_PATH]

    def _drain_on_signal(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            shut_down: Any = signal.getsignal(number)  # uvicorn's own, which would close every socket at once
            loop.add_signal_handler(number, self._begin_drain, partial(shut_down, number, None))

    def _begin_drain(self, shut_down: Callable[[], object]) -> None:
        if not self.desk.draining:
            self.words_api.ready = False
            self._draining = asyncio.create_task(self._drain(shut_down))

    async def _drain(self, shut_down: Callable[[], object]) -> None:
        await self.desk.drain()
        shut_down()


async def _asyncapi() -> PlainTextResponse:
    text = Path(__file__).with_name("asyncapi.yaml").read_text(encoding="utf-8")
    return PlainTextResponse(text, media_type="application/yaml")


def serve(release: Path, host: str, port: int, limits: ServerLimits, log_level: str) -> None:
    """Serve `release` until SIGTERM or Ctrl-C; sessions under way are answered first.

    Raises:
        contract.manifest.ReleaseError: the release is not whole; nothing was started.
    """

    main_process = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() == main_process:  # the forked API process inherits this handler and has its own way to end
            raise KeyboardInterrupt

    server = UndertoneServer(release, limits)
    signal.signal(signal.SIGTERM, stop)  # LitServe shuts down in order on KeyboardInterrupt only
    server.run(
        host=host,
        port=port,
        num_api_servers=1,
        log_level=log_level,
        generate_client_file=False,
        access_log=log_level == "debug",
        ws_max_size=_SOCKET_MAX_BYTES,
        ws_per_message_deflate=False,
    )
