"""The names of LitServe that it does not promise: pinned, still there, and used in one file only."""

import importlib.metadata
import inspect
import queue
import re
from types import SimpleNamespace

import litserve.server
import pytest
from litserve.callbacks import CallbackRunner
from litserve.loops import SingleLoop
from litserve.loops.base import _SENTINEL_VALUE
from litserve.loops.loops import inference_worker
from litserve.server import LitServer
from litserve.utils import LitAPIStatus, WorkerSetupStatus

from serving import litserve_internals

pytestmark = pytest.mark.fast

PRIVATE = (
    *("_get_request_queue", "response_buffer", "response_queue_id", "LitAPIStatus"),
    *("workers_setup_status", "WorkerSetupStatus", "inference_workers", "monitor_internal", "uvicorn_graceful_timeout"),
    *(
        "_start_server",
        "_init_manager",
        "_perform_graceful_shutdown",
        "_shutdown_event",
        "launch_single_inference_worker",
        "_start_worker_monitoring",
        "verify_worker_status",
    ),
    *("launch_inference_worker", "litapi_connector", "litserve-monitoring", "litserve.server", "litserve.utils"),
    *("app.router.routes", "restart_workers"),
)


def test_litserve_is_the_version_whose_names_are_used():
    assert importlib.metadata.version("litserve") == litserve_internals.LITSERVE
    litserve_internals.check_version()


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "0.3.0")
    with pytest.raises(litserve_internals.UnsupportedLitServeError, match=r"0\.3\.0"):
        litserve_internals.check_version()


def test_the_names_are_still_there():
    source = inspect.getsource(inspect.getmodule(LitServer))
    for name in set(PRIVATE) - {"litserve.server", "litserve.utils", "app.router.routes"}:
        assert name in source
    assert "mp.Manager()" in inspect.getsource(LitServer._init_manager)
    assert 'mp.get_context("spawn")' in inspect.getsource(LitServer.launch_single_inference_worker)
    assert "config.bind_socket()" in inspect.getsource(LitServer.run)
    taken_up = inspect.getsource(litserve.server.response_queue_to_buffer)
    for name in ("response_item.worker_id = ", "response_item.response = response", "response_item.event.set()"):
        assert name in taken_up
    assert "put_response" in inspect.getsource(SingleLoop.run_single_loop)
    assert {LitAPIStatus.ERROR, LitAPIStatus.START}
    assert WorkerSetupStatus.READY
    for function in (inference_worker, LitServer.launch_inference_worker):
        assert 'workers_setup_status[f"{endpoint}_{worker_id}"]' in inspect.getsource(function)


@pytest.mark.parametrize("name", PRIVATE)
def test_no_other_file_of_serving_names_it(repository, name):
    files = [path for path in (repository / "serving").rglob("*.py") if path.name != "litserve_internals.py"]
    assert [path.name for path in files if re.search(re.escape(name), path.read_text(encoding="utf-8"))] == []


def test_a_part_of_an_answer_goes_out_before_the_whole_and_to_whoever_asked():
    """Through LitServe's own loop: two requests, then the end of the queue."""
    loop, sent = litserve_internals.WorkerLoop(lambda: None), []

    class Halves(litserve.LitAPI):
        def setup(self, device):
            pass

        def predict(self, x):
            loop.tell(litserve_internals.Part(0, x[0]))
            return x

    loop.tell(litserve_internals.Part(0, "to nobody"))
    requests = queue.Queue()
    for request in ((7, "one", 0.0, "ab"), (8, "two", 0.0, "cd"), _SENTINEL_VALUE):
        requests.put(request)
    transport = SimpleNamespace(send=lambda item, consumer_id: sent.append((consumer_id, item[0], item[1][0])))
    loop.run_single_loop(Halves(), requests, transport, CallbackRunner([]))
    told = [entry for entry in sent if entry[2] != ()]  # what it sends as it takes a request up
    assert told == [(7, "one", (0, "a")), (7, "one", "ab"), (8, "two", (0, "c")), (8, "two", "cd")]
