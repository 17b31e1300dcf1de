"""What servers that count together know of a key: the seam between quotas and where they are held.

Counts   what is asked of it; `Alone` for one server, serving/guard/usage/shared.py for many of them
"""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from serving.guard.grant import Quota
from serving.guard.usage.store import Use


class CountsAwayError(Exception):
    """Nobody says what other servers count, and the operator wants keys to be refused then."""


@dataclass(frozen=True)
class Asking:
    """A session (`kind` "live") or upload that `key` begins, which has the bounds of `quota`; `lease` names it."""

    lease: str
    key: str
    kind: str
    quota: Quota
    upload_bytes: int = 0


@dataclass(frozen=True)
class Full:
    """The bound that is used up, by its name in `Quota`; None seconds: until midnight."""

    bound: str
    wait_s: float | None = None


class Counts(Protocol):
    """What keys use at all servers, for the event loop of one of them.

    A server holds its own bounds as well: this tells what the others add to them.
    """

    @property
    def is_connected(self) -> bool | None:
        """Whether the others are heard of now; None where there are none."""

    async def begin(self, asking: Asking) -> Full | None:
        """Count a session or upload if all its bounds leave room for it, at once for all servers; else say which not.

        Raises:
            CountsAwayError: nobody knows, and that is not good enough.
        """

    def end(self, lease: str) -> None:
        """Give back what was begun; harmless for what never was."""

    def add(self, key: str, audio_s: float = 0.0, upload_bytes: float = 0) -> None:
        """Count what a session or upload of `key` used."""

    def used(self, key: str) -> Use:
        """Return what `key` used at all servers since midnight, UTC, as far as it is known here."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Exchange with the others inside."""


class Alone:
    """One server: nobody else counts."""

    is_connected = None

    async def begin(self, asking: Asking) -> Full | None:
        """Let it begin."""
        return None

    def end(self, lease: str) -> None:
        """Forget it."""

    def add(self, key: str, audio_s: float = 0.0, upload_bytes: float = 0) -> None:
        """Leave it to the meter."""

    def used(self, key: str) -> Use:
        """Return nothing."""
        return Use()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing."""
        yield
