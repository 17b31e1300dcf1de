"""The one door of the server, for sockets and uploads: a slot is taken before anything is built for a caller.

    with admission.admit(Caller("live", "203.0.113.7:4711")) as slot: ...

Live sessions and uploads are counted apart, so that slow uploads never lock out whoever speaks. Credentials and quotas
belong here: a caller is refused by raising `RefusedError`. One per API process; everything runs in its event loop.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from serving.settings import ServerLimits
from undertone.protocol import ErrorCode

log = logging.getLogger("undertone.admission")

RETRY_AFTER_S = 5
Kind = Literal["live", "upload"]
_PLURAL: dict[Kind, str] = {"live": "sessions", "upload": "uploads"}


@dataclass(frozen=True)
class Caller:
    """Who asks: over a socket (`live`) or with a recording (`upload`), and from which address, as host:port."""

    kind: Kind
    address: str


class RefusedError(Exception):
    """A caller is not admitted: `code` is for programs, the message for people.

    The close code of `code` ends a socket, `status` answers a request; coming again makes sense after `retry_after_s`
    seconds.
    """

    def __init__(self, code: ErrorCode, message: str, status: int = 503) -> None:
        super().__init__(message)
        self.code, self.status, self.retry_after_s = code, status, RETRY_AFTER_S


class Slot:
    """What an admitted caller holds; `draining` is set once the server goes down."""

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self._to_tell: list[Callable[[], object]] = []

    def when_draining(self, tell: Callable[[], object]) -> None:
        """Call `tell` when the server goes down: answer what was heard, then leave."""
        self._to_tell.append(tell)
        if self.draining.is_set():
            tell()

    def drain(self) -> None:
        """Tell whoever holds the slot that the server goes down."""
        self.draining.set()
        for tell in self._to_tell:
            tell()


class Admission:
    """Counts who is in; closed until `open`."""

    def __init__(self, limits: ServerLimits) -> None:
        self._most: dict[Kind, int] = {"live": limits.max_sessions, "upload": limits.max_uploads}
        self._slots: dict[Kind, set[Slot]] = {"live": set(), "upload": set()}
        self.is_open = False
        self.draining = False

    def open(self) -> None:
        """Admit callers from now on: the models are loaded."""
        self.is_open = True

    def admitted(self, kind: Kind) -> int:
        """Return how many callers of `kind` hold a slot."""
        return len(self._slots[kind])

    def free(self, kind: Kind) -> int:
        """Return how many callers of `kind` may still come."""
        return self._most[kind] - self.admitted(kind)

    @contextmanager
    def admit(self, caller: Caller) -> Iterator[Slot]:
        """Hold a slot for `caller` as long as the block lasts, or until there is no more time for it in a drain.

        Raises:
            RefusedError: the server goes down, is not ready yet, or has no slot left.
        """
        if refused := self._refusal(caller):
            log.info("refused %s from %s: %s, %s", caller.kind, caller.address, refused.code, refused)
            raise refused
        slot = Slot()
        self._slots[caller.kind].add(slot)
        try:
            yield slot
        except asyncio.CancelledError:
            if not slot.draining.is_set():
                raise
            log.warning("%s from %s was cut off: the server went down", caller.kind, caller.address)
        finally:
            self._slots[caller.kind].discard(slot)

    def _refusal(self, caller: Caller) -> RefusedError | None:
        if self.draining:
            return RefusedError(ErrorCode.SERVER_DRAINING, "the server is going down; connect again in a moment")
        if not self.is_open:
            return RefusedError(ErrorCode.SERVER_FULL, "the models are still loading; see /health")
        most = self._most[caller.kind]
        if self.admitted(caller.kind) >= most:
            return RefusedError(ErrorCode.SERVER_FULL, f"all {most} {_PLURAL[caller.kind]} are taken")
        return None

    async def drain(self, within_s: float) -> None:
        """Admit nobody any more, tell those who are in, return when they left or after `within_s` seconds."""
        self.draining = True
        deadline_s = time.monotonic() + within_s
        log.info("draining %d sessions and %d uploads", self.admitted("live"), self.admitted("upload"))
        for slot in [slot for slots in self._slots.values() for slot in slots]:
            slot.drain()
        while any(self._slots.values()) and time.monotonic() < deadline_s:
            await asyncio.sleep(0.02)


def caller(kind: Kind, connection: HTTPConnection) -> Caller:
    """Return who is behind a request or a socket."""
    client = connection.client
    return Caller(kind, f"{client.host}:{client.port}" if client else "an unknown address")
