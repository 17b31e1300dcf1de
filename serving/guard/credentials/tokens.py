"""Tokens that others sign (JWT): which hold, and the quota that they carry.

A token names its bearer with `sub`, ends with `exp`, and may carry a quota: `"undertone": {"sessions": 2}`.
"""

from typing import Any

import jwt
from pydantic import ValidationError

from serving.guard.credentials.key_sets import KeySet, key_set
from serving.guard.grant import Grant, Quota
from serving.guard.policy import PolicyError, TokenRules
from serving.guard.refusal import unauthorized

CLAIM = "undertone"
WITH_KEYS = ("RS256", "ES256")
_WITH_SECRET = "HS256"
_SHORTEST_SECRET = 32  # bytes, RFC 7518
_LONGEST_NAME = 128


class Tokens:
    """Judges tokens by `rules`."""

    def __init__(self, rules: TokenRules) -> None:
        """Read the keys, if they are in a file; raises `PolicyError`."""
        if rules.secret is not None and len(rules.secret.encode()) < _SHORTEST_SECRET:
            raise PolicyError(f"--jwt-secret is too short to be safe: {_SHORTEST_SECRET} bytes at least")
        self._rules = rules
        self._keys: KeySet | None = key_set(rules.jwks, WITH_KEYS) if rules.jwks else None

    async def grant(self, token: str) -> Grant:
        """Return whom `token` stands for.

        Raises:
            RefusedError: it does not hold; the message says why.
        """
        try:
            claims = await self._claims(token)
            return _grant(claims, self._rules.leeway_s)
        except jwt.ExpiredSignatureError:
            raise unauthorized("the token has expired") from None
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, (CLAIM, *fault["loc"])))
            raise unauthorized(f"the token carries no quota that can be read: {place}: {fault['msg']}") from None
        except (jwt.PyJWTError, ArithmeticError, TypeError, ValueError) as error:  # of an infinite `exp`, say
            raise unauthorized(f"the token does not hold: {error}") from None

    async def _claims(self, token: str) -> dict[str, Any]:
        header, rules = jwt.get_unverified_header(token), self._rules
        if header.get("alg") == _WITH_SECRET and rules.secret is not None:
            key: Any = rules.secret
            algorithms = [_WITH_SECRET]
        elif header.get("alg") in WITH_KEYS and self._keys is not None:
            key, algorithms = await self._keys.key(header.get("kid")), [*WITH_KEYS]
        else:
            raise jwt.InvalidAlgorithmError(f"algorithm {str(header.get('alg'))[:16]!r} is not taken here")
        required = ["exp", "sub", *(["aud"] if rules.audience else []), *(["iss"] if rules.issuer else [])]
        options: Any = {"require": required, "verify_aud": rules.audience is not None}
        checked: dict[str, Any] = {"audience": rules.audience, "issuer": rules.issuer, "leeway": rules.leeway_s}
        return jwt.decode(token, key, algorithms, options, **checked)


def _grant(claims: dict[str, Any], leeway_s: float) -> Grant:
    name = str(claims["sub"])
    if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        raise jwt.InvalidTokenError("sub is no name")
    quota = Quota.model_validate(claims.get(CLAIM, {}))
    return Grant(f"jwt:{name}", quota, expires_s=float(claims["exp"]) + leeway_s)
