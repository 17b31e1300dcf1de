"""The private corner of LitServe that utterances travel through: pinned, and run for real."""

import importlib.metadata
import inspect

import pytest
from litserve.server import LitServer
from litserve.utils import LitAPIStatus, ResponseBufferItem, WorkerSetupStatus

pytestmark = pytest.mark.fast


def test_litserve_is_the_version_whose_private_names_are_used():
    assert importlib.metadata.version("litserve") == "0.2.19"


def test_the_private_names_are_still_there():
    source = inspect.getsource(LitServer)
    for name in ("def _get_request_queue", "self.response_buffer", "self.workers_setup_status"):
        assert name in source
    assert {"event", "response", "worker_id"} <= set(ResponseBufferItem.__dataclass_fields__)
    assert {LitAPIStatus.ERROR, LitAPIStatus.START}
    assert WorkerSetupStatus.READY
