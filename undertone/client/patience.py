"""When to come again to a server that refused a session and said after how long it makes sense."""

import math
import time
from collections.abc import Callable
from typing import Any

_SHORTEST_S = 0.1  # between two tries, whatever the server says


def waiting_time_s(told: Any) -> float | None:
    """Return the `retry_after_s` of an error frame, None where it is no time."""
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if is_number and 0 <= told < math.inf else None


class Patience:
    """Waits for `wait_s` at most, counted from the first refusal; 0 is no patience."""

    def __init__(self, wait_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._wait_s, self._clock = wait_s, clock
        self._ends_s: float | None = None

    def delay_s(self, told: Any) -> float | None:
        """Return after how many seconds to try again, the last time when the patience ends; None: give up.

        `told` is the `retry_after_s` of the refusal; one that names no time is final.
        """
        retry_after_s, now_s = waiting_time_s(told), self._clock()
        if self._ends_s is None:
            self._ends_s = now_s + self._wait_s
        left_s = self._ends_s - now_s
        if retry_after_s is None or left_s <= 0:
            return None
        return min(max(retry_after_s, _SHORTEST_S), left_s)
