"""The settings of `undertone serve` that say who may use it, and how much.

They are settings like those of operator.py, which begin with these.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from serving.guard.grant import Quota
from serving.guard.policy import READERS, Access, PolicyError, SharedRules, TokenRules, UrlRules
from serving.guard.tls import Tls
from serving.settings import checks

SWITCHES = ("no_auth",)  # flags that mean "on" without a value

_MOST = 1_000_000
_Reader = Annotated[str, BeforeValidator(checks.choice(*READERS))]
_Count = Annotated[int, BeforeValidator(checks.whole(0, _MOST))] | None
_Amount = Annotated[float, BeforeValidator(checks.amount)] | None


def _setting(about: str, metavar: str, default: Any = None) -> Any:
    return Field(default=default, description=about, json_schema_extra={"metavar": metavar})


def _parts(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


class AccessSettings(BaseSettings):
    """Credentials, addresses, pages, TLS and the quota of a key that has none of its own."""

    no_auth: Annotated[str, BeforeValidator(checks.choice("on", "off"))] = _setting(
        "ask nobody for a key; else one is needed wherever others reach the server", "{on,off}", "off"
    )
    keys: Path | None = _setting("API keys, see `undertone keys`; read again when it changes", "FILE")
    jwt_secret: SecretStr | None = _setting("take tokens signed so (HS256); better as UNDERTONE_JWT_SECRET", "TEXT")
    jwt_jwks: str | None = _setting("take tokens signed with one of these keys (RS256, ES256)", "FILE|URL")
    jwt_audience: str | None = _setting("what `aud` of a token must be", "TEXT")
    jwt_issuer: str | None = _setting("what `iss` of a token must be", "TEXT")
    allow_ips: Annotated[str, BeforeValidator(checks.networks)] | None = _setting(
        "who may connect at all, such as 10.0.0.0/8 (default: everybody)", "CIDR,..."
    )
    forwarded_allow_ips: str = _setting(
        "proxies that are believed when they name the client's address", "ADDRESS,...|*", "127.0.0.1"
    )
    info_access: _Reader = _setting("who may read /info", "{" + ",".join(READERS) + "}", "key")
    metrics_access: _Reader = _setting("who may read /metrics", "{" + ",".join(READERS) + "}", "key")
    quota_sessions: _Count = _setting("sessions at once of a key (default: no bound)", "N")
    quota_audio_minutes: _Amount = _setting("audio of a key in a day, UTC (default: no bound)", "MINUTES")
    quota_connections: Annotated[int, BeforeValidator(checks.whole(1, _MOST))] | None = _setting(
        "sessions and uploads that a key may begin in a minute (default: no bound)", "N"
    )
    quota_uploads: _Count = _setting("uploads of a key in a day (default: no bound)", "N")
    quota_upload_mb: _Amount = _setting("MB of uploads of a key in a day (default: no bound)", "MB")
    redis: SecretStr | None = _setting(
        "hold sessions and quotas of keys across all servers with this Redis, such as redis://host:6379/0", "URL"
    )
    redis_away: Annotated[str, BeforeValidator(checks.choice("open", "closed"))] = _setting(
        "while it does not answer: each server counts alone, or keys with quotas are refused", "{open,closed}", "open"
    )
    allow_urls: Annotated[str, BeforeValidator(checks.prefixes)] | None = _setting(
        "take recordings by address from below these, such as s3://bucket/,https://host/ (default: none)", "PREFIX,..."
    )
    allow_url_networks: Annotated[str, BeforeValidator(checks.networks)] | None = _setting(
        "networks that are not of the internet and may be asked for them all the same (default: none)", "CIDR,..."
    )
    usage: Path | None = _setting("count what each key uses in this sqlite file, see `undertone usage`", "FILE")
    ssl_certfile: Path | None = _setting("serve TLS with this certificate, and those that it hangs on", "FILE")
    ssl_keyfile: Path | None = _setting("its key, where it is not in the same file", "FILE")
    ssl_keyfile_password: SecretStr | None = _setting("of the key, if it has one", "TEXT")

    def access_from(self, origins: Sequence[str]) -> Access:
        """Return who may use the server, with pages of `origins` among them."""
        return Access(
            keys=self.keys,
            tokens=self._tokens,
            no_auth=self.no_auth == "on",
            quota=self._quota,
            usage=self.usage,
            shared=SharedRules(self.redis.get_secret_value(), self.redis_away == "closed") if self.redis else None,
            addresses=_parts(self.allow_ips),
            urls=UrlRules(_parts(self.allow_urls), _parts(self.allow_url_networks)),
            origins=origins,
            readers={"/info": self.info_access, "/metrics": self.metrics_access},
        )

    @property
    def tls(self) -> Tls | None:
        """The certificate, None where there is none."""
        if self.ssl_certfile is None:
            if self.ssl_keyfile:
                raise PolicyError("--ssl-keyfile is the key of a certificate: name that with --ssl-certfile")
            return None
        password = self.ssl_keyfile_password.get_secret_value() if self.ssl_keyfile_password else None
        return Tls(self.ssl_certfile, self.ssl_keyfile, password)

    @property
    def _tokens(self) -> TokenRules | None:
        secret = self.jwt_secret.get_secret_value() if self.jwt_secret else None
        if secret is None and self.jwt_jwks is None:
            return None
        return TokenRules(secret, self.jwt_jwks, self.jwt_audience, self.jwt_issuer)

    @property
    def _quota(self) -> Quota:
        return Quota(
            sessions=self.quota_sessions,
            audio_minutes_per_day=self.quota_audio_minutes,
            connections_per_minute=self.quota_connections,
            uploads_per_day=self.quota_uploads,
            upload_mb_per_day=self.quota_upload_mb,
        )
