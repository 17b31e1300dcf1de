"""Every name of LitServe that it does not promise, in one place; the rest of serving uses what stands here.

LitServe 0.2.19 has no public call for a request to a worker outside a route, restarts workers but not its API process,
binds its port long before it listens, starts every worker anew from nothing and its API process only after one of them
is ready, and lets Ctrl-C hit all of its processes at once.

UnsupportedLitServeError   another version is installed than the one that these names were read from
WorkerError                a worker answered with an error, or could not be set up
"""

import asyncio
import contextlib
import importlib.metadata
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.managers import SyncManager
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray, RawValue
from queue import Queue
from types import FrameType
from typing import Any, NamedTuple

import litserve.server
import uvicorn
from litserve.loops import SingleLoop
from litserve.server import LitServer
from litserve.transport.base import MessageTransport
from litserve.utils import LitAPIStatus, LoopResponseType, WorkerSetupStatus

from serving.port import listening_socket
from serving.processes import end_with_parent, interrupts_blocked
from serving.workers.fork_server import FORK_SERVER
from serving.workers.on_demand import Unstarted, WorkersOnDemand

log = logging.getLogger("undertone.server")

LITSERVE = "0.2.19"
_LOOK_AT_WORKERS_S = 0.5  # how soon LitServe finds a dead worker and starts another
_MONITOR_THREAD = "litserve-monitoring"
_get_context = multiprocessing.get_context  # LitServe's name for it is replaced below


class UnsupportedLitServeError(RuntimeError):
    """LitServe is of another version."""


class WorkerError(RuntimeError):
    """The worker answered with an error."""


class ServerLostError(RuntimeError):
    """The API process died; the server went down with it."""


def check_version() -> None:
    """Raise `UnsupportedLitServeError` where LitServe is not the version whose names are used here."""
    if (installed := importlib.metadata.version("litserve")) != LITSERVE:
        raise UnsupportedLitServeError(f"litserve {installed} is installed; serving is written for {LITSERVE}")


