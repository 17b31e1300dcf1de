"""The way of a request to a LitServe inference worker and back.

LitServe 0.2.19 has no public call for this; the three private names used here (`_get_request_queue`, `response_buffer`,
`workers_setup_status`) stand in this file only, the version is pinned, and tests/serving/workers/test_queue.py runs it
for real.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litserve.server import LitServer
from litserve.utils import LitAPIStatus, ResponseBufferItem, WorkerSetupStatus

from serving.workers.scheduler import OverloadError, Turn, Turns
from undertone.words.reasons import Reason

_LOOK_EVERY_S = 0.5
_READY_POLL_S = 0.1
_REMEMBERED = 0.8  # of how long requests took so far, when the next one has told


class WorkerLostError(RuntimeError):
    """The worker that had the request died; LitServe starts another one."""


class WorkerError(RuntimeError):
    """The worker answered with an error."""


# What `WorkerQueue.submit` raises, and the reason that a verdict gives for it.
REASONS: dict[type[Exception], Reason] = {
    TimeoutError: Reason.ASR_TIMEOUT,
    OverloadError: Reason.OVERLOAD,
    WorkerLostError: Reason.WORKER_LOST,
    WorkerError: Reason.ASR_UNAVAILABLE,
}


def reason_of(error: Exception) -> Reason:
    """Return the reason that goes out for `error`, one of those in `REASONS`."""
    return next(reason for kind, reason in REASONS.items() if isinstance(error, kind))


@dataclass(frozen=True, eq=False)
class _Request:
    """A payload on its way, and where its answer is awaited; nobody listens after `until_s` (`time.monotonic`)."""

    payload: dict[str, Any]
    until_s: float
    answer: asyncio.Future[Any]

    def settle(self, answer: dict[str, Any]) -> None:
        if "error" in answer:
            self.fail(WorkerError(f"the worker failed: {answer['error']}"))
        elif not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class WorkerQueue:
    """Sends payloads to the workers of one LitAPI; lives in the API process, inside its event loop.

    No more batches are with LitServe than there are workers; the other requests wait for their turn
    (serving/workers/scheduler.py). A batch, of up to `most` payloads, is one request of LitServe: its own batching
    waits by polling, idle or not.
    """

    def __init__(self, server: LitServer, api_path: str, workers: int, max_waiting: int, most: int = 1) -> None:
        self._server = server
        self._api_path = api_path
        self._endpoint = api_path.rsplit("/", 1)[-1]  # LitServe's names in workers_setup_status: endpoint_worker
        self._turns = Turns(workers, max_waiting, self._begin, most)
        self._workers, self._request_s = workers, 0.0  # what a request takes of a worker, lately; 0: none has told
        self._waiting: dict[Turn, _Request] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def submit(self, payload: dict[str, Any], timeout_s: float, turn: Turn | None = None) -> Any:
        """Return what a worker answers to `payload` and its `until_s`, the `time.monotonic` after which nobody listens.

        Cancelled while it waits for its turn, it is never sent.

        Raises:
            TimeoutError: no answer within `timeout_s`.
            OverloadError: too many requests wait, or those before it will take longer than `timeout_s`.
            WorkerLostError: the worker died while it had the request.
            WorkerError: the worker raised.
        """
        turn = turn or Turn()
        if self._wait_s(turn) > timeout_s:
            raise OverloadError(f"{self._turns.waiting} requests are waiting; this one would only time out")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_s):
            self._waiting[turn] = _Request(payload, time.monotonic() + timeout_s, answer)
            try:
                self._turns.ask(turn)
                return await answer
            finally:
                self._turns.drop(turn)
                self._waiting.pop(turn, None)

    async def until_ready(self) -> None:
        """Return when every worker is set up, however long that takes.

        Raises:
            WorkerError: one of them failed at it.
        """
        while not await asyncio.to_thread(self._ready):
            if WorkerSetupStatus.ERROR in self._status().values():
                raise WorkerError(f"a worker of {self._api_path} could not be set up; see above")
            await asyncio.sleep(_READY_POLL_S)

    def _wait_s(self, turn: Turn) -> float:
        """Return how long `turn` would wait for a worker, as far as the last requests tell."""
        return self._turns.ahead_of(turn) * self._request_s / self._workers

    def _begin(self, turns: list[Turn]) -> None:
        # A worker cannot be called back: it stays taken until it answers, even if nobody waits for it any more.
        task = asyncio.create_task(self._answer([self._waiting.pop(turn) for turn in turns]))
        self._under_way.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._turns.give_back()

    async def _answer(self, requests: Sequence[_Request]) -> None:
        began_s = time.monotonic()
        try:
            answers = await self._round_trip(requests)
        except Exception as error:
            for request in requests:
                request.fail(error)
            return
        self._learn((time.monotonic() - began_s) / len(requests))
        for request, answer in zip(requests, answers, strict=True):
            request.settle(answer)

    def _learn(self, request_s: float) -> None:
        before_s = self._request_s or request_s
        self._request_s = _REMEMBERED * before_s + (1 - _REMEMBERED) * request_s

    async def _round_trip(self, requests: Sequence[_Request]) -> list[dict[str, Any]]:
        batch = [{**request.payload, "until_s": request.until_s} for request in requests]
        uid, item = str(uuid.uuid4()), ResponseBufferItem(asyncio.Event())
        self._server.response_buffer[uid] = item  # before the request is sent, or a quick answer would be thrown away
        try:
            async with asyncio.timeout(max(request.until_s for request in requests) - time.monotonic()):
                await self._send(uid, batch)
                await self._wait(uid, item, batch)
        finally:
            self._server.response_buffer.pop(uid, None)
        response, status = item.response
        if status == LitAPIStatus.ERROR:
            raise WorkerError(f"the worker failed: {response!r}")
        return list(response)

    async def _send(self, uid: str, batch: list[dict[str, Any]]) -> None:
        queue = self._server._get_request_queue(self._api_path)
        request = (self._server.app.response_queue_id, uid, time.monotonic(), batch)
        await asyncio.to_thread(queue.put, request)

    async def _wait(self, uid: str, item: ResponseBufferItem, batch: list[dict[str, Any]]) -> None:
        # LitServe's monitor runs in another process and cannot reach our buffer: it only marks the worker as starting.
        restarting = False
        while not item.event.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await item.event.wait()
                return
            ready = await asyncio.to_thread(self._ready, item.worker_id)
            if item.worker_id is not None and not ready:
                raise WorkerLostError("the worker died while it had the request")
            if restarting and ready and item.worker_id is None:
                await self._send(uid, batch)  # a worker that dies idle takes the next request with it unread
            restarting = not ready

    def _ready(self, worker_id: int | None = None) -> bool:
        """Tell whether one worker, or all of them, are set up."""
        status = self._status()
        if worker_id is not None:
            return status.get(f"{self._endpoint}_{worker_id}") == WorkerSetupStatus.READY
        return bool(status) and all(state == WorkerSetupStatus.READY for state in status.values())

    def _status(self) -> dict[str, Any]:
        """Return the states of the workers of this LitAPI; those of others do not matter."""
        states = self._server.workers_setup_status.items()
        return {name: state for name, state in states if name.rpartition("_")[0] == self._endpoint}
