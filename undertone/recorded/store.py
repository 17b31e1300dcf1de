"""A store of recorded sessions: a folder, or any other place that fsspec has a URL for, such as s3://bucket/prefix.

Credentials and endpoints of such places are set as their libraries want them (AWS_ACCESS_KEY_ID, FSSPEC_S3_...).

StoreError   the store cannot be used, or a file of it is not there; the message names the store
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from undertone.recorded.layout import events_file, session_of

# A store that hangs is to be known as one that is away within half a minute: s3fs tries five times.
_PATIENCE = {"s3": {"config_kwargs": {"connect_timeout": 3, "read_timeout": 5, "retries": {"max_attempts": 0}}}}
_CHECK = ".check"


class StoreError(ValueError):
    """A store of recorded sessions cannot be used."""


class Store:
    """Files by their names, such as asr/SESSION.jsonl; for several threads, but one writer of a session."""

    def __init__(self, url: str) -> None:
        """Name the store; it is connected to when it is first used.

        Raises:
            StoreError: there is no such kind of place, or a package for it is missing.
        """
        from fsspec.core import url_to_fs  # a tenth of a second, which only those pay who record

        self.url = url
        try:
            self._files, root = url_to_fs(url, **_PATIENCE.get(url.partition("://")[0], {}))
        except (ImportError, ValueError) as error:
            raise StoreError(f"{url}: {error}") from None
        self._root = root.rstrip("/")
        self.is_folder = "file" in _protocols(self._files)

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all, in the place of one that is there; in a folder for its owner's eyes only.

        Raises:
            StoreError: it cannot be written.
        """
        with self._named():
            if self.is_folder:
                _replace(Path(self._path(name)), data)
            else:
                self._files.pipe_file(self._path(name), data)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; raises `StoreError`."""
        with self._named():
            return bytes(self._files.cat_file(self._path(name)))

    def remove(self, name: str) -> None:
        """Delete one file; raises `StoreError`."""
        with self._named():
            self._files.rm(self._path(name))

    def exists(self, name: str) -> bool:
        """Tell whether there is such a file; raises `StoreError`."""
        with self._named():
            self._files.invalidate_cache()
            return bool(self._files.exists(self._path(name)))

    def check(self) -> None:
        """Raise `StoreError` where the store is a folder of this machine that is not there."""
        if "file" in (self._files.protocol, *self._files.protocol) and not self._files.exists(self._root):
            raise StoreError(f"{self.url}: there is no such folder")

    def sessions(self) -> dict[str, dict[str, int]]:
        """Return the size in bytes of each file of each session, by their names; raises `StoreError`."""
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        with self._named():
            self._files.invalidate_cache()
            with suppress(FileNotFoundError):
                for path, info in self._files.find(self._root, detail=True).items():
                    name = path[len(self._root) :].lstrip("/")
                    if session := session_of(name):
                        found[session][name] = int(info.get("size") or 0)
        return dict(sorted(found.items()))

    def changed(self, name: str) -> datetime:
        """Return when a file was written; raises `StoreError`."""
        with self._named():
            changed: datetime = self._files.modified(self._path(name))
            return changed if changed.tzinfo else changed.replace(tzinfo=UTC)

    def delete(self, session: str) -> None:
        """Delete all that there is of `session`; raises `StoreError`.

        Its events go last, so that a deletion that was interrupted is found again; what a server that records it wrote
        meanwhile goes after them.
        """
        events = events_file(session)
        sound = f"raw/{session}"
        with self._named():
            for name in (sound, _partial(events), events, sound):
                self._files.invalidate_cache()
                with suppress(FileNotFoundError):
                    self._files.rm(self._path(name), recursive=True)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise StoreError(f"{self.url}: there is no {error.filename or error}") from None
        except Exception as error:  # each kind of place has its own
            raise StoreError(f"{self.url}: {getattr(error, 'strerror', None) or error}") from None


def check_store(url: str) -> None:
    """Make the folder of a store and write into it, so that a wrong one is found at once.

    Of other places it is asked no more than whether there is such a kind: they may be away when a server starts.

    Raises:
        StoreError: it is no folder that can be written to, or nothing that fsspec knows, or a package is missing.
    """
    from fsspec import get_filesystem_class
    from fsspec.utils import get_protocol

    try:
        kind = get_filesystem_class(get_protocol(url))
    except (ImportError, ValueError) as error:
        raise StoreError(f"{url}: {error}") from None
    if "file" in _protocols(kind):
        store = Store(url)
        store.write(_CHECK, b"")
        store.remove(_CHECK)


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _partial(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/.{file}.partial"


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = Path(_partial(str(path)))
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
