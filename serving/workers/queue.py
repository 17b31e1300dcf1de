"""The way of a request to a LitServe inference worker and back."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from serving.litserve_internals import RoundTrip, SupervisedServer, WorkerError, setup_failed, workers_ready
from serving.workers.scheduler import Job, OverloadError, QueueLimits, Scheduler
from undertone.words.reasons import Reason

log = logging.getLogger("undertone.words")

_LOOK_EVERY_S = 0.5
_READY_POLL_S = 0.03
_UNREAD_S, _MOST_SENT = 1.5, 3  # so long after it was sent a request that no worker took is sent again, so often in all
_REMEMBERED = 0.8  # of how long requests took so far, when the next one has told
_SWEEP_EVERY_S = 0.1
_AT_LEAST = 2  # requests, that at work and the next: a slow model is no overload
_SLOWER = 1.02  # from one batch to the next, so much slower may the quickest request be that is remembered


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


@dataclass(eq=False)
class _Request:
    """A payload on its way, and where its answer is awaited; nobody listens after `until_s` (`time.monotonic`).

    Of what happens in the background only the work is limited, not the wait for a worker: `until_s` is set by `begin`.
    """

    payload: dict[str, Any]
    timeout_s: float
    limit: asyncio.Timeout
    answer: asyncio.Future[Any]
    since_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.until_s = self.since_s + self.timeout_s

    def begin(self) -> None:
        if self.limit.when() is None:
            self.until_s = time.monotonic() + self.timeout_s
            self.limit.reschedule(self.until_s)

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
    waits by polling, idle or not. A worker that has had one for `hung_s` seconds, or has not taken one for so long, is
    killed; LitServe starts another.

    What is urgent is let in by the age that it will have with its answer, and given back when it would be older; never
    the next in line, or a slow machine would give no words at all. Where workers are slow they get smaller batches:
    four cost less than four times one, but all wait for the last.
    """

    def __init__(
        self,
        server: SupervisedServer,
        api_path: str,
        workers: int,
        limits: QueueLimits,
        most: int = 1,
        hung_s: float = float("inf"),
    ) -> None:
        self._server, self._hung_s = server, hung_s
        self._api_path = api_path
        self._limits, self._scheduler = limits, Scheduler(workers, limits, self._begin, most)
        self._workers, self._most = workers, most
        self._request_s = self._batch_s = 0.0  # what each took of a worker, lately; 0: none has told
        self._quickest_s = math.inf  # a request, with the machine to itself
        self._recovers = False  # a worker was lost, and none has answered since: that is no overload
        self._waiting: dict[Job, _Request] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._trips: set[RoundTrip] = set()
        self._patience: set[asyncio.Timeout] = set()
        self._given_up = False

    async def submit(self, payload: dict[str, Any], timeout_s: float, job: Job | None = None) -> Any:
        """Return what a worker answers to `payload` and its `until_s`, the `time.monotonic` after which nobody listens.

        Cancelled while it waits, it is never sent.

        Raises:
            TimeoutError: no answer within `timeout_s`; in the background, since a worker has taken it.
            OverloadError: too much waits, or it would wait too long.
            WorkerLostError: the worker died while it had the request.
            WorkerError: the worker raised.
        """
        job = job or Job()
        self._admit(job, timeout_s)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(0 if self._given_up else None if job.background else timeout_s) as limit:
            self._waiting[job] = _Request(payload, timeout_s, limit, answer)
            self._patience.add(limit)
            try:
                self._scheduler.submit(job)
                self._sweep_later()
                return await answer
            finally:
                self._patience.discard(limit)
                self._scheduler.drop(job)
                self._waiting.pop(job, None)

    def give_up(self) -> None:
        """Let every `submit` time out at once, those to come as well."""
        self._given_up = True
        for patience in self._patience:
            patience.reschedule(asyncio.get_running_loop().time())

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

    def pressure(self) -> float:
        """Return how long what was just said would wait, as a share of what it may; from 1 on it may not."""
        newcomer = Job()
        eldest_s = max((job.age_s - job.patience_s for job in self._waiting if job.is_limited), default=0.0)
        return max(self._wait_s(newcomer), eldest_s) / max(_SWEEP_EVERY_S, self._may_wait_s(newcomer))

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
        at_work_s = self._batch_s / (1 + self._workers) if self.busy >= self._workers else 0.0
        return at_work_s + self._scheduler.ahead_of(job) * self._request_s / self._workers

    def _may_wait_s(self, job: Job) -> float:
        """Return how long `job` may wait for a worker, so that its answer does not come too late."""
        slow_s = _AT_LEAST * self._quickest_s if self._batch_s else 0.0
        return max(0.0, max(self._limits.age_s, slow_s) - self._batch_s) + job.patience_s

    def _admit(self, job: Job, timeout_s: float) -> None:
        is_limited = job.is_limited and not self._recovers and self._scheduler.ahead_of(job)
        may_wait_s = self._may_wait_s(job) if is_limited else timeout_s
        if not job.background and self._wait_s(job) > min(timeout_s, may_wait_s):
            raise OverloadError(f"{self._scheduler.waiting} requests are waiting; this one would come too late")

    def _sweep_later(self) -> None:
        if self._waiting and self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_EVERY_S, self._sweep)

    def _sweep(self) -> None:
        """Give back what waits for too long: the requests before it took longer than those that told."""
        self._sweeping = None
        line = [] if self._recovers else self._scheduler.line()
        for job in line[1:]:  # a worker takes the first of them next
            if job.is_limited and job.age_s > self._may_wait_s(job) and (request := self._waiting.get(job)):
                request.fail(OverloadError(f"waited for {job.age_s:.1f} s for a worker"))
        self._sweep_later()

    def _begin(self, jobs: list[Job]) -> None:
        # A worker cannot be called back: it stays taken until it answers, even if nobody waits for it any more.
        self.expect_work()
        requests = [self._waiting.pop(job) for job in jobs]
        for request in requests:
            request.begin()
        task = asyncio.create_task(self._answer(requests, jobs[0].alone))
        self._under_way.add(task)
        task.add_done_callback(partial(self._over, jobs[0].alone))

    def _over(self, alone: bool, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._scheduler.free_worker(alone)

    async def _answer(self, requests: Sequence[_Request], alone: bool) -> None:
        began_s = time.monotonic()
        try:
            answers = await self._round_trip(requests)
        except Exception as error:
            self._recovers = isinstance(error, WorkerLostError)
            for request in requests:
                request.fail(error)
            return
        self._recovers = False
        if "describe" not in requests[0].payload and not alone:
            self._learn(time.monotonic() - began_s, len(requests))
        for request, answer in zip(requests, answers, strict=True):
            request.settle(answer)

    def _learn(self, batch_s: float, requests: int) -> None:
        self._batch_s = _mixed(self._batch_s, batch_s)
        self._request_s = _mixed(self._request_s, batch_s / requests)
        self._quickest_s = self._scheduler.hearing_s = min(_SLOWER * self._quickest_s, batch_s / requests)
        half_s = self._limits.age_s / 2
        self._scheduler.most = max(1, min(self._most, int(half_s / self._request_s)))

    async def _round_trip(self, requests: Sequence[_Request]) -> list[dict[str, Any]]:
        batch = [{**request.payload, "until_s": request.until_s} for request in requests]
        with RoundTrip(self._server, self._api_path, lambda part: requests[part.place].settle(part.answer)) as trip:
            self._trips.add(trip)
            try:
                await trip.send(batch)
                await self._until_taken(trip, batch)
                await self._until_answered(trip)
            finally:
                self._trips.discard(trip)
        return list(trip.answer())

    async def _until_taken(self, trip: RoundTrip, batch: list[dict[str, Any]]) -> None:
        sent_s, restarts, sent = time.monotonic(), self.restarts(), 1
        while not await _answered(trip) and trip.worker_id is None:
            if not await self.ready():
                continue
            waited_s, lost = time.monotonic() - sent_s, self.restarts() != restarts
            # A worker that dies idle takes the next request with it unread, for a second after its death as well.
            if lost or (waited_s > _UNREAD_S and self.restarts() and sent < _MOST_SENT):
                sent_s, restarts, sent = time.monotonic(), self.restarts(), sent + 1
                await trip.send(batch)
            elif waited_s > self._hung_s:
                sent_s = time.monotonic()
                self._kill(*(set(range(self._workers)) - {taken.worker_id for taken in self._trips}))

    async def _until_answered(self, trip: RoundTrip) -> None:
        taken_s, killed = time.monotonic(), False
        while not trip.answered.is_set():
            assert trip.worker_id is not None
            if not await self.ready(trip.worker_id):
                raise WorkerLostError("the worker died while it had the request")
            if not killed and time.monotonic() - taken_s > self._hung_s:
                self._kill(trip.worker_id)
                killed = True
            await _answered(trip)

    def _kill(self, *worker_ids: int) -> None:
        for worker_id in worker_ids:
            if pid := self._server.kill_worker(self._api_path, worker_id):
                log.error("worker %d has not answered for %g s: killed, another is started", pid, self._hung_s)


async def _answered(trip: RoundTrip) -> bool:
    """Wait a while for the answer; tell whether it is there."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_EVERY_S):
            await trip.answered.wait()
    return trip.answered.is_set()


def _mixed(before_s: float, now_s: float) -> float:
    return _REMEMBERED * (before_s or now_s) + (1 - _REMEMBERED) * now_s
