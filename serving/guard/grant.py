"""Whom a credential stands for, and how much of the server they may use."""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_Whole = Annotated[int, Field(ge=0, strict=True)]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Quota(BaseModel):
    """What one key may use; None: no bound of its own. A day is one of UTC, MB are 10^6 bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sessions: _Whole | None = None
    audio_minutes_per_day: _Amount | None = None
    connections_per_minute: Annotated[int, Field(ge=1, strict=True)] | None = None
    uploads_per_day: _Whole | None = None
    upload_mb_per_day: _Amount | None = None

    def given(self) -> dict[str, float]:
        """Return the bounds that there are, by their names."""
        return self.model_dump(exclude_none=True)

    def or_else(self, default: "Quota") -> "Quota":
        """Return these bounds, and those of `default` where there is none."""
        return default.model_copy(update=self.given())


UNBOUNDED = Quota()


@dataclass(frozen=True)
class Grant:
    """Who is let in: `name` stands in usage and logs, `key_id` names the API key, None where it is none.

    A token is good until `expires_s`, seconds of `time.time`; keys hold until they are revoked.
    """

    name: str
    quota: Quota = UNBOUNDED
    key_id: str | None = None
    expires_s: float = math.inf

    @property
    def is_anonymous(self) -> bool:
        """Whether no credential was asked for."""
        return self == ANONYMOUS


ANONYMOUS = Grant("anonymous")
_PLACE = "undertone.grant"  # in the scope of a request


def let_in(scope: MutableMapping[str, Any], grant: Grant) -> None:
    """Note in the ASGI `scope` of a request or a socket that it comes from `grant`."""
    scope[_PLACE] = grant


def grant_of(scope: MutableMapping[str, Any]) -> Grant:
    """Return from whom a request or a socket comes."""
    grant: Grant = scope.get(_PLACE, ANONYMOUS)
    return grant
