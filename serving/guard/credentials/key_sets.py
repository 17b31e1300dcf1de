"""The public keys of whoever signs tokens (JWKS), from a file that may change or from a URL that is asked again."""

import asyncio
import json
import logging
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from serving.guard.credentials.file_state import State, state
from serving.guard.policy import PolicyError
from serving.guard.refusal import unauthorized

log = logging.getLogger("undertone.guard")

_FRESH_S, _AGAIN_S, _TIMEOUT_S = 300.0, 10.0, 5.0


class KeySet(Protocol):
    """Keys by their ids."""

    async def key(self, kid: str | None) -> PyJWK:
        """Return the key `kid`, the only one where a token names none.

        Raises:
            jwt.InvalidTokenError: there is none.
            RefusedError: nobody can say just now.
        """


def key_set(place: str, algorithms: Collection[str]) -> KeySet:
    """Return the keys at `place`, a file or a URL, as far as they are for one of `algorithms`.

    Raises:
        PolicyError: the file cannot be read or is none.
    """
    if place.startswith(("https://", "http://")):
        return _AtUrl(place, algorithms)
    return _InFile(Path(place), algorithms)


class _InFile:
    def __init__(self, path: Path, algorithms: Collection[str]) -> None:
        self._path, self._algorithms = path, algorithms
        self._seen: State | None = (0, 0, 0)
        self._keys: dict[str | None, PyJWK] = {}
        self._read()

    async def key(self, kid: str | None) -> PyJWK:
        try:
            self._read()
        except PolicyError as error:
            log.warning("%s; the keys that were read before go on to hold", error)
        return _chosen(self._keys, kid)

    def _read(self) -> None:
        try:
            seen = state(self._path)
            if seen != self._seen:
                self._seen = seen
                self._keys = _usable(json.loads(self._path.read_bytes()), self._algorithms)
        except OSError as error:
            raise PolicyError(f"--jwt-jwks {self._path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise PolicyError(f"--jwt-jwks {self._path} holds no keys: {error}") from None


class _AtUrl:
    """Asks when the keys grow old or a new one is named, never more often than every ten seconds."""

    def __init__(self, url: str, algorithms: Collection[str]) -> None:
        self._client, self._algorithms = PyJWKClient(url, cache_jwk_set=False, timeout=_TIMEOUT_S), algorithms
        self._keys: dict[str | None, PyJWK] = {}
        self._asked_s = -_FRESH_S
        self._asking = asyncio.Lock()

    async def key(self, kid: str | None) -> PyJWK:
        async with self._asking:
            age_s = time.monotonic() - self._asked_s
            if age_s >= _FRESH_S or (age_s >= _AGAIN_S and kid not in self._keys):
                await self._ask()
        if not self._keys:
            raise unauthorized("the keys of the tokens cannot be had just now", int(_AGAIN_S))
        return _chosen(self._keys, kid)

    async def _ask(self) -> None:
        self._asked_s = time.monotonic()
        try:
            self._keys = _usable(await asyncio.to_thread(self._client.fetch_data), self._algorithms)
        except (jwt.PyJWKClientError, ValueError) as error:
            log.warning("the keys of the tokens cannot be had: %s", error)


def _usable(content: Any, algorithms: Collection[str]) -> dict[str | None, PyJWK]:
    """Return the keys in `content` for `algorithms` by their ids; raises ValueError where there are none."""
    if not isinstance(content, Mapping):
        raise ValueError("it is no JSON object")
    try:
        keys = PyJWKSet.from_dict(dict(content)).keys
    except jwt.PyJWTError as error:
        raise ValueError(str(error)) from None
    usable = {key.key_id: key for key in keys if key.algorithm_name in algorithms}
    if not usable:
        raise ValueError(f"none is for {' or '.join(algorithms)}")
    return usable


def _chosen(keys: Mapping[str | None, PyJWK], kid: str | None) -> PyJWK:
    found = keys.get(kid) or (next(iter(keys.values())) if kid is None and len(keys) == 1 else None)
    if found is None:
        raise jwt.InvalidTokenError("its key is not known")
    return found
