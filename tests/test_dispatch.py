"""The private corner of LitServe that utterances travel through: pinned, and run for real."""

import asyncio
import importlib.metadata
import inspect
from types import SimpleNamespace

import pytest
from litserve.loops.loops import inference_worker
from litserve.server import LitServer
from litserve.utils import LitAPIStatus, ResponseBufferItem, WorkerSetupStatus

from serving.dispatch import WorkerError, WorkerQueue
from serving.words import PARTIALS_PATH, WORDS_PATH

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
    for function in (inference_worker, LitServer.launch_inference_worker):
        assert 'workers_setup_status[f"{endpoint}_{worker_id}"]' in inspect.getsource(function)


def queue_of(states, path=WORDS_PATH):
    return WorkerQueue(SimpleNamespace(workers_setup_status=states), path, workers=1, max_waiting=4)


def test_a_lost_worker_of_another_api_does_not_matter():
    states = {"words_0": WorkerSetupStatus.READY, "partials_0": WorkerSetupStatus.STARTING}
    asyncio.run(asyncio.wait_for(queue_of(states).until_ready(), 5))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(queue_of(states, PARTIALS_PATH).until_ready(), 0.3))


def test_a_worker_that_cannot_be_set_up_is_no_worker_to_wait_for():
    with pytest.raises(WorkerError, match="could not be set up"):
        asyncio.run(queue_of({"words_0": WorkerSetupStatus.READY, "words_1": WorkerSetupStatus.ERROR}).until_ready())