class SupervisedServer(LitServer):
    """A LitServer whose processes end together, and whose port is taken before anything is loaded.

    `stop_within_s` is how long the API process may take for its end; `at_start` how many workers of an API path start
    with it, the others when they are asked for.
    """

    def __init__(self, *arguments: Any, stop_within_s: float, at_start: Mapping[str, int], **options: Any) -> None:
        check_version()
        super().__init__(*arguments, restart_workers=True, **options)
        self._on_demand = WorkersOnDemand(at_start)
        self.monitor_internal = _LOOK_AT_WORKERS_S
        self.uvicorn_graceful_timeout = stop_within_s
        self._stopping, self._starting, self._serving, self._stops, self._lost = False, False, False, 0, ""
        # In memory that the API process shares: the main process starts workers anew.
        paths = [api.api_path for api in self.litapi_connector]
        self._restarts = {path: RawValue("L", 0) for path in paths}
        self._pids = {path: RawArray("l", len(self._inference_workers_config_for_api(path))) for path in paths}

    def run_until_stopped(self, host: str, port: int, log_level: str, **uvicorn_options: Any) -> None:
        """Serve until SIGTERM or Ctrl-C, then end in order; a second one ends it at once.

        Raises:
            serving.port.PortError: somebody else listens there.
            ServerLostError: the API process died.
            WorkerError: no worker could be set up; nothing is left running.
        """
        self._main_process = os.getpid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        options = {"num_api_servers": 1, "generate_client_file": False, "log_level": log_level, **uvicorn_options}
        try:
            with _config_that_listens():
                self.run(host=host, port=port, **options)
        except RuntimeError as failed:
            if not self._lost:  # else LitServe failed in ending what had ended already
                raise WorkerError(str(failed)) from None
        except (EOFError, ConnectionError):  # what LitServe waits for is held by its manager
            self._lost = "the process that holds the queues of the workers ended"
        except KeyboardInterrupt:
            log.info("stopped before it was ready")
        finally:
            self._kill_children()
        if self._lost:
            raise ServerLostError(self._lost)

    def launch_inference_worker(self, lit_api: litserve.LitAPI) -> list[BaseProcess | Unstarted]:
        """Start the first workers of `lit_api`; the others have their place and wait to be asked for."""
        count = len(self._inference_workers_config_for_api(lit_api.api_path))
        first = self._on_demand.asked[lit_api.api_path]
        return [self._start_worker(lit_api, number) if number < first else Unstarted() for number in range(count)]

    def launch_single_inference_worker(self, lit_api: litserve.LitAPI, worker_id: int) -> BaseProcess:
        """Start a worker in the place of one that died."""
        self._restarts[lit_api.api_path].value += 1
        return self._start_worker(lit_api, worker_id)

    def _start_worker(self, lit_api: litserve.LitAPI, worker_id: int) -> BaseProcess:
        with self._whole_start(), _replaced(litserve.server.mp, "get_context", _context):
            worker: BaseProcess = super().launch_single_inference_worker(lit_api, worker_id)
        self._pids[lit_api.api_path][worker_id] = worker.pid or 0
        return worker

    def ask_for_workers(self, api_path: str, count: int) -> None:
        """See that `count` workers of `api_path` run, or all that there may be; call it in the API process."""
        self._on_demand.ask(api_path, min(count, len(self._inference_workers_config_for_api(api_path))))

    def waits_to_be_asked(self, api_path: str) -> bool:
        """Tell whether no worker of `api_path` was asked for yet."""
        return not self._on_demand.asked[api_path]

    def _start_asked(self, api_path: str, worker_id: int) -> None:
        if self._stopping:
            return
        paths = [api.api_path for api in self.litapi_connector]
        lit_api = self.litapi_connector.lit_apis[paths.index(api_path)]
        before = sum(len(self._inference_workers_config_for_api(path)) for path in paths[: paths.index(api_path)])
        try:
            self.inference_workers[before + worker_id] = self._start_worker(lit_api, worker_id)
        except OSError:  # no memory for another process: those that run go on
            log.exception("worker %d of %s could not be started", worker_id, api_path)
            return
        # Those that serve already are ready all the while: this one counts from when it is.
        self.workers_setup_status.pop(f"{_endpoint(api_path)}_{worker_id}", None)

    def restarts(self, api_path: str) -> int:
        """Return how many workers of `api_path` were started in the place of others."""
        return int(self._restarts[api_path].value)

    def kill_worker(self, api_path: str, worker_id: int) -> int:
        """End a worker that does not answer, from any process; another is started in its place.

        Return its process number, 0 where it was not started yet.
        """
        pid = int(self._pids[api_path][worker_id])
        with contextlib.suppress(ProcessLookupError):
            if pid:  # 0 would be all of us
                os.kill(pid, signal.SIGKILL)
        return pid

    def _init_manager(self, num_api_servers: int) -> SyncManager:
        with self._whole_start(), _replaced(litserve.server.mp, "Manager", _manager):
            return super()._init_manager(num_api_servers)

    def verify_worker_status(self) -> None:
        """Await no worker yet: the API process loads its models at the same time."""

    def _start_server(self, *arguments: Any, **options: Any) -> dict[int, BaseProcess]:
        with self._whole_start():
            servers: dict[int, BaseProcess] = super()._start_server(*arguments, **options)
        return servers

    def _start_worker_monitoring(self, manager: SyncManager, servers: dict[int, BaseProcess]) -> None:
        super().verify_worker_status()
        threading.Thread(target=self._watch, args=(servers[0],), name="api-process", daemon=True).start()
        threading.Thread(target=self._on_demand.start, args=(self._start_asked,), name="workers", daemon=True).start()
        super()._start_worker_monitoring(manager, servers)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """Take up the answers of the workers; from here on the API process has its own way to end."""
        self._serving = True
        async with super().lifespan(app):
            yield

    @contextlib.contextmanager
    def _whole_start(self) -> Iterator[None]:
        """Start processes inside: whole, or they would outlive a stop, and such that they leave Ctrl-C to this one."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        self._starting = in_main_thread
        try:
            with interrupts_blocked():
                yield
        finally:
            self._starting = False
        if in_main_thread and self._stops:
            raise KeyboardInterrupt

    def _watch(self, api_process: BaseProcess) -> None:
        wait([api_process.sentinel])  # not join: that is for whoever stops the server
        if not self._stopping:
            self._lost = f"the API process {api_process.pid} ended"
            log.error("%s; going down", self._lost)
            os.kill(self._main_process, signal.SIGTERM)

    def _perform_graceful_shutdown(self, *arguments: Any, **options: Any) -> None:
        self._stopping = True
        # In a thread: the main thread's connection to the manager still waits for the answer that Ctrl-C broke off.
        threading.Thread(target=self._stop_monitoring, daemon=True).start()
        for thread in threading.enumerate():
            if thread.name == _MONITOR_THREAD:  # or it starts again what is being stopped
                thread.join(timeout=5)
        super()._perform_graceful_shutdown(*arguments, **options)

    def _stop_monitoring(self) -> None:
        with contextlib.suppress(EOFError, ConnectionError):
            self._shutdown_event.set()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._main_process:  # the forked API process inherits this
            if not self._serving:
                raise SystemExit
            return  # it has its own way to end
        self._stops += 1
        if self._starting:
            return
        if self._stops == 1:
            raise KeyboardInterrupt  # LitServe shuts down in order on this only
        self._kill_children()

    def _kill_children(self) -> None:
        children = multiprocessing.active_children()
        for child in children:  # all before any is waited for: a worker that lives would tell of the queues it lost
            child.kill()
        for child in children:
            child.join(timeout=1)


class Part(NamedTuple):
    """What a worker sends of an answer before the whole: that to the request at `place` of a batch."""

    place: int
    answer: Any


class WorkerLoop(SingleLoop):
    """The loop of a worker, which calls `in_pause` before it looks for a request: at least once a second, never in one.

    Where that ends the process, no request is lost. While it has one, parts of the answer may be told ahead.
    """

    def __init__(self, in_pause: Callable[[], object]) -> None:
        super().__init__()
        self._in_pause = in_pause
        self._queue: _WatchedQueue | None = None

    def run_single_loop(
        self, lit_api: litserve.LitAPI, request_queue: "Queue[Any]", transport: MessageTransport, *others: Any
    ) -> None:
        """Serve requests for ever."""
        self._queue, self._transport = _WatchedQueue(request_queue, self._in_pause), transport
        super().run_single_loop(lit_api, self._queue, transport, *others)

    def tell(self, part: Part) -> None:
        """Send `part` of the answer to the request at hand; nothing where there is none."""
        if self._queue and self._queue.last:
            consumer, uid, *_ = self._queue.last
            self.put_response(self._transport, consumer, uid, part, LitAPIStatus.OK, LoopResponseType.REGULAR)


class _WatchedQueue:
    """Calls `in_pause` before each look; `last` is the request that came last."""

    def __init__(self, queue: "Queue[Any]", in_pause: Callable[[], object]) -> None:
        self._queue, self._in_pause = queue, in_pause
        self.last: Any = None

    def get(self, timeout: float) -> Any:
        self._in_pause()
        self.last = self._queue.get(timeout=timeout)
        return self.last


class _Awaited:
    """What LitServe puts responses into, as it would into its `ResponseBufferItem`: parts go to `told`.

    `told` must not raise: the answers of all workers come in the task that calls it.
    """

    def __init__(self, told: Callable[[Part], object]) -> None:
        self._told = told
        self._response: tuple[Any, LitAPIStatus] | None = None
        self.event, self.answered = asyncio.Event(), asyncio.Event()
        self.worker_id: int | None = None

    @property
    def response(self) -> Any:
        """The whole answer, once `answered`."""
        return self._response

    @response.setter
    def response(self, response: tuple[Any, LitAPIStatus]) -> None:
        if isinstance(response[0], Part):
            self._told(response[0])
            return
        self._response = response
        self.answered.set()


class RoundTrip:
    """One request to the workers of `api_path`: enter it before it is sent, or a quick answer would be thrown away.

    `told` gets the parts of its answer that come before the whole.
    """

    def __init__(self, server: LitServer, api_path: str, told: Callable[[Part], object] = lambda part: None) -> None:
        self._server, self._api_path = server, api_path
        self._uid, self._item = str(uuid.uuid4()), _Awaited(told)

    def __enter__(self) -> "RoundTrip":
        self._server.response_buffer[self._uid] = self._item
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.response_buffer.pop(self._uid, None)

    async def send(self, payload: Any) -> None:
        """Put `payload` into the queue of the workers; again, if the one that took it died before it read it."""
        queue = self._server._get_request_queue(self._api_path)
        request = (self._server.app.response_queue_id, self._uid, time.monotonic(), payload)
        await asyncio.to_thread(queue.put, request)

    @property
    def answered(self) -> asyncio.Event:
        """Set when `answer` has one."""
        return self._item.answered

    @property
    def worker_id(self) -> int | None:
        """The worker that has it; None while nobody does."""
        return self._item.worker_id

    def answer(self) -> Any:
        """Return what the worker answered.

        Raises:
            WorkerError: it raised.
        """
        response, status = self._item.response
        if status == LitAPIStatus.ERROR:
            raise WorkerError(f"the worker failed: {response!r}")
        return response


def workers_ready(server: SupervisedServer, api_path: str, worker_id: int | None = None) -> bool:
    """Tell whether one worker of `api_path`, or all that were asked for, are set up.

    It asks another process, so use a thread. LitServe's monitor, in the main process, only marks a worker that it
    restarts as starting.
    """
    states = _states(server, api_path)
    if worker_id is not None:
        # One that was asked for has no state until it is ready (see `_start_asked`); one that has a request is.
        return states.get(f"{_endpoint(api_path)}_{worker_id}", WorkerSetupStatus.READY) == WorkerSetupStatus.READY
    known = bool(states) or server.waits_to_be_asked(api_path)
    return known and all(state == WorkerSetupStatus.READY for state in states.values())


def setup_failed(server: LitServer, api_path: str) -> bool:
    """Tell whether a worker of `api_path` could not be set up."""
    return WorkerSetupStatus.ERROR in _states(server, api_path).values()


def hide_routes(server: LitServer, api_paths: Collection[str]) -> None:
    """Take away the public POST route that LitServe gives every LitAPI."""
    routes = server.app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", None) not in api_paths]


def shut_down_uvicorn(number: int, within_s: float) -> Callable[[], None]:
    """Return what uvicorn would do at signal `number`: close every socket, and give up on what is left `within_s`.

    Ask before another handler takes its place.
    """
    handler: Any = signal.getsignal(number)

    def shut_down() -> None:
        handler.__self__.config.timeout_graceful_shutdown = within_s
        handler(number, None)

    return shut_down


def _states(server: LitServer, api_path: str) -> dict[str, Any]:
    """Return the states of the workers of one LitAPI; those of others do not matter."""
    states = server.workers_setup_status.items()
    return {name: state for name, state in states if name.rpartition("_")[0] == _endpoint(api_path)}


def _endpoint(api_path: str) -> str:
    return api_path.rsplit("/", 1)[-1]  # LitServe's names in workers_setup_status: endpoint_worker


def _context(method: str) -> BaseContext:
    """Return what starts the processes of LitServe: workers come from a process that has their libraries already."""
    return _get_context(FORK_SERVER if method == "spawn" else method)


def _manager() -> SyncManager:
    manager = SyncManager(ctx=multiprocessing.get_context())
    manager.start(end_with_parent)
    return manager


class _ListeningConfig(uvicorn.Config):
    """Listens as soon as it binds: whoever comes second is told, and nobody waits for models in vain."""

    def bind_socket(self) -> socket.socket:
        listening = listening_socket(self.host, self.port, self.backlog)
        listening.set_inheritable(True)
        log.info("listening on %s port %d", self.host, self.port)
        return listening


@contextlib.contextmanager
def _config_that_listens() -> Iterator[None]:
    with _replaced(litserve.server.uvicorn, "Config", _ListeningConfig):
        yield


@contextlib.contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
