"""How loud the stream has lately been: the noise around speech, what belongs to an utterance, where its edges are.

It remembers levels (undertone/gate/edges.py) and knows nothing of probabilities. Where the noise comes close to the
level at which speech would start and end, that level says nothing, and the answer is None or False.
"""

from bisect import bisect_left, insort
from collections import deque
from itertools import pairwise

from undertone.audio import FRAME_SAMPLES
from undertone.gate.edges import SILENCE_DB, sounding
from undertone.gate.settings import VadSettings

STANDS_OUT_DB = 12.0  # so far above the noise a sound may be a shout
KNOWN_FRAMES = 15  # 480 ms: before, the noise is not known
FLOOR_FRAMES = 96  # 3 s: the noise around speech is the level that a tenth of them stays under


class Loudness:
    """The levels of the frames since a little before the utterance, and the loudest of it so far."""

    def __init__(self, vad: VadSettings) -> None:
        self._vad = vad
        self._frames: deque[tuple[int, float]] = deque()
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []  # the same levels
        self._peak_db = SILENCE_DB

    def remember(self, level_db: float, frame_start: int, oldest: int) -> None:
        """Take the level of the next frame and forget those that begin before `oldest`."""
        self._frames.append((frame_start, level_db))
        self._recent.append(level_db)
        insort(self._sorted, level_db)
        if len(self._recent) > FLOOR_FRAMES:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]
        while self._frames[0][0] < oldest:
            self._frames.popleft()

    def begin(self, rise: int, goes_on: bool) -> None:
        """Start an utterance whose first frame begins at `rise`; if it `goes_on`, it may be as loud as the last one."""
        peak_db = max(level_db for start, level_db in self._frames if start >= rise)
        self._peak_db = max(self._peak_db, peak_db) if goes_on else peak_db

    def follow(self, level_db: float) -> None:
        """Take the level of a frame of the utterance."""
        if level_db > self._peak_db:
            self._peak_db = level_db

    def stands_out(self, level_db: float) -> bool:
        """Return whether a frame of this level is louder than the noise so far, or too little is known of that."""
        known = len(self._recent) >= KNOWN_FRAMES
        return not known or level_db >= self._floor_db() + STANDS_OUT_DB

    def belongs(self, level_db: float) -> bool:
        """Return whether a frame of this level may be part of the utterance."""
        edge_db = self._edge_db(self._peak_db)
        return edge_db is not None and level_db >= edge_db

    def edges(self, earliest: int, rise_db: float) -> tuple[int, int] | None:
        """Return where sound starts and ends in the frames from `earliest` on, if speech grows by `rise_db` yet."""
        frames = [(start, level_db) for start, level_db in self._frames if start >= earliest]
        levels = [level_db for _, level_db in frames]
        edge_db = self._edge_db(max([self._peak_db, *levels]))
        found = None if edge_db is None else sounding(levels, edge_db + rise_db)
        return None if found is None else (frames[found[0]][0], frames[found[1] - 1][0] + FRAME_SAMPLES)

    def quietest(self, earliest: int, latest: int) -> int:
        """Return where, in the frames that begin in [earliest, latest], the second of the two quietest begins."""
        frames = [(start, level_db) for start, level_db in self._frames if earliest <= start <= latest]
        pairs = [(first[1] + second[1], second[0]) for first, second in pairwise(frames)]
        return min(pairs, key=lambda pair: (pair[0], -pair[1]))[1]

    def _edge_db(self, peak_db: float) -> float | None:
        edge_db = peak_db - self._vad.edge_drop_db
        return edge_db if edge_db >= self._floor_db() + self._vad.edge_floor_db else None

    def _floor_db(self) -> float:
        return self._sorted[len(self._sorted) // 10]
