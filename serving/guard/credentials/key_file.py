"""The file of API keys: read again when it changes, changed by one process at a time, never half written.

KeyFileError   it cannot be read, or is none; the message names it
"""

import contextlib
import fcntl
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from serving.guard.credentials.file_state import state
from serving.guard.credentials.keys import NOBODY, Key, new_key, parts
from serving.guard.grant import Grant, Quota

log = logging.getLogger("undertone.guard")


class KeyFileError(ValueError):
    """The file cannot be used."""


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()


class KeyFile:
    """The keys in a file, as they are now: each question looks whether it changed.

    A file that can no longer be read takes no key from anybody; the log says so.
    """

    def __init__(self, path: Path) -> None:
        """Read `path`; raises `KeyFileError`."""
        self._path, self._seen = path, state(path)
        self._keys = {key.id: key for key in load(path)}

    def grant(self, text: str) -> Grant | None:
        """Return whom the text of a key stands for, None where it holds no longer or never did."""
        self.refresh()
        key_id, secret = parts(text) or ("", "")
        key = self._keys.get(key_id, NOBODY)
        return key.grant if key.holds(secret) else None

    def is_active(self, key_id: str) -> bool:
        """Tell whether the key `key_id` still holds, as of the last look."""
        key = self._keys.get(key_id)
        return key is not None and key.revoked is None

    def refresh(self) -> None:
        """Read the file again where it changed."""
        if (seen := state(self._path)) == self._seen:
            return
        self._seen = seen
        try:
            self._keys = {key.id: key for key in load(self._path)}
        except KeyFileError as error:
            log.warning("%s; the keys that were read before go on to hold", error)
        else:
            log.info("read %s again: %d keys", self._path.name, len(self._keys))


def load(path: Path) -> tuple[Key, ...]:
    """Return the keys in `path`.

    Raises:
        KeyFileError: it cannot be read, or holds anything else.
    """
    try:
        return _Content.model_validate_json(path.read_bytes()).keys
    except OSError as error:
        raise KeyFileError(f"the keys in {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise KeyFileError(f"{path} is no file of keys: {place + ': ' if place else ''}{fault['msg']}") from None


def add(path: Path, name: str, quota: Quota) -> str:
    """Add a key for `name` to `path`, which is made where there is none; return its text.

    Raises:
        KeyFileError: the file cannot be used.
        ValueError: a key of that name is there, or none can have it.
    """
    path = path.resolve()  # a link stays one
    with _locked(path):
        keys = load(path) if path.exists() else ()
        if any(key.name == name and not key.revoked for key in keys):
            raise ValueError(f"there is a key {name} in {path} already")
        key, text = new_key(name, quota)
        _write(path, [*keys, key])
    return text


def revoke(path: Path, which: str) -> Key:
    """Revoke the key of id or name `which` in `path`; return it.

    Raises:
        KeyFileError: the file cannot be used.
        ValueError: no key of that name or id holds.
    """
    path = path.resolve()
    with _locked(path):
        keys = load(path)
        found = next((key for key in keys if which in (key.id, key.name) and not key.revoked), None)
        if found is None:
            raise ValueError(f"no key {which} holds in {path}")
        _write(path, [key.as_revoked() if key is found else key for key in keys])
    return found


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    folder = os.open(path.parent, os.O_RDONLY)  # not the file: it is replaced
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _write(path: Path, keys: Sequence[Key]) -> None:
    content = _Content(keys=tuple(keys)).model_dump_json(indent=2, exclude_none=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            before = path.stat()
            owner = before.st_uid, before.st_gid
            if owner != (os.geteuid(), os.getegid()):  # whoever reads it may be another one than who changes it
                os.chown(name, *owner)
            Path(name).chmod(before.st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
