"""The way of a request to a LitServe inference worker and back."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.litserve_internals import RoundTrip, SupervisedServer, WorkerError, setup_failed, workers_ready
from serving.workers.scheduler import Job, OverloadError, Scheduler
from undertone.words.reasons import Reason

_LOOK_EVERY_S = 0.5
_READY_POLL_S = 0.03
_REMEMBERED = 0.8  # of how long requests took so far, when the next one has told


class WorkerLostError(RuntimeError):
    """The worker that had the request died; LitServe starts another one."""


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
    since_s: float = field(default_factory=time.monotonic)

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

    No more batches are with LitServe than there are workers; the other requests wait here
    (serving/workers/scheduler.py). A batch, of up to `most` payloads, is one request of LitServe: its own batching
    waits by polling, idle or not.
    """

    def __init__(self, server: SupervisedServer, api_path: str, workers: int, max_waiting: int, most: int = 1) -> None:
        self._server = server
        self._api_path = api_path
        self._scheduler = Scheduler(workers, max_waiting, self._begin, most)
        self._workers, self._request_s = workers, 0.0  # what a request takes of a worker, lately; 0: none has told
        self._waiting: dict[Job, _Request] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def submit(self, payload: dict[str, Any], timeout_s: float, job: Job | None = None) -> Any:
        """Return what a worker answers to `payload` and its `until_s`, the `time.monotonic` after which nobody listens.

        Cancelled while it waits, it is never sent.

        Raises:
            TimeoutError: no answer within `timeout_s`.
            OverloadError: too many requests wait, or those before it will take longer than `timeout_s`.
            WorkerLostError: the worker died while it had the request.
            WorkerError: the worker raised.
        """
        job = job or Job()
        if self._wait_s(job) > timeout_s:
            raise OverloadError(f"{self._scheduler.waiting} requests are waiting; this one would only time out")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_s):
            self._waiting[job] = _Request(payload, time.monotonic() + timeout_s, answer)
            try:
                self._scheduler.submit(job)
                return await answer
            finally:
                self._scheduler.drop(job)
                self._waiting.pop(job, None)

    def expect_work(self) -> None:
        """See that there will be a worker for one request more, even if it has to be started."""
        self._server.ask_for_workers(self._api_path, 1 + len(self._under_way))

    async def until_ready(self) -> None:
        """Return when every worker is set up, however long that takes.

        Raises:
            WorkerError: one of them failed at it.
        """
        while not await self.ready():
            if await asyncio.to_thread(setup_failed, self._server, self._api_path):
                raise WorkerError(f"a worker of {self._api_path} could not be set up; see above")
            await asyncio.sleep(_READY_POLL_S)

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return self._scheduler.waiting

    @property
    def busy(self) -> int:
        """How many workers are at work."""
        return len(self._under_way)

    def oldest_s(self) -> float:
        """Return for how many seconds the oldest of those that wait has waited."""
        since_s = min((request.since_s for request in self._waiting.values()), default=None)
        return 0.0 if since_s is None else time.monotonic() - since_s

    def restarts(self) -> int:
        """Return how many workers were started in the place of others."""
        return self._server.restarts(self._api_path)

    async def ready(self, worker_id: int | None = None) -> bool:
        """Tell whether one worker, or all of them, are set up."""
        return await asyncio.to_thread(workers_ready, self._server, self._api_path, worker_id)

    def _wait_s(self, job: Job) -> float:
        """Return how long `job` would wait for a worker, as far as the last requests tell."""
        return self._scheduler.ahead_of(job) * self._request_s / self._workers

    def _begin(self, jobs: list[Job]) -> None:
        # A worker cannot be called back: it stays taken until it answers, even if nobody waits for it any more.
        self.expect_work()
        task = asyncio.create_task(self._answer([self._waiting.pop(job) for job in jobs]))
        self._under_way.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._scheduler.free_worker()

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
        with RoundTrip(self._server, self._api_path) as trip:
            async with asyncio.timeout(max(request.until_s for request in requests) - time.monotonic()):
                await trip.send(batch)
                await self._wait(trip, batch)
        return list(trip.answer())

    async def _wait(self, trip: RoundTrip, batch: list[dict[str, Any]]) -> None:
        restarting = False
        while not trip.answered.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await trip.answered.wait()
                return
            ready = await self.ready(trip.worker_id)
            if trip.worker_id is not None and not ready:
                raise WorkerLostError("the worker died while it had the request")
            if restarting and ready and trip.worker_id is None:
                await trip.send(batch)  # a worker that dies idle takes the next request with it unread
            restarting = not ready
