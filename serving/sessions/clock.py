"""The clock of a session: how far its audio is ahead of the time, and the time without what it chose to wait."""

import time

from undertone.audio import RATE_HZ


class SessionClock:
    """When the audio began, and for how long the session chose to wait: entered while it does. Times in seconds."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._held_s = 0.0
        self._holding_since_s: float | None = None

    def begin(self) -> None:
        """The first audio is here; later calls change nothing."""
        self._began_s = time.monotonic() if self._began_s is None else self._began_s

    def ahead_s(self, samples: int) -> float:
        """Return by how much `samples` at 16 kHz are ahead of the time that passed since the first."""
        return 0.0 if self._began_s is None else samples / RATE_HZ - (time.monotonic() - self._began_s)

    def working_s(self) -> float:
        """Return `time.monotonic` without the time spent waiting."""
        now_s = time.monotonic() if self._holding_since_s is None else self._holding_since_s
        return now_s - self._held_s

    def back(self, samples: int) -> None:
        """A client is back after a loss, and what it held meanwhile comes at once: `samples` heard are in time now."""
        if self._began_s is not None:
            self._began_s = max(self._began_s, time.monotonic() - samples / RATE_HZ)

    def __enter__(self) -> None:
        self._holding_since_s = time.monotonic()

    def __exit__(self, *exception: object) -> None:
        assert self._holding_since_s is not None
        self._held_s += time.monotonic() - self._holding_since_s
        self._holding_since_s = None
