"""How loud the stream has lately been: the noise around speech, what belongs to an utterance, where its edges are.

It remembers levels (contract/edges.py) and knows nothing of probabilities. Where the noise comes close to the level at
which speech would start and end, that level says nothing, and the answer is None or False.
"""

from collections import deque
from itertools import pairwise

from contract.edges import FRAME_SAMPLES, SILENCE_DB, sounding
from contract.vad import VadSettings

FLOOR_FRAMES = 96  # 3 s: the noise around speech is the level that a tenth of them stays under


class Loudness:
    """The levels of the frames since a little before the utterance, and the loudest of it so far."""

    def __init__(self, vad: VadSettings) -> None:
        self._vad = vad
        self._frames: deque[tuple[int, float]] = deque()
        self._recent: deque[float] = deque(maxlen=FLOOR_FRAMES)
        self._peak_db = SILENCE_DB

    def remember(self, level_db: float, frame_start: int, oldest: int) -> None:
        """Take the level of the next frame and forget those that begin before `oldest`."""
        self._frames.append((frame_start, level_db))
        self._recent.append(level_db)
        while self._frames[0][0] < oldest:
            self._frames.popleft()

    def begin(self, rise: int, goes_on: bool) -> None:
        """Start an utterance whose first frame begins at `rise`; if it `goes_on`, it may be as loud as the last one."""
        peak_db = max(level_db for start, level_db in self._frames if start >= rise)
        self._peak_db = max(self._peak_db, peak_db) if goes_on else peak_db

    def follow(self, level_db: float) -> None:
        """Take the level of a frame of the utterance."""
        self._peak_db = max(self._peak_db, level_db)

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
        floor_db = sorted(self._recent)[len(self._recent) // 10]
        edge_db = peak_db - self._vad.edge_drop_db
        return edge_db if edge_db >= floor_db + self._vad.edge_floor_db else None
