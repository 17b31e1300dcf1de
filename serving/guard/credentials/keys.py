"""API keys: what a client is given, and what is kept of it.

A key is `ut_ID_SECRET`; its secret has 256 random bits, so that one round of SHA-256 with a salt is as good as many.
"""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.guard.grant import ANONYMOUS, UNBOUNDED, Grant, Quota

_FORM = re.compile(r"ut_([0-9a-f]{8})_([A-Za-z0-9_-]{16,128})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Hex = Annotated[str, Field(pattern="^([0-9a-f]{2})+$")]


class Key(BaseModel):
    """What is kept of a key; `digest` is SHA-256 of salt and secret, both times are UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Hex
    name: str
    salt: Hex
    digest: Hex
    created: str
    revoked: str | None = None
    quota: Quota = UNBOUNDED

    def holds(self, secret: str) -> bool:
        """Tell whether `secret` is that of this key and it was not revoked; takes as long either way."""
        same = hmac.compare_digest(_digest(self.salt, secret), self.digest)
        return same and self.revoked is None

    def as_revoked(self) -> "Key":
        """Return it as revoked now."""
        return self.model_copy(update={"revoked": now()})

    @property
    def grant(self) -> Grant:
        """Whom it stands for."""
        return Grant(self.name, self.quota, self.id)


def new_key(name: str, quota: Quota) -> tuple[Key, str]:
    """Return a key for `name` and its text, which is kept nowhere.

    Raises:
        ValueError: no key can have such a name.
    """
    if not _NAME.fullmatch(name) or name == ANONYMOUS.name:
        raise ValueError(f"{name!r} is no name for a key: letters, digits, dots, dashes and underscores, 64 at most")
    key_id, salt, secret = secrets.token_hex(4), secrets.token_hex(16), secrets.token_urlsafe(32)
    key = Key(id=key_id, name=name, salt=salt, digest=_digest(salt, secret), created=now(), quota=quota)
    return key, f"ut_{key_id}_{secret}"


def parts(text: str) -> tuple[str, str] | None:
    """Return id and secret of the text of a key, None where it has another form."""
    found = _FORM.fullmatch(text)
    return (found[1], found[2]) if found else None


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _digest(salt: str, secret: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + secret.encode()).hexdigest()


NOBODY = new_key("nobody", UNBOUNDED)[0]  # compared with where an id is unknown, so that this takes as long
