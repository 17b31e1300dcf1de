"""The LitServe server: one API process with the sessions, inference workers for whole utterances.

LitServe 0.2.19 forks the API process after the server is built, so everything with threads or ONNX sessions is made in
the lifespan, after the fork. It has no WebSocket support: the route goes on its FastAPI app.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.websockets import WebSocket

from serving.admission import Admission
from serving.files.openai.routes import add_openai_routes
from serving.files.routes import add_routes
from serving.guard.access import AccessControl
from serving.guard.guard import Guard
from serving.guard.policy import Access
from serving.litserve_internals import ServerLostError, SupervisedServer, WorkerError, hide_routes, shut_down_uvicorn
from serving.live.connection import serve_connection
from serving.live.resumption import Resumption
from serving.live.websocket_protocol import BoundedWebSocket
from serving.logs import QUIET, LogSettings, configuration
from serving.observe.observer import Observer
from serving.observe.recording.policy import RecordPolicy
from serving.observe.routes import add_observation
from serving.observe.trace_context import TraceContext
from serving.processes import end_with_parent, share_memory_among_threads
from serving.remote.fetch import Remote
from serving.service import Service
from serving.settings import Recognition, ServerLimits
from serving.threads import add_up_alone
from serving.web.errors import answer_in_json
from serving.web.http_protocol import AnsweringHttp
from serving.web.middleware import HeadAsGet, OtherOrigins
from serving.web.pages import REPLACED, add_pages
from serving.workers.memory import MemoryLimit
from serving.workers.queue import WorkerQueue
from serving.workers.words import MOST_AT_ONCE, PARTIALS_PATH, WORDS_PATH, PartialsAPI, RecogniserAPI, WordsAPI
from undertone.labels import LABELS
from undertone.manifest import Manifest
from undertone.protocol import PROTOCOL_VERSION
from undertone.release import check_release, describe_release

log = logging.getLogger("undertone.server")

OPEN = Access()
_PING_S = 20.0  # keeps the ways between us open; whoever is gone is found by `idle_session_s`
_AFTER_DRAIN_S = 3.0  # for what still reads its last messages
_SHUTDOWN_S = 5.0  # for all that follows
_WORDS_OF_DRAIN = 0.8  # of the time of a drain: what has no words then is answered without
_HUNG = 3  # times as long as anybody waits for words: a worker that still has them will never answer


class ServerFailedError(RuntimeError):
    """The server cannot start or go on; the message is for a user."""


class UndertoneServer(SupervisedServer):
    """A LitServer with `/ws/analyze`, sessions in the API process and a drain at the end.

    `access` says who may use it; spans go to `otlp_endpoint`, sessions that consent where `record` says.
    """

    def __init__(
        self,
        release: Path,
        limits: ServerLimits,
        recognition: Recognition | None = None,
        log: LogSettings = QUIET,
        access: Access = OPEN,
        otlp_endpoint: str | None = None,
        record: RecordPolicy | None = None,
    ) -> None:
        manifest = check_release(release)
        self._recognition, self._log = recognition or Recognition(), log
        workers = _workers(self._recognition)
        metadata = _metadata(manifest, limits)
        super().__init__(
            self._apis(release),
            accelerator="cpu",
            workers_per_device=workers,
            timeout=False,  # every request brings its own, see serving/workers/queue.py
            model_metadata=metadata,
            stop_within_s=limits.drain_s + _AFTER_DRAIN_S + _SHUTDOWN_S,
            at_start=workers if self._recognition.start_all else {WORDS_PATH: 1, PARTIALS_PATH: 0},
        )
        self.guard = Guard(access)
        self.admission = Admission(limits, self.guard.quotas)
        self.resumption = Resumption(limits)
        self.service = Service(release, limits, self._recognition, record)
        metadata["asr"], metadata["ear"] = self.service.asr, self.service.ear  # filled in when a worker has told
        self.observer = Observer(self.admission, self.service.metrics, self.service.sessions, otlp_endpoint)
        self.observer.watched.pressure = lambda: self.service.pressure.value
        self._add_routes(Remote(access.urls))
        answer_in_json(self.app)
        self.app.add_middleware(HeadAsGet)
        self.app.add_middleware(AccessControl, guard=self.guard, access=access, refused=self.service.metrics.refused)
        self.app.add_middleware(OtherOrigins, origins=access.origins)
        self.app.add_middleware(TraceContext)

    def _add_routes(self, remote: Remote) -> None:
        hide_routes(self, (WORDS_PATH, PARTIALS_PATH, *REPLACED))  # utterances come from sessions only
        self.app.add_api_websocket_route("/ws/analyze", self._analyze)
        add_routes(self.app, self.admission, self.service, remote)
        add_openai_routes(self.app, self.admission, self.service, remote)
        add_observation(self.app, self.observer)
        self.app.add_api_route("/asyncapi.yaml", _asyncapi, methods=["GET"], include_in_schema=False)
        add_pages(self.app)

    def _apis(self, release: Path) -> list[RecogniserAPI]:
        recogniser = (release, self._recognition.asr, self._log, MemoryLimit(self._recognition.worker_max_mb))
        apis = {WORDS_PATH: WordsAPI(*recogniser), PARTIALS_PATH: PartialsAPI(*recogniser)}
        return [apis[api_path] for api_path in _workers(self._recognition)]

    @contextlib.asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Load the models while the server already answers /health, and drain on SIGTERM."""
        share_memory_among_threads()
        add_up_alone()
        end_with_parent()
        async with super().lifespan(app), self.observer.watching(), self.service.recorder.running():
            self._drain_on_signal()
            opening = asyncio.create_task(self._open())
            async with self.guard.watching(self.admission.slots):
                yield
            opening.cancel()

    async def _open(self) -> None:
        try:
            queues = self._queues()
            self.observer.watch({_named(path): queue for path, queue in queues.items()})
            await self.service.open(queues[WORDS_PATH], queues.get(PARTIALS_PATH))
        except WorkerError:  # the main process says so, and ends this one
            return
        except Exception:
            log.exception("the models could not be loaded; going down")
            os.kill(os.getpid(), signal.SIGTERM)
            return
        self.observer.tell_release(self.service.about)
        _keep_what_is_loaded()
        self.admission.open()

    def serve(self, host: str, port: int, **uvicorn_options: Any) -> None:
        """Serve until SIGTERM or Ctrl-C; sessions under way are answered first, a second signal ends them.

        `uvicorn_options` say how TLS and proxies are dealt with.

        Raises:
            serving.port.PortError: somebody else listens there.
            ServerFailedError: no worker could be set up, or a process that nothing goes on without has died.
        """
        limits = self.service.limits
        try:
            self.run_until_stopped(
                host,
                port,
                self._log.level,
                log_config=configuration(self._log),
                access_log=self._log.level == "debug",
                http=partial(AnsweringHttp, head_s=limits.max_head_s, send_s=limits.send_timeout_s),
                ws=partial(BoundedWebSocket, most_bytes=limits.max_frame_bytes),
                ws_per_message_deflate=False,
                ws_ping_interval=_PING_S,
                ws_ping_timeout=None,
                **uvicorn_options,
            )
        except WorkerError as failed:
            raise ServerFailedError(f"the models could not be loaded; the log above says why ({failed})") from None
        except ServerLostError as lost:
            raise ServerFailedError(str(lost)) from None

    async def _analyze(self, websocket: WebSocket) -> None:
        await serve_connection(websocket, self.admission, self.service, self.resumption)

    def _queues(self) -> dict[str, WorkerQueue]:
        limits, workers = self.service.limits, _workers(self._recognition)
        queue = partial(WorkerQueue, limits=limits.queue, most=MOST_AT_ONCE, hung_s=_HUNG * limits.words_timeout_s)
        return {path: queue(self, path, count) for path, count in workers.items()}

    def _drain_on_signal(self) -> None:
        loop = asyncio.get_running_loop()
        shut_down = shut_down_uvicorn(signal.SIGTERM, _AFTER_DRAIN_S)
        loop.add_signal_handler(signal.SIGTERM, self._begin_drain, shut_down)

    def _begin_drain(self, shut_down: Callable[[], object]) -> None:
        if not self.admission.draining:
            self._draining = asyncio.create_task(self._drain(shut_down))

    async def _drain(self, shut_down: Callable[[], object]) -> None:
        drain_s = self.service.limits.drain_s
        giving_up = asyncio.get_running_loop().call_later(_WORDS_OF_DRAIN * drain_s, self.service.give_up_words)
        await self.admission.drain(drain_s)
        giving_up.cancel()
        shut_down()


async def _asyncapi() -> PlainTextResponse:
    text = Path(__file__).with_name("asyncapi.yaml").read_text(encoding="utf-8")
    return PlainTextResponse(text, media_type="application/yaml")


def _metadata(manifest: Manifest, limits: ServerLimits) -> dict[str, Any]:
    """Return what /info tells."""
    return {
        "release": describe_release(manifest),
        "labels": list(LABELS),
        "protocol": PROTOCOL_VERSION,
        "metrics": manifest.metrics,
        "asr": {},
        "ear": {},
        "limits": asdict(limits),
    }


def _keep_what_is_loaded() -> None:
    """Let no collection of garbage walk over what is loaded: they would be long, and so rare that sessions pile up."""
    gc.freeze()
    gc.collect()  # how soon the next full one comes depends on what this one found


def _named(api_path: str) -> str:
    return api_path.rpartition("/")[2]


def _workers(recognition: Recognition) -> dict[str, int]:
    """Return how many processes each LitAPI gets."""
    workers = {WORDS_PATH: recognition.workers if recognition.asr else 1}  # one to say that there are no words
    if recognition.asr and recognition.partial_workers:
        workers[PARTIALS_PATH] = recognition.partial_workers
    return workers
