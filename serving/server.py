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

from serving.admission import Desk
from serving.files.routes import add_routes
from serving.live.connection import converse
from serving.logs import QUIET, LogSettings, configuration
from serving.settings import Recognition, ServerLimits
from serving.workers.queue import WorkerQueue
from serving.workers.words import MOST_AT_ONCE, PARTIALS_PATH, WORDS_PATH, PartialsAPI, RecogniserAPI, WordsAPI
from undertone.labels import LABELS
from undertone.protocol import PROTOCOL_VERSION
from undertone.release import check_release, describe_release

log = logging.getLogger("undertone.server")

# Frames over our own limit get an error message before the close; what is far over it never gets into memory.
_SOCKET_MAX_BYTES = 4 << 20
_LOOK_AT_WORKERS_S = 0.5  # how soon LitServe finds a dead worker and starts another


class WorkersFailedError(RuntimeError):
    """The workers could not load their models; the message is for a user."""


class UndertoneServer(LitServer):
    """A LitServer with `/ws/analyze`, sessions in the API process and a drain at the end."""

    def __init__(
        self, release: Path, limits: ServerLimits, recognition: Recognition | None = None, log: LogSettings = QUIET
    ) -> None:
        manifest = check_release(release)
        self._recognition, self._log = recognition or Recognition(), log
        workers = _workers(self._recognition)
        metadata: dict[str, Any] = {
            "release": describe_release(manifest),
            "labels": list(LABELS),
            "protocol": PROTOCOL_VERSION,
            "metrics": manifest.metrics,
            "asr": {},
            "limits": asdict(limits),
        }
        super().__init__(
            self._apis(release),
            accelerator="cpu",
            workers_per_device=workers,
            timeout=False,  # every request brings its own, see serving/workers/queue.py
            model_metadata=metadata,
            restart_workers=True,
        )
        self.monitor_internal = _LOOK_AT_WORKERS_S
        self.desk = Desk(release, limits, self._recognition)
        metadata["asr"] = self.desk.asr  # filled in when a worker has told
        self._keep_workers_private()
        self.app.add_api_websocket_route("/ws/analyze", self._analyze)
        add_routes(self.app, self.desk)
        self.app.add_api_route("/asyncapi.yaml", _asyncapi, methods=["GET"], include_in_schema=False)

    def _apis(self, release: Path) -> list[RecogniserAPI]:
        asr, log = self._recognition.asr, self._log
        self.words_api = WordsAPI(release, asr, log)
        apis = {WORDS_PATH: self.words_api, PARTIALS_PATH: PartialsAPI(asr, log)}
        return [apis[api_path] for api_path in _workers(self._recognition)]

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
            queues = self._queues()
            await self.desk.open(queues[WORDS_PATH], queues.get(PARTIALS_PATH))
        except Exception:
            log.exception("the models could not be loaded; going down")
            os.kill(os.getppid(), signal.SIGTERM)
            return
        self.words_api.ready = True

    def serve(self, host: str, port: int) -> None:
        """Serve until SIGTERM or Ctrl-C; sessions under way are answered first.

        Raises:
            WorkersFailedError: no worker could be set up; nothing is left running.
        """
        main_process = os.getpid()

        def stop(number: int, frame: FrameType | None) -> None:
            if os.getpid() == main_process:  # the forked API process inherits this handler and has its own way to end
                raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, stop)  # LitServe shuts down in order on KeyboardInterrupt only
        try:
            self.run(
                host=host,
                port=port,
                num_api_servers=1,
                log_level=self._log.level,
                log_config=configuration(self._log),
                generate_client_file=False,
                access_log=self._log.level == "debug",
                ws_max_size=_SOCKET_MAX_BYTES,
                ws_per_message_deflate=False,
            )
        except RuntimeError as failed:
            for worker in self.inference_workers:
                worker.kill()
            raise WorkersFailedError(f"the models could not be loaded; the log above says why ({failed})") from None

    async def _analyze(self, websocket: WebSocket) -> None:
        await converse(websocket, self.desk)

    def _queues(self) -> dict[str, WorkerQueue]:
        waiting, workers = self.desk.limits.max_waiting, _workers(self._recognition)
        return {path: WorkerQueue(self, path, count, waiting, MOST_AT_ONCE) for path, count in workers.items()}

    def _keep_workers_private(self) -> None:
        # LitServe gives every LitAPI a public POST route; utterances come from sessions only.
        routes = self.app.router.routes
        routes[:] = [route for route in routes if getattr(route, "path", None) not in (WORDS_PATH, PARTIALS_PATH)]

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


def _workers(recognition: Recognition) -> dict[str, int]:
    """Return how many processes each LitAPI gets."""
    workers = {WORDS_PATH: recognition.workers if recognition.asr else 1}  # one to say that there are no words
    if recognition.asr and recognition.partial_workers:
        workers[PARTIALS_PATH] = recognition.partial_workers
    return workers
