"""Which request goes to a worker next: finals before guesses, each in its order, and no queue that only grows.

Work waits here, in the API process, and not in LitServe's queue, so that it can still change its rank or be dropped.
A worker that becomes free takes several of those that wait at once; it never waits for more to come.
"""

from collections.abc import Callable
from dataclasses import dataclass


class OverloadError(RuntimeError):
    """So much is waiting already that another request would only time out."""


@dataclass(eq=False)
class Job:
    """One request's place; `urgent` may be set while it waits: somebody waits for the answer now."""

    urgent: bool = True


class Scheduler:
    """`workers` batches are at work at once, `max_waiting` requests more may wait; lives in one event loop.

    `begin` gets the next batch when a worker is free for it: that worker's share of what waits, `most` jobs or fewer.
    `free_worker` is due for each batch.
    """

    def __init__(self, workers: int, max_waiting: int, begin: Callable[[list[Job]], object], most: int = 1) -> None:
        self._free, self._workers, self._most = workers, workers, most
        self._max_waiting = max_waiting
        self._begin = begin
        self._waiting: list[Job] = []

    @property
    def waiting(self) -> int:
        """How many wait for a worker."""
        return len(self._waiting)

    def ahead_of(self, job: Job) -> int:
        """How many of those that wait would be called before `job`, were it to ask now."""
        return sum(waiting.urgent or not job.urgent for waiting in self._waiting)

    def submit(self, job: Job) -> None:
        """Begin with `job` at once where a worker is free, or let it wait.

        Raises:
            OverloadError: too many wait.
        """
        if len(self._waiting) >= self._max_waiting:
            raise OverloadError(f"{len(self._waiting)} requests are waiting for a worker")
        self._waiting.append(job)
        self._call_next()

    def drop(self, job: Job) -> None:
        """Forget `job` if it still waits."""
        if job in self._waiting:
            self._waiting.remove(job)

    def free_worker(self) -> None:
        """The worker is free for the next."""
        self._free += 1
        self._call_next()

    def _call_next(self) -> None:
        while self._free and self._waiting:
            share = -(-len(self._waiting) // self._workers)  # the other workers will be free before so many are done
            batch = sorted(self._waiting, key=lambda job: not job.urgent)[: min(share, self._most)]  # it is stable
            self._waiting = [job for job in self._waiting if job not in batch]
            self._free -= 1
            self._begin(batch)
