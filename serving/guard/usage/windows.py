"""How often a key came within the last minute.

Not the library `limits`: its memory starts a thread for each count, and goes by a clock that people set.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable

_MINUTE_S = 60.0


class Windows:
    """A moving window of a minute for each key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._came = clock, defaultdict[str, deque[float]](deque)

    def wait_s(self, key: str, most: int) -> float:
        """Count that `key` comes now, 0; or say in how many seconds it may, having come `most` times in a minute."""
        now_s, came = self._clock(), self._came[key]
        while came and came[0] <= now_s - _MINUTE_S:
            came.popleft()
        if len(came) >= most:
            return came[-most] + _MINUTE_S - now_s
        came.append(now_s)
        return 0.0
