"""The one door of the server, for sockets and uploads: a slot is taken before anything is built for a caller.

    with admission.admit(Caller("live", "203.0.113.7:4711")) as slot:
        await admission.share(slot)

Live sessions and uploads are counted apart, so that slow uploads never lock out whoever speaks. Whose credential holds
was found out before (serving/guard/access.py); what it is good for is asked here. One per API process; everything runs
in its event loop.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from serving.guard.grant import ANONYMOUS, Grant, grant_of
from serving.guard.refusal import RefusedError
from serving.guard.usage.quotas import Account, Quotas
from serving.settings import ServerLimits
from undertone.protocol import ErrorCode

log = logging.getLogger("undertone.admission")

Kind = Literal["live", "upload"]
_PLURAL: dict[Kind, str] = {"live": "sessions", "upload": "uploads"}
_AGAIN: dict[Kind, str] = {"live": "connect", "upload": "send it"}


@dataclass(frozen=True)
class Caller:
    """Who asks: over a socket (`live`) or with a recording (`upload`), from which address, as host:port, and as whom.

    `upload_bytes` is what an upload says of its length, 0 where it does not.
    """

    kind: Kind
    address: str
    grant: Grant = ANONYMOUS
    upload_bytes: int = 0


class Slot:
    """What an admitted caller holds; `ending` is set once it has to end, `why` says for what reason."""

    def __init__(self, caller: Caller, account: Account) -> None:
        self.caller, self._account = caller, account
        self.ending, self.why = asyncio.Event(), _draining(caller.kind)
        self._to_tell: list[Callable[[], object]] = []

    @property
    def grant(self) -> Grant:
        """Who holds it."""
        return self.caller.grant

    @property
    def is_lost(self) -> bool:
        """Whether what came and was not heard yet is not to be heard: the key is no longer good for it."""
        return self.ending.is_set() and self.why.code is not ErrorCode.SERVER_DRAINING

    def when_ending(self, tell: Callable[[], object]) -> None:
        """Call `tell` when the slot has to be given back: answer what was heard, then leave."""
        self._to_tell.append(tell)
        if self.ending.is_set():
            tell()

    def end(self, why: RefusedError) -> None:
        """Tell whoever holds the slot to give it back because of `why`; the first reason holds."""
        if not self.ending.is_set():
            self.why = why
            self.ending.set()
            for tell in self._to_tell:
                tell()

    async def begin_everywhere(self) -> RefusedError | None:
        """Count among all servers; return why there may be no more."""
        return await self._account.begin(self.caller.kind, self.caller.upload_bytes)

    def heard(self, audio_s: float) -> None:
        """Count audio for the key of the caller; ends the slot where it is used up."""
        if why := self._account.heard(audio_s):
            self.end(why)

    def received(self, size: int) -> None:
        """Count bytes of an upload for the key of the caller; raises `RefusedError` where they are too many."""
        if why := self._account.received(size):
            raise why

    def answered(self) -> None:
        """Count an utterance for the key of the caller."""
        self._account.answered()

    def close(self) -> None:
        """Count what is left."""
        self._account.close()


class Admission:
    """Counts who is in; closed until `open`."""

    def __init__(self, limits: ServerLimits, quotas: Quotas | None = None) -> None:
        self._most: dict[Kind, int] = {"live": limits.max_sessions, "upload": limits.max_uploads}
        self._slots: dict[Kind, set[Slot]] = {"live": set(), "upload": set()}
        self._quotas = quotas or Quotas()
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

    def slots(self) -> list[Slot]:
        """Return all that are held."""
        return [slot for slots in self._slots.values() for slot in slots]

    @contextmanager
    def admit(self, caller: Caller) -> Iterator[Slot]:
        """Hold a slot for `caller` as long as the block lasts, or until there is no more time for it in a drain.

        Raises:
            RefusedError: the server goes down, is not ready yet or has no slot left, or the caller has used up its own.
        """
        if refused := self._refusal(caller):
            raise self._noted(caller, refused)
        self._quotas.meter.add(caller.grant.name, **{_PLURAL[caller.kind]: 1})
        slot = Slot(caller, Account(self._quotas, caller.grant))
        self._slots[caller.kind].add(slot)
        try:
            yield slot
        except asyncio.CancelledError:
            if not self.draining:
                raise
            log.warning("%s from %s was cut off: the server went down", caller.kind, caller.address)
        finally:
            self._slots[caller.kind].discard(slot)
            slot.close()

    async def share(self, slot: Slot) -> None:
        """Count `slot` among all servers that count together; one that is refused is to be given back.

        Raises:
            RefusedError: the key of its caller has used up its own at other servers.
        """
        if refused := await slot.begin_everywhere():
            kind, key = slot.caller.kind, slot.grant.name
            self._quotas.meter.add(key, **{_PLURAL[kind]: -1})  # it did not begin after all
            raise self._noted(slot.caller, refused)

    @property
    def counts_with_others(self) -> bool | None:
        """Whether it is known now what keys use at other servers; None where nobody is to be asked."""
        return self._quotas.counts.is_connected

    def _noted(self, caller: Caller, refused: RefusedError) -> RefusedError:
        log.info("refused %s from %s: %s, %s", caller.kind, caller.address, refused.code, refused)
        self._quotas.meter.add(caller.grant.name, refusals=1)
        return refused

    def check_draining(self, kind: Kind) -> None:
        """Raise `RefusedError` where the server goes down."""
        if self.draining:
            raise _draining(kind)

    def _refusal(self, caller: Caller) -> RefusedError | None:
        if self.draining:
            return _draining(caller.kind)
        if not self.is_open:
            return RefusedError(ErrorCode.SERVER_FULL, "the models are still loading; see /health")
        at_once = sum(slot.grant.name == caller.grant.name for slot in self._slots["live"])
        if refused := self._quotas.refusal(caller.grant, caller.kind, at_once, caller.upload_bytes):
            return refused
        most = self._most[caller.kind]
        if self.admitted(caller.kind) >= most:
            return RefusedError(ErrorCode.SERVER_FULL, f"all {most} {_PLURAL[caller.kind]} are taken")
        return None

    async def drain(self, within_s: float) -> None:
        """Admit nobody any more, tell those who are in, return when they left or after `within_s` seconds."""
        self.draining = True
        deadline_s = time.monotonic() + within_s
        log.info("draining %d sessions and %d uploads", self.admitted("live"), self.admitted("upload"))
        for slot in self.slots():
            slot.end(_draining(slot.caller.kind))
        while any(self._slots.values()) and time.monotonic() < deadline_s:
            await asyncio.sleep(0.02)


def caller(kind: Kind, connection: HTTPConnection) -> Caller:
    """Return who is behind a request or a socket."""
    client, length = connection.client, connection.headers.get("content-length", "")
    address = f"{client.host}:{client.port}" if client else "an unknown address"
    return Caller(kind, address, grant_of(connection.scope), int(length) if length.isdecimal() else 0)


def _draining(kind: Kind) -> RefusedError:
    message = f"the server is going down; {_AGAIN[kind]} again in a moment"
    return RefusedError(ErrorCode.SERVER_DRAINING, message)
