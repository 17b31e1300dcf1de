"""Counts what each key uses: in memory at once, in the file of usage a moment later.

What could not be written, on a full disk say, is kept and written when it can be; the log says so once.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from serving.guard.usage.store import Place, UsageError, UsageStore, Use

log = logging.getLogger("undertone.guard")

Uses = defaultdict[Place, Use]


def now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


class Meter:
    """One per API process, used in its event loop; without a store the day ends with the process."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self._store: UsageStore | None = None
        self._clock = clock
        self._day, self._today = "", dict[str, Use]()
        self._read_day = ""
        self._unwritten: Uses = defaultdict(Use)
        self._failing = False

    def write_to(self, store: UsageStore | None) -> None:
        """Write into `store` from now on, and count on from what it holds."""
        self._store = store

    def add(self, key: str, **amounts: Any) -> None:
        """Count `amounts`, named as the fields of `Use`, for `key`."""
        use = Use(**amounts)
        self.today(key).add(use)
        if self._store:
            self._unwritten[self._day, key].add(use)

    def today(self, key: str) -> Use:
        """Return what `key` used since midnight, UTC, here and by way of the same file elsewhere."""
        day = self._now_day()
        if day != self._day:
            self._day, self._today = day, {}
        return self._today.setdefault(key, Use())

    async def write(self) -> None:
        """Write what was counted since the last time, and read what others counted."""
        if self._store is None:
            return
        writing, self._unwritten = self._unwritten, defaultdict(Use)
        try:
            if writing:
                await asyncio.to_thread(self._store.add, writing)
                writing = defaultdict(Use)
            if await asyncio.to_thread(self._store.changed) or self._read_day != self._now_day():
                await self._read(self._store)
            self._failing = False
        except UsageError as error:
            self._keep(writing, error)

    def _now_day(self) -> str:
        return self._clock().date().isoformat()

    async def _read(self, store: UsageStore) -> None:
        day = self._now_day()
        today = await asyncio.to_thread(store.of_day, day)
        for (of_day, key), use in self._unwritten.items():  # counted meanwhile
            if of_day == day:
                today.setdefault(key, Use()).add(use)
        self._day, self._today, self._read_day = day, today, day

    def _keep(self, unwritten: Uses, error: UsageError) -> None:
        for place, use in unwritten.items():
            self._unwritten[place].add(use)
        if not self._failing:
            log.error("%s; it is kept and written later", error)
        self._failing = True
