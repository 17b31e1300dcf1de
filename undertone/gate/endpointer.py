"""Finds utterances in a stream of hearings, one per 32 ms frame. Pure bookkeeping: no audio, no models, no clocks.

    IDLE -> SPEECH   the probability stays at or above the threshold for `start_ms`, or the last 480 ms hold `evidence`
    SPEECH -> IDLE   `endpoint_silence_ms` pass below the release threshold without a return of speech
    SPEECH -> SPEECH the utterance reaches `max_utterance_ms`: it is cut at its quietest recent frame

An utterance is announced once `min_speech_ms` of it were heard, or `evidence` in a sound that lasts; less is dropped
and nobody hears of it, so that every announced utterance ends and gets its verdict. Where speech starts and ends is
read off its levels (undertone/gate/edges.py); what is kept reaches from the earlier of the two onsets, by level and by
probability, to the later end, both padded. All positions are samples since the start of the stream.
"""

from collections import deque
from dataclasses import dataclass, field

from undertone.gate.clarity import Clarity
from undertone.gate.edges import FRAME_SAMPLES
from undertone.gate.hearing import Ended, Hearing, Started
from undertone.gate.levels import Loudness
from undertone.gate.settings import VadSettings

SAMPLES_PER_MS = 16
CUT_SEARCH_MS = 3000  # how far back from `max_utterance_ms` the quietest frame is looked for
EVIDENCE_FRAMES = 15  # 480 ms: a shout is believed before half a second of it has passed
LOOKBACK_FRAMES = 16  # 512 ms before the probability rose: where an onset by level may lie
RISE_DB = 5.0  # speech mostly grows louder: at its start the loudest frame is still to come by about so much
FOLLOW_UP_MS = 1000  # so long after an utterance its speaker is expected to go on


