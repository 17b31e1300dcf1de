"""Which request goes to a worker next: who speaks before recordings, finals before guesses, sessions in turns.

Work waits here, in the API process, and not in LitServe's queue, so that it can still change its rank or be dropped.
A worker that becomes free takes what waits and can be done together, up to a limit: what waits does so because every
worker is at work, and then two at once are sooner done than two beside each other. Where many come, a guess that nobody
waits for yet waits itself for company, so long as its words will still be there in time.

The turns are those of start-time fair queueing (Goyal, Vin and Cheng 1996): the next request of a session stands one
round behind the one before it, so that a session that floods the queue waits for itself and for nobody else.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

BACKGROUND_FOR_S = 5.0  # then a request of a recording is due as well, or it might wait for ever
COMPANY_FOR_S = 0.12  # a guess waits for others no longer: of the 0.3 s to its endpoint the rest is for the work
CROWD = 5  # requests in a second; where fewer come, the next one comes too late
_TIMES = 2  # as long as a request took at best: what a guess still needs when it is taken up


class OverloadError(RuntimeError):
    """So much is waiting already that another request would come too late."""


@dataclass(frozen=True)
class QueueLimits:
    """What may wait for the workers: seconds of speech of one session and of all; `age_s`: how old words may be."""

    session_s: float = 60.0
    total_s: float = 600.0
    age_s: float = 1.4


@dataclass(eq=False)
class Job:
    """One request's place; somebody waits for the answer now if it is `urgent`.

    It brings `audio_s` of the speech of `session`, and is done together with others of its `kind`. In the `background`
    nobody speaks: it is of a recording. What was sent ahead of its time may wait for `patience_s` longer than what was
    just said. For a guess nobody waits before `lead_s` are over.
    """

    urgent: bool = True
    session: str = ""
    audio_s: float = 0.0
    background: bool = False
    patience_s: float = 0.0
    lead_s: float = 0.0
    kind: object = None
    turn: int = field(default=0, init=False)
    since_s: float = field(default_factory=time.monotonic, init=False)
    alone: bool = field(default=False, init=False)  # it yielded to others until a worker took it
    moved: Callable[[], object] | None = field(default=None, init=False)  # told when it moves up

    def wanted(self) -> None:
        """Move up among what is urgent: from now on somebody waits."""
        self.urgent, self.since_s = True, time.monotonic()
        if self.moved:
            self.moved()

    def company_s(self, hearing_s: float) -> float:
        """For how long it may still wait for others, where the work takes `hearing_s` at best; 0: no longer."""
        may_wait_s = 0.0 if self.urgent else min(COMPANY_FOR_S, self.lead_s - _TIMES * hearing_s)
        return max(0.0, may_wait_s - self.age_s)

    @property
    def age_s(self) -> float:
        """For how long somebody has waited."""
        return time.monotonic() - self.since_s

    @property
    def is_limited(self) -> bool:
        """Whether it may not wait for long: somebody speaks and waits for it."""
        return self.urgent and not self.background

    @property
    def yields(self) -> bool:
        """Whether it waits for whoever speaks."""
        return self.background and self.age_s < BACKGROUND_FOR_S


class Scheduler:
    """`workers` batches are at work at once, as much more as `limits` allow may wait; lives in one event loop.

    `begin` gets the next batch when a worker is free for it: what waits and is of one kind, `most` jobs or fewer.
    `free_worker` is due for each batch. What yields goes alone, and leaves a worker to whoever speaks if there are two.
    `hearing_s` is how long a job takes at best, as far as that is known.
    """

    def __init__(self, workers: int, limits: QueueLimits, begin: Callable[[list[Job]], object], most: int = 1) -> None:
        self._free, self._workers, self.most = workers, workers, most
        self._limits, self._begin = limits, begin
        self._waiting: list[Job] = []
        self._turn = self._yielding = 0
        self._looks_again: asyncio.TimerHandle | None = None
        self._came_s: deque[float] = deque(maxlen=CROWD)
        self.hearing_s = 0.0

    @property
    def waiting(self) -> int:
        """How many wait for a worker."""
        return len(self._waiting)

    def line(self) -> list[Job]:
        """Return those that wait in the order in which they will be called."""
        return sorted(self._waiting, key=_place)

    def ahead_of(self, job: Job) -> int:
        """How many of those that wait would be called before `job`, were it to ask now."""
        job.turn = self._turn_of(job)
        return sum(_place(waiting) <= _place(job) for waiting in self._waiting)

    def submit(self, job: Job) -> None:
        """Begin with `job` at once where a worker is free, or let it wait.

        Raises:
            OverloadError: too much waits, of its session or in all.
        """
        if self._waiting:
            self._check(_audio_s(self._own(job)), job, self._limits.session_s, "of this session")
            self._check(_audio_s(self._waiting), job, self._limits.total_s, "in all")
        job.turn, job.moved = self._turn_of(job), self._call_next
        self._came_s.append(job.since_s)
        self._waiting.append(job)
        self._call_next()

    def drop(self, job: Job) -> None:
        """Forget `job` if it still waits."""
        if job in self._waiting:
            self._waiting.remove(job)

    def free_worker(self, alone: bool = False) -> None:
        """The worker is free for the next; what it had was `alone`, or not."""
        self._free += 1
        self._yielding -= alone
        self._call_next()

    def _check(self, waiting_s: float, job: Job, most_s: float, whose: str) -> None:
        if waiting_s + job.audio_s > most_s:
            raise OverloadError(f"{waiting_s:.1f} s of speech {whose} are waiting for a worker")

    def _own(self, job: Job) -> list[Job]:
        return [waiting for waiting in self._waiting if waiting.session == job.session]

    def _turn_of(self, job: Job) -> int:
        return 1 + max([self._turn, *(waiting.turn for waiting in self._own(job))])

    def _call_next(self) -> None:
        while self._free and (batch := self._batch()):
            self._waiting = [job for job in self._waiting if job not in batch]
            self._turn = max(self._turn, *(job.turn for job in batch))
            self._free -= 1
            self._begin(batch)

    def _batch(self) -> list[Job]:
        line = self.line()
        if due := [job for job in line if not job.yields]:
            return self._together(due)
        if not line or self._yielding >= max(1, self._workers - 1):
            return []
        self._yielding += 1
        line[0].alone = True
        return line[:1]

    def _together(self, due: Iterable[Job]) -> list[Job]:
        """Return the first of `due` and its company; nothing, where each may wait for more of it."""
        kinds: dict[object, list[Job]] = {}
        for job in due:
            kinds.setdefault(job.kind, []).append(job)
        waits_s = []
        for jobs in kinds.values():
            waits_s.append(self._company_s(jobs[: self.most]))
            if not waits_s[-1]:
                return jobs[: self.most]
        self._look_again(min(waits_s))
        return []

    def _company_s(self, jobs: Sequence[Job]) -> float:
        if len(jobs) == self.most or not self._is_crowded:
            return 0.0
        return min(job.company_s(self.hearing_s) for job in jobs)

    @property
    def _is_crowded(self) -> bool:
        return len(self._came_s) == CROWD and time.monotonic() - self._came_s[0] < 1.0

    def _look_again(self, in_s: float) -> None:
        if self._looks_again:
            self._looks_again.cancel()
        self._looks_again = asyncio.get_running_loop().call_later(in_s, self._call_next)


def _place(job: Job) -> tuple[bool, bool, int]:
    return job.yields, not job.urgent, job.turn


def _audio_s(jobs: Iterable[Job]) -> float:
    return sum(job.audio_s for job in jobs)
