"""How close a server is to what it can bear, and what it does without, in this order: moods, partials, words.

    from 0.5    live moods come once a second (undertone/stream/session.py)
    from 0.75   no partials are asked for
    from 1.0    what would come too late gets no words (serving/workers/queue.py): finals are `audio_only`, `overload`

It is the time that the words of what was just said would wait for a worker, as a share of what they may, or the time
that live audio lately waited to be heard, as a share of `LATE_S`, whichever is more.
"""

import time
from collections.abc import Callable

LATE_S = 2.0
FEWER_MOODS, NO_PARTIALS, NO_WORDS = 0.5, 0.75, 1.0
_FORGOTTEN_S = 1.0  # after so long half of a delay is
_LOOK_EVERY_S = 0.05


class Pressure:
    """One per API process; `words` says how close the queue of words is to what may wait there."""

    def __init__(self, words: Callable[[], float] = lambda: 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.words, self._clock = words, clock
        self._late_s, self._heard_s = 0.0, 0.0
        self._looked_s, self._value = -_LOOK_EVERY_S, 0.0

    def heard(self, late_s: float) -> None:
        """Take by how much audio was heard later than it came."""
        self._late_s, self._heard_s = max(late_s, self._late), self._clock()

    @property
    def value(self) -> float:
        """What it is now, or was a moment ago: whoever hears asks for each frame."""
        if self._clock() - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s, self._value = self._clock(), max(self.words(), self.hearing)
        return self._value

    @property
    def hearing(self) -> float:
        """The part of it that is of live audio."""
        return self._late / LATE_S

    @property
    def _late(self) -> float:
        return float(self._late_s * 0.5 ** ((self._clock() - self._heard_s) / _FORGOTTEN_S))
