"""The guard of a running server: says whom a credential stands for, counts what they use, ends what no longer holds."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from serving.guard.credentials.key_file import KeyFile
from serving.guard.credentials.keys import parts
from serving.guard.grant import ANONYMOUS, Grant
from serving.guard.policy import Access, PolicyError, SharedRules, TokenRules
from serving.guard.refusal import RefusedError, unauthorized
from serving.guard.usage.counts import Alone, Counts
from serving.guard.usage.meter import Meter
from serving.guard.usage.quotas import Quotas
from serving.guard.usage.store import UsageStore

if TYPE_CHECKING:
    from serving.guard.credentials.tokens import Tokens

log = logging.getLogger("undertone.guard")

_LOOK_S = 0.25  # how often keys are looked at and usage is written


class Held(Protocol):
    """A slot, as far as the guard knows it."""

    @property
    def grant(self) -> Grant:
        """Who holds it."""

    def end(self, why: RefusedError) -> None:
        """Give it back."""


class Guard:
    """One per API process."""

    def __init__(self, access: Access) -> None:
        """Read keys and open the file of usage; raises `KeyFileError`, `PolicyError` or `UsageError`."""
        self._access = access
        self._keys = KeyFile(access.keys) if access.keys else None
        self._tokens = _tokens(access.tokens) if access.tokens else None
        if access.usage:
            UsageStore(access.usage).close()  # sqlite must not be open across the fork
        self.meter = Meter()
        counts = _shared(access.shared) if access.shared else Alone()
        self.quotas = Quotas(self.meter, access.quota, counts=counts)

    async def grant(self, credential: str | None) -> Grant:
        """Return whom `credential` stands for; everybody is anonymous where none is asked for.

        Raises:
            RefusedError: there is none, or it does not hold.
        """
        if self._access.is_open:
            return ANONYMOUS
        if credential is None:
            raise unauthorized("a key is needed: show one as Authorization: Bearer KEY, or as /asyncapi.yaml says")
        if self._tokens and not parts(credential):
            return await self._tokens.grant(credential)
        if self._keys and (found := self._keys.grant(credential)):
            return found
        raise unauthorized("this key does not hold")

    @contextlib.asynccontextmanager
    async def watching(self, held: Callable[[], Iterable[Held]]) -> AsyncIterator[None]:
        """Inside, end what is held with keys that were revoked or tokens that expired, write usage, count with others.

        All of it four times a second.
        """
        store = UsageStore(self._access.usage) if self._access.usage else None
        self.meter.write_to(store)
        await self.meter.write()  # reads what was used today before
        over = asyncio.Event()
        watching = asyncio.create_task(self._watch(held, over))
        try:
            async with self.quotas.counts.running():
                yield
        finally:
            over.set()
            await watching
            if store:
                store.close()

    async def _watch(self, held: Callable[[], Iterable[Held]], over: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await over.wait()
            last = over.is_set()
            try:
                self._end_revoked(held())
                _end_expired(held())
                await self.meter.write()
            except Exception:
                log.exception("the guard cannot look after keys and usage")
            if last:
                return

    def _end_revoked(self, held: Iterable[Held]) -> None:
        if self._keys is None:
            return
        self._keys.refresh()
        for slot in held:
            if slot.grant.key_id and not self._keys.is_active(slot.grant.key_id):
                slot.end(unauthorized("this key was revoked"))


def _end_expired(held: Iterable[Held]) -> None:
    now_s = time.time()
    for slot in held:
        if now_s > slot.grant.expires_s:
            slot.end(unauthorized("the token has expired: come again with another"))


def _tokens(rules: TokenRules) -> "Tokens":
    from serving.guard.credentials.tokens import Tokens  # PyJWT takes a tenth of a second to load

    return Tokens(rules)


def _shared(rules: SharedRules) -> Counts:
    try:
        from serving.guard.usage.shared import RedisCounts  # as long to load, and an extra
    except ModuleNotFoundError:
        raise PolicyError("--redis needs a package more: pip install 'undertone[redis]'") from None
    return RedisCounts(rules)
