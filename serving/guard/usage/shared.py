"""Counts that many servers hold together in Redis: sessions by leases that run out with their server, sums of the day.

What a session used is exchanged twice a second. Where Redis does not answer, each server holds the bounds by what it
knows itself, or refuses (`closed`); it goes on with Redis as soon as that answers.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from serving.guard.policy import PolicyError, SharedRules
from serving.guard.usage.counts import Asking, CountsAwayError, Full
from serving.guard.usage.meter import now
from serving.guard.usage.scripts import BEGIN, EXCHANGE
from serving.guard.usage.store import Place, Use

log = logging.getLogger("undertone.guard")

LEASE_S = 10.0  # a server that says nothing for so long has no sessions any more
_EXCHANGE_S = 0.5
_ANSWER_S = 2.0
_SOCKET_S = 1.0
_CONNECTIONS = 8
_MB = 1_000_000
_AWAY = (RedisError, OSError, TimeoutError)


class RedisCounts:
    """One per API process, used in its event loop; connects inside `running`."""

    def __init__(self, rules: SharedRules, clock: Callable[[], datetime] = now) -> None:
        """Take the address; raises `PolicyError` where it is none."""
        try:
            parse_url(rules.url)
        except ValueError as error:
            raise PolicyError(f"--redis is an address such as redis://host:6379/0: {error}") from None
        self._rules, self._clock, self._server = rules, clock, uuid.uuid4().hex
        self._begun: dict[str, Asking] = {}
        self._own = defaultdict[Place, Use](Use)  # what this process counted
        self._told = dict[Place, Use]()  # what Redis knows of it,
        self._of_all = dict[Place, Use]()  # and what it said then of all servers
        self._ending = set[asyncio.Task[None]]()
        self.is_connected, self._is_new = False, True

    async def begin(self, asking: Asking) -> Full | None:
        """Count a session or upload if all its bounds leave room for it; see `Counts`."""
        self._begun[asking.lease] = asking
        place = self._place(asking.key)
        try:
            bound, wait_s = await self._decided(asking, place)
        except _AWAY as error:
            self._lost(error)
            if self._rules.closed:
                self._begun.pop(asking.lease)
                raise CountsAwayError from None
            return None
        if bound:
            self._begun.pop(asking.lease, None)
            return Full(bound.decode(), float(wait_s) if wait_s else None)
        self._own[place].uploads += asking.kind == "upload"
        return None

    def end(self, lease: str) -> None:
        """Give back what was begun; what Redis is not told of runs out by itself."""
        asking = self._begun.pop(lease, None)
        if asking and asking.kind == "live" and self.is_connected:
            task = asyncio.create_task(self._gave_back(asking))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def add(self, key: str, audio_s: float = 0.0, upload_bytes: float = 0) -> None:
        """Count what a session or upload of `key` used."""
        self._own[self._place(key)].add(Use(audio_s=audio_s, upload_bytes=int(upload_bytes)))

    def used(self, key: str) -> Use:
        """Return what all servers said at the last exchange, and what was counted here since."""
        place = self._place(key)
        own, told, total = self._own[place], self._told.get(place, Use()), replace(self._of_all.get(place, Use()))
        total.audio_s += own.audio_s - told.audio_s
        total.upload_bytes += own.upload_bytes - told.upload_bytes
        return total

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Exchange with the others inside."""
        once = Retry(NoBackoff(), 1)  # a connection that Redis closed meanwhile fails once
        bounds: dict[str, Any] = {"socket_timeout": _SOCKET_S, "socket_connect_timeout": _SOCKET_S, "retry": once}
        connections = BlockingConnectionPool.from_url(
            self._rules.url, max_connections=_CONNECTIONS, timeout=_ANSWER_S, **bounds
        )
        async with Redis.from_pool(connections) as self._redis:
            self._begin_script = self._redis.register_script(BEGIN)
            self._exchange_script = self._redis.register_script(EXCHANGE)
            await self._exchange()
            over = asyncio.Event()
            exchanging = asyncio.create_task(self._exchange_until(over))
            try:
                yield
            finally:
                over.set()  # redis-py may lose a cancellation
                await asyncio.gather(exchanging, *self._ending, return_exceptions=True)

    async def _decided(self, asking: Asking, place: Place) -> tuple[bytes, bytes]:
        if not self.is_connected:
            raise TimeoutError("it did not answer before")
        quota = asking.quota
        minutes, megabytes = quota.audio_minutes_per_day, quota.upload_mb_per_day
        audio_s = None if minutes is None else 60 * minutes
        most_bytes = None if megabytes is None else _MB * megabytes
        most = quota.sessions, quota.connections_per_minute, audio_s, quota.uploads_per_day, most_bytes
        bounds = ["" if bound is None else bound for bound in most]
        arguments = [*self._sums(place), asking.lease, asking.kind, asking.upload_bytes, *bounds]
        async with asyncio.timeout(_ANSWER_S):
            bound, wait_s = await self._begin_script(keys=_keys(place), args=arguments)
        return bound, wait_s

    async def _gave_back(self, asking: Asking) -> None:
        with contextlib.suppress(*_AWAY):
            async with asyncio.timeout(_ANSWER_S):
                await self._redis.zrem(_keys(self._place(asking.key))[0], asking.lease)

    async def _exchange_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXCHANGE_S):
                    await over.wait()
            try:
                await self._exchange()
            except Exception:
                log.exception("what keys use cannot be exchanged with Redis")

    async def _exchange(self) -> None:
        places = self._to_tell()
        telling = {place: replace(self._own[place]) for place in places}
        try:
            async with asyncio.timeout(_ANSWER_S):
                answers = await self._exchanged(places)
        except _AWAY as error:
            self._lost(error)
            return
        self._found()
        for place, (audio_s, uploads, size) in zip(places, answers, strict=True):
            self._told[place] = telling[place]
            self._of_all[place] = Use(audio_s=float(audio_s), uploads=int(uploads), upload_bytes=int(float(size)))

    async def _exchanged(self, places: Iterable[Place]) -> list[list[bytes]]:
        async with self._redis.pipeline(transaction=False) as together:
            for place in places:
                arguments = [*self._sums(place), *self._leases(place[1])]
                await self._exchange_script(keys=_keys(place), args=arguments, client=together)
            together.ping()
            answers: list[list[bytes]] = await together.execute()
        return answers[:-1]

    def _to_tell(self) -> list[Place]:
        """Return the places of what is under way or was not told yet; forget what is over and told."""
        today = self._day()
        active = {(today, begun.key) for begun in self._begun.values()}
        news = {place for place, own in self._own.items() if own != self._told.get(place, Use())}
        for place in [place for place in self._own if place[0] != today and place not in news]:
            for of_places in (self._own, self._told, self._of_all):
                of_places.pop(place, None)
        return sorted(active | news)

    def _sums(self, place: Place) -> list[str | int]:
        own = self._own[place]
        return [self._server, str(LEASE_S), f"{own.audio_s:.3f}", own.uploads, own.upload_bytes]

    def _leases(self, key: str) -> list[str]:
        return [lease for lease, begun in self._begun.items() if begun.key == key and begun.kind == "live"]

    def _place(self, key: str) -> Place:
        return self._day(), key

    def _day(self) -> str:
        return self._clock().date().isoformat()

    def _lost(self, error: BaseException) -> None:
        if self.is_connected or self._is_new:
            meanwhile = "keys with quotas are refused" if self._rules.closed else "each server counts alone"
            log.error("Redis does not answer (%s): %s until it does", error or type(error).__name__, meanwhile)
        self.is_connected, self._is_new = False, False

    def _found(self) -> None:
        if not self.is_connected:
            log.info("sessions and quotas of keys are counted through Redis")
        self.is_connected, self._is_new = True, False


def _keys(place: Place) -> list[str]:
    """Return the keys in Redis of a day and a key of ours; the braces keep them on one machine of a cluster."""
    day, key = place
    return [f"undertone:{{{key}}}:{kind}" for kind in ("sessions", "came", day)]
