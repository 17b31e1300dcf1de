"""What each key used, by day (UTC): a table in sqlite that many servers may add to and that survives their SIGKILL.

UsageError   the file cannot be used; the message names it
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

_WAIT_S = 5.0  # for another process that writes


class UsageError(ValueError):
    """The file of usage cannot be used."""


@dataclass
class Use:
    """What was used; each is a column."""

    audio_s: float = 0.0
    utterances: int = 0
    sessions: int = 0
    uploads: int = 0
    upload_bytes: int = 0
    refusals: int = 0

    def add(self, other: "Use") -> None:
        """Add what `other` says."""
        for name in COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COLUMNS = tuple(field.name for field in fields(Use))
Place = tuple[str, str]  # the day, as 2026-01-31, and the name of the key

_TYPES = {"audio_s": "REAL"}
_TABLE = ", ".join(f"{name} {_TYPES.get(name, 'INTEGER')} NOT NULL" for name in COLUMNS)
_CREATE = f"CREATE TABLE IF NOT EXISTS usage (day TEXT, key TEXT, {_TABLE}, PRIMARY KEY (day, key)) WITHOUT ROWID"
_SUMS = ", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)
_ADD = f"INSERT INTO usage VALUES (?, ?{', ?' * len(COLUMNS)}) ON CONFLICT DO UPDATE SET {_SUMS}"
_BY = {"both": "day, key", "day": "day, ''", "key": "'', key"}


class UsageStore:
    """One connection to the file at `path`, which is made where there is none; one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open it; raises `UsageError`."""
        self._path, self._version = path, -1
        with _named(path):
            self._database = sqlite3.connect(path, timeout=_WAIT_S, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(_CREATE)
            self._database.commit()

    def add(self, used: Mapping[Place, Use]) -> None:
        """Add what was used, all or nothing; raises `UsageError`."""
        rows = [(*place, *(getattr(use, name) for name in COLUMNS)) for place, use in used.items()]
        with _named(self._path), self._database:
            self._database.executemany(_ADD, rows)

    def changed(self) -> bool:
        """Tell whether another connection wrote since the last look; true at the first. Raises `UsageError`."""
        with _named(self._path):
            (version,) = self._database.execute("PRAGMA data_version").fetchone()
        before, self._version = self._version, version
        return bool(version != before)

    def of_day(self, day: str) -> dict[str, Use]:
        """Return what each key used on `day`; raises `UsageError`."""
        with _named(self._path):
            rows = self._database.execute("SELECT * FROM usage WHERE day = ?", (day,)).fetchall()
        return {key: Use(*amounts) for _, key, *amounts in rows}

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def totals(
    path: Path, by: str = "both", key: str | None = None, since: str | None = None, until: str | None = None
) -> list[tuple[Place, Use]]:
    """Return what was used by day and key, or summed over the one or the other (`by`: both, day, key).

    `since` and `until` are days, both included; the place of what was summed over is empty.

    Raises:
        UsageError: there is no such file, or it is of another kind.
    """
    sums = ", ".join(f"SUM({name})" for name in COLUMNS)
    where = "(?1 IS NULL OR key = ?1) AND day >= ?2 AND day <= ?3"
    query = f"SELECT {_BY[by]}, {sums} FROM usage WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2"
    with _named(path):
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S)
        try:
            rows = database.execute(query, (key, since or "", until or "9999")).fetchall()
        finally:
            database.close()
    return [((day, name), Use(*amounts)) for day, name, *amounts in rows]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UsageError(f"the usage in {path} cannot be read or written: {error}") from None
