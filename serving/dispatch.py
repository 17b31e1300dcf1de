"""The way of an utterance to a LitServe inference worker and back.

LitServe 0.2.19 has no public call for this; the three private names used here (`_get_request_queue`, `response_buffer`,
`workers_setup_status`) stand in this file only, the version is pinned, and tests/test_dispatch.py runs it for real.
"""

import asyncio
import contextlib
import time
import uuid
from typing import Any

from litserve.server import LitServer
from litserve.utils import LitAPIStatus, ResponseBufferItem, WorkerSetupStatus

_LOOK_EVERY_S = 0.5


class WorkerLostError(RuntimeError):
    """The worker that had the request died; LitServe starts another one."""


class WorkerError(RuntimeError):
    """The worker answered with an error."""


class WorkerQueue:
    """Sends payloads to the workers of one LitAPI; lives in the API process, inside its event loop."""

    def __init__(self, server: LitServer, api_path: str) -> None:
        self._server = server
        self._api_path = api_path

    async def submit(self, payload: dict[str, Any], timeout_s: float) -> Any:
        """Return what the worker answers.

        Raises:
            TimeoutError: no answer within `timeout_s`.
            WorkerLostError: the worker died while it had the request.
            WorkerError: the worker raised.
        """
        uid, item = str(uuid.uuid4()), ResponseBufferItem(asyncio.Event())
        self._server.response_buffer[uid] = item  # before the request is sent, or a quick answer would be thrown away
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(uid, payload)
                await self._wait(uid, item, payload)
        finally:
            self._server.response_buffer.pop(uid, None)
        response, status = item.response
        if status == LitAPIStatus.ERROR:
            raise WorkerError(f"the worker failed: {response!r}")
        return response

    async def _send(self, uid: str, payload: dict[str, Any]) -> None:
        queue = self._server._get_request_queue(self._api_path)
        request = (self._server.app.response_queue_id, uid, time.monotonic(), payload)
        await asyncio.to_thread(queue.put, request)

    async def _wait(self, uid: str, item: ResponseBufferItem, payload: dict[str, Any]) -> None:
        # LitServe's monitor runs in another process and cannot reach our buffer: it only marks the worker as starting.
        restarting = False
        while not item.event.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(item.event.wait(), _LOOK_EVERY_S)
                return
            ready = await asyncio.to_thread(self._ready)
            if item.worker_id is not None and not ready:
                raise WorkerLostError("the worker died while it had the request")
            if restarting and ready and item.worker_id is None:
                await self._send(uid, payload)  # a worker that dies idle takes the next request with it unread
            restarting = not ready

    def _ready(self) -> bool:
        return all(status == WorkerSetupStatus.READY for status in self._server.workers_setup_status.values())
