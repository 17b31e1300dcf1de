"""The names of LitServe that it does not promise: pinned, still there, and used in one file only."""

import importlib.metadata
import inspect
import re

import pytest
from litserve.loops.loops import inference_worker
from litserve.server import LitServer
from litserve.utils import LitAPIStatus, ResponseBufferItem, WorkerSetupStatus

from serving import litserve_internals

pytestmark = pytest.mark.fast

PRIVATE = (
    *("_get_request_queue", "response_buffer", "response_queue_id", "ResponseBufferItem", "LitAPIStatus"),
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
    assert {"event", "response", "worker_id"} <= set(ResponseBufferItem.__dataclass_fields__)
    assert {LitAPIStatus.ERROR, LitAPIStatus.START}
    assert WorkerSetupStatus.READY
    for function in (inference_worker, LitServer.launch_inference_worker):
        assert 'workers_setup_status[f"{endpoint}_{worker_id}"]' in inspect.getsource(function)


@pytest.mark.parametrize("name", PRIVATE)
def test_no_other_file_of_serving_names_it(repository, name):
    files = [path for path in (repository / "serving").rglob("*.py") if path.name != "litserve_internals.py"]
    assert [path.name for path in files if re.search(re.escape(name), path.read_text(encoding="utf-8"))] == []
