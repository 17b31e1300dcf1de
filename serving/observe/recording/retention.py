"""How long recordings are kept, and how much they take."""

import logging
from datetime import datetime, timedelta

from undertone.recorded.recording import found_in
from undertone.recorded.store import Store

log = logging.getLogger("undertone.recording")


class Retention:
    """Looks through a store now and then, in a thread; `keep_days` None: nothing is deleted."""

    def __init__(self, store: Store, keep_days: float | None) -> None:
        self._store = store
        self._keep = None if keep_days is None else timedelta(days=keep_days)
        self._began: dict[str, datetime] = {}

    def look_through(self, now: datetime) -> int:
        """Delete what is too old at `now`, and return how many bytes are left; raises `StoreError`."""
        sessions = self._store.sessions()
        old = {session for session, files in sessions.items() if self._is_old(session, files, now)}
        for session in old:
            self._store.delete(session)
            del self._began[session]
            log.info("the recording of session %s is deleted: it was kept long enough", session)
        return sum(sum(files.values()) for session, files in sessions.items() if session not in old)

    def _is_old(self, session: str, files: dict[str, int], now: datetime) -> bool:
        if self._keep is None:
            return False
        if session not in self._began:
            self._began[session] = found_in(self._store, session, files).began
        return now - self._began[session] > self._keep
