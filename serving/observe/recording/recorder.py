"""Where sessions that consent are recorded to: one for each API process, there without `--record` as well."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from serving.observe.recording.counts import Counts
from serving.observe.recording.policy import MB, RecordPolicy
from serving.observe.recording.retention import Retention
from serving.observe.recording.writer import Write, Writer
from undertone.recorded.store import Store, StoreError

log = logging.getLogger("undertone.recording")

_LOOK_EVERY_S = 3600.0
_AGAIN_S = 5.0  # after a look that failed, or once somebody was refused for lack of room
_CLOSE_WITHIN_S = 3.0


class Recorder:
    """Writes what sessions hand over while `running`; without a `policy` it refuses them all."""

    def __init__(self, policy: RecordPolicy | None, registry: CollectorRegistry) -> None:
        self.policy, self.counts = policy, Counts(registry)
        self._stored = 0
        self._is_wanted = asyncio.Event()  # that somebody looks how much there is
        self._writer: Writer | None = None

    @property
    def info(self) -> dict[str, Any]:
        """What `session.created` says of it."""
        return {"allowed": self.policy is not None, "keep_days": self.policy.keep_days if self.policy else None}

    @property
    def refusal(self) -> str | None:
        """Why no session may be recorded now; None where it may."""
        if self.policy is None or self._writer is None:
            return "this server keeps no sessions (see --record)"
        if not self.is_full:
            return None
        self._is_wanted.set()  # somebody may have deleted some meanwhile
        return "there is no room for more of them (see --record-max-mb)"

    @property
    def is_full(self) -> bool:
        """Whether the store holds all that it may."""
        return bool(self.policy and self.policy.max_mb is not None and self._stored >= self.policy.max_mb * MB)

    def put(self, write: Write, size: int = 0, owed: str | None = None) -> bool:
        """Let `write` be called with the store, in its turn; False where too much waits already. See `Writer.put`."""
        assert self._writer is not None
        return self._writer.put(write, size, owed)

    def stored(self, size: int) -> None:
        """Count bytes that the store has more (or fewer) now; for the thread that writes."""
        self._set_stored(self._stored + size)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Record inside; what waits at the end is written if the store is there."""
        if self.policy is None:
            yield
            return
        store = Store(self.policy.url)
        self._writer = Writer(store, self.counts)
        self._writer.start()
        looking = asyncio.create_task(self._look_through(store, self.policy))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.to_thread(self._writer.close, _CLOSE_WITHIN_S)

    async def _look_through(self, store: Store, policy: RecordPolicy) -> None:
        retention = Retention(store, policy.keep_days)
        every_s = min(_LOOK_EVERY_S, max(1.0, (policy.keep_days or 1.0) * 86_400 / 4))
        while True:
            self._is_wanted.clear()
            wait_s = every_s if await self._looked(retention) else _AGAIN_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._is_wanted.wait()
                    await asyncio.sleep(_AGAIN_S)

    async def _looked(self, retention: Retention) -> bool:
        try:
            self._set_stored(await asyncio.to_thread(retention.look_through, datetime.now(UTC)))
        except StoreError as error:
            self.counts.errors.inc()
            log.error("recordings cannot be looked through: %s", error)
            return False
        except Exception:
            log.exception("recordings cannot be looked through")
        return True

    def _set_stored(self, size: int) -> None:
        self._stored = size
        self.counts.stored_bytes.set(size)
