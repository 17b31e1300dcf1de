"""How often a key came within the last minute; loaded only where keys are asked for, it takes a while."""

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Windows:
    """A moving window of a minute for each key."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait_s(self, key: str, most: int) -> float:
        """Count that `key` comes now, 0; or say in how many seconds it may, having come `most` times in a minute."""
        item = RateLimitItemPerMinute(most)
        if self._limiter.hit(item, key):
            return 0.0
        return max(0.1, self._limiter.get_window_stats(item, key).reset_time - time.time())
