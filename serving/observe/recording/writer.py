"""The thread that writes recordings: one thing after the other, each until it succeeds, so that order holds.

What waits is bounded in bytes; what does not fit is refused at once, and whoever brought it goes on without.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from serving.observe.recording.counts import Counts
from serving.observe.recording.policy import MB
from undertone.recorded.store import Store, StoreError

log = logging.getLogger("undertone.recording")

MOST_WAITING_BYTES = 64 * MB
_RETRY_S = 1.0
_SLOW_S = 10.0  # a write that takes longer is said to get no answer

Write = Callable[[Store], None]


class Writer:
    """Does what it is given with `store`; `put` is for the event loop."""

    def __init__(self, store: Store, counts: Counts, most_bytes: int = MOST_WAITING_BYTES) -> None:
        self._store, self._counts, self._most = store, counts, most_bytes
        self._queue: queue.SimpleQueue[tuple[Write, int, str | None] | None] = queue.SimpleQueue()
        self._owed: list[str] = []  # what has to be done, in its order, and is not yet
        self._lock, self._over = threading.Lock(), threading.Event()
        self._waiting = 0
        self._is_away = False
        self._began_s: float | None = None  # of the write under way
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)

    def start(self) -> None:
        """Begin to write; after the fork."""
        self._thread.start()

    def put(self, write: Write, size: int, owed: str | None = None) -> bool:
        """Let `write` be called with the store once it is its turn; False where no `size` bytes may wait any more.

        What is `owed` is named in the log where the server goes down before it was done.
        """
        if self._began_s is not None and time.monotonic() - self._began_s > _SLOW_S:
            self._say_away(f"{self._store.url} does not answer")
        with self._lock:
            if size and self._waiting + size > self._most:
                return False
            self._waiting += size
            self._owed += [owed] if owed else []
        self._counts.waiting_bytes.inc(size)
        self._queue.put((write, size, owed))
        return True

    def close(self, within_s: float) -> None:
        """Write what waits as far as there is time; blocks."""
        self._queue.put(None)
        self._thread.join(within_s)
        self._over.set()
        if self._waiting:
            log.error("%.1f MB of recordings are lost: the server went down before they were written", self._mb)
        with self._lock:
            left = self._owed[:]  # the thread may still be at one
        for owed in left:
            log.error("the server went down before this was done: %s; see `undertone recordings`", owed)

    def _work(self) -> None:
        while (job := self._queue.get()) and not self._over.is_set():
            write, size, owed = job
            while not self._succeeds(write):
                if self._over.wait(_RETRY_S):
                    return
            with self._lock:
                self._waiting -= size
                if owed:
                    self._owed.remove(owed)
            self._counts.waiting_bytes.dec(size)

    def _succeeds(self, write: Write) -> bool:
        self._began_s = time.monotonic()
        try:
            write(self._store)
        except StoreError as error:
            self._counts.errors.inc()
            self._say_away(str(error))
            return False
        except Exception:
            self._counts.errors.inc()
            log.exception("a part of a recording cannot be written")  # a fault of ours: the next is not held up
            return True
        finally:
            self._began_s = None
        if self._is_away:
            log.warning("recordings are written again; %.1f MB wait", self._mb)
        self._is_away = False
        return True

    def _say_away(self, why: str) -> None:
        if not self._is_away:
            log.error("recordings cannot be written: %s; sessions go on, and it is tried again", why)
        self._is_away = True

    @property
    def _mb(self) -> float:
        return self._waiting / MB
