"""What the operator wants of the guard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serving.guard.grant import UNBOUNDED, Quota

READERS = ("key", "all", "local", "off")


class PolicyError(ValueError):
    """The server must not start so; the message says what to set."""


@dataclass(frozen=True)
class TokenRules:
    """Which tokens hold: signed with `secret` (HS256) or a key of `jwks` (RS256, ES256), a file or a URL.

    `audience` and `issuer` must stand in them where they are given; clocks may differ by `leeway_s` seconds.
    """

    secret: str | None = field(default=None, repr=False)
    jwks: str | None = None
    audience: str | None = None
    issuer: str | None = None
    leeway_s: float = 10.0


@dataclass(frozen=True)
class SharedRules:
    """Servers with the same Redis at `url` count together; while it is away keys with quotas are refused (`closed`)."""

    url: str = field(repr=False)
    closed: bool = False


@dataclass(frozen=True)
class UrlRules:
    """Where recordings may be fetched from: below `prefixes`, and within `networks` that are not of the internet."""

    prefixes: Sequence[str] = ()
    networks: Sequence[str] = ()


@dataclass(frozen=True)
class Access:
    """Who may use the server: `readers` of paths such as /info are each one of `READERS`, `origins` pages of elsewhere.

    Without `keys` and `tokens` everybody may, as far as `addresses` hold them; `usage` is the file where it is counted.
    """

    keys: Path | None = None
    tokens: TokenRules | None = None
    no_auth: bool = False
    quota: Quota = UNBOUNDED
    usage: Path | None = None
    shared: SharedRules | None = None
    addresses: Sequence[str] = ()
    origins: Sequence[str] = ()
    readers: dict[str, str] = field(default_factory=dict)
    urls: UrlRules = UrlRules()

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked for a credential."""
        return self.keys is None and self.tokens is None