@dataclass
class Endpointer:
    """Feed it one hearing a frame; it answers with the utterances that begin and end there."""

    vad: VadSettings
    endpoint_silence_ms: int
    max_utterance_ms: int
    start: int = 0
    speech_start: int | None = None
    announced: bool = False
    silence_start: int | None = None
    _rise: int | None = None
    _goes_on: bool = False  # it follows so shortly on another that its speaker is known
    _free_from: int = 0  # end of the previous utterance: nothing of the next reaches behind it
    _recent: deque[tuple[int, Hearing]] = field(default_factory=lambda: deque(maxlen=EVIDENCE_FRAMES))

    def __post_init__(self) -> None:
        self._loudness, self._clarity = Loudness(self.vad), Clarity()

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is under way, announced or not."""
        return self.speech_start is not None

    @property
    def speaking(self) -> bool:
        """Whether an announced utterance is under way and not in a pause."""
        return self.announced and self.silence_start is None

    @property
    def speech_prob(self) -> float:
        """How clearly speech was heard in the utterance under way (undertone/gate/clarity.py)."""
        return self._clarity.mean

    def doubts(self, probability: float, level_db: float) -> bool:
        """Return whether a second ear can change anything at a frame of this probability (Silero's) and level."""
        if not self.announced:
            return self._loudness.stands_out(level_db)
        return probability < self.vad.doubt and self._loudness.belongs(level_db)

    def feed(self, hearing: Hearing, frame_start: int) -> list[Started | Ended]:
        """Take the next frame of 512 samples, which begins at `frame_start`."""
        frame_end = frame_start + FRAME_SAMPLES
        self._remember(hearing, frame_start)
        if self.speech_start is None:
            self._listen(hearing, frame_start, frame_end)
        else:
            self._follow(hearing, frame_start)
        if self.speech_start is None:
            return []
        return self._announce(frame_end) + self._conclude(frame_end)

    def end_now(self, position: int, cause: str) -> Ended | None:
        """End the utterance at `position` whatever the probabilities say; None if nothing worth a verdict was heard."""
        if self.speech_start is None:
            return None
        return self._end(position, position, cause)

    def _remember(self, hearing: Hearing, frame_start: int) -> None:
        self._recent.append((frame_start, hearing))
        horizon = frame_start if self.speech_start is None else min(self.start, self.speech_start)
        oldest = horizon - (EVIDENCE_FRAMES + LOOKBACK_FRAMES) * FRAME_SAMPLES
        self._loudness.remember(hearing.level_db, frame_start, oldest)

    @property
    def _evident(self) -> bool:
        return sum(hearing.second + hearing.probability / 2 for _, hearing in self._recent) >= self.vad.evidence

    def _listen(self, hearing: Hearing, frame_start: int, frame_end: int) -> None:
        if self._evident:
            self._begin(self._onset())
            return
        goes_on = self._follows(frame_start) and self._doubtful(hearing)
        if hearing.probability < self.vad.threshold and not goes_on:
            self._rise = None
            return
        self._rise = frame_start if self._rise is None else self._rise
        if frame_end - self._rise >= self.vad.start_ms * SAMPLES_PER_MS:
            self._begin(self._rise)

    def _onset(self) -> int:
        """Return where, in the frames that hold the evidence, the probability first rose above doubt."""
        doubtful = (start for start, hearing in self._recent if hearing.either >= self.vad.doubt)
        return next(doubtful, self._recent[0][0])

    def _begin(self, rise: int) -> None:
        self.speech_start = max(self._free_from, rise)
        self.start = max(self._free_from, rise - self.vad.pad_ms * SAMPLES_PER_MS)
        self.announced, self.silence_start, self._rise = False, None, None
        self._goes_on = self._follows(rise)
        self._loudness.begin(rise, self._goes_on)
        self._clarity = Clarity()
        for start, hearing in self._recent:
            if start >= self.speech_start:
                self._clarity.add(hearing.probability)

    def _follows(self, position: int) -> bool:
        """Return whether an utterance ended so shortly before `position` that its speaker may be going on."""
        return self._free_from > 0 and position - self._free_from < FOLLOW_UP_MS * SAMPLES_PER_MS

    def _follow(self, hearing: Hearing, frame_start: int) -> None:
        self._loudness.follow(hearing.level_db)
        self._clarity.add(hearing.probability)
        if hearing.probability >= self.vad.threshold or self._doubtful(hearing):
            self.silence_start = None
        elif hearing.probability < self.vad.release_threshold and self.silence_start is None:
            self.silence_start = frame_start

    def _doubtful(self, hearing: Hearing) -> bool:
        """Return whether `hearing`, which may or may not be speech, is loud enough to belong to the utterance."""
        return hearing.either >= self.vad.doubt and self._loudness.belongs(hearing.level_db)

    def _announce(self, frame_end: int) -> list[Started | Ended]:
        assert self.speech_start is not None
        if self.announced:
            return []
        onset, _ = self._edges(self.speech_start, frame_end, 0.0 if self._goes_on else RISE_DB)
        heard = (frame_end if self.silence_start is None else self.silence_start) - min(onset, self.speech_start)
        lasts = self._evident and self.silence_start is None  # a note of music can give evidence, but is soon over
        if heard < self.vad.min_speech_ms * SAMPLES_PER_MS and not lasts:
            return []
        self.announced = True
        if self.start > self._free_from:
            self.start = max(self._free_from, min(self.speech_start, onset) - self.vad.pad_ms * SAMPLES_PER_MS)
        return [Started(self.start, onset)]

    def _edges(self, rise: int, fall: int, rise_db: float = 0.0) -> tuple[int, int]:
        """Return where speech starts and ends by level; `rise` and `fall`, by probability, where levels cannot tell."""
        earliest = max(self._free_from, rise - LOOKBACK_FRAMES * FRAME_SAMPLES)
        return self._loudness.edges(earliest, rise_db) or (rise, fall)

    def _conclude(self, frame_end: int) -> list[Started | Ended]:
        silence = 0 if self.silence_start is None else frame_end - self.silence_start
        if silence >= self.endpoint_silence_ms * SAMPLES_PER_MS:
            ended = self._end(frame_end, frame_end, "silence")
            return [ended] if ended else []
        if self.announced and frame_end - self.start >= self.max_utterance_ms * SAMPLES_PER_MS:
            return self._cut(frame_end)
        return []

    def _cut(self, frame_end: int) -> list[Started | Ended]:
        cut, silence_start = self._quietest(frame_end), self.silence_start
        self.silence_start = None
        ended = self._ended(cut, frame_end, "max_length")
        self._free_from = cut
        self._begin(cut)
        if silence_start is not None:
            self.silence_start = max(cut, silence_start)
        return [ended, *self._announce(frame_end)]

    def _quietest(self, frame_end: int) -> int:
        # What is left after the cut must be long enough to be announced, so the last `min_speech_ms` are no candidates.
        assert self.speech_start is not None
        earliest = max(self.speech_start, frame_end - CUT_SEARCH_MS * SAMPLES_PER_MS)
        latest = frame_end - self.vad.min_speech_ms * SAMPLES_PER_MS - FRAME_SAMPLES
        return self._loudness.quietest(earliest, latest)

    def _end(self, position: int, decided: int, cause: str) -> Ended | None:
        ended = self._ended(position, decided, cause) if self.announced else None
        if ended:
            self._free_from = ended.end
        self.speech_start, self.announced, self.silence_start, self._rise = None, False, None, None
        self._recent.clear()
        return ended

    def _ended(self, position: int, decided: int, cause: str) -> Ended:
        assert self.speech_start is not None
        fall = position if self.silence_start is None else self.silence_start
        onset, offset = self._edges(self.speech_start, fall)
        end = min(position, max(fall, offset) + self.vad.pad_ms * SAMPLES_PER_MS)
        edges = max(self.start, onset), min(end, offset)
        return Ended(self.start, end, *edges, decided, cause, self.speech_prob)
