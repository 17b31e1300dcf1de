"""Finds utterances in a stream of hearings, one per 32 ms frame. Pure bookkeeping: no audio, no models, no clocks.

    Idle <---> Rising ---> Heard ---> Announced <---> Paused        the states: undertone/gate/states.py
      ^                    |   ^          |             |
      |                    |   +----------+-------------+           cut at `max_utterance_ms`
      +--------------------+--------------+-------------+           silence, `end_now`

    Idle -> Rising               the probability reaches the threshold
    Rising -> Idle               it falls below it within `start_ms`
    Idle, Rising -> Heard        it stayed there for `start_ms`, or the last 480 ms hold `evidence`
    Heard -> Announced, Paused   `min_speech_ms` of it were heard, or `evidence` in a sound that lasts: Started
    Announced <-> Paused         below the release threshold, and speech again
    Announced, Paused -> Heard   `max_utterance_ms`: Ended at the quietest recent frame, the rest is an utterance anew
    Heard, Paused -> Idle        `endpoint_silence_ms` without speech: Ended, or dropped if it was never announced
    Paused -> Paused             `allow`: this pause may last another time, after which it is Ended
    Heard ... Paused -> Idle     `end_now`: the same at once

Nobody hears of what is dropped, so that every announced utterance ends and gets its verdict. Where speech starts and
ends is read off its levels (undertone/gate/edges.py); what is kept reaches from the earlier of the two onsets, by level
and by probability, to the later end, both padded. All positions are samples since the start of the stream.
"""

from collections import deque
from dataclasses import replace

from undertone.audio import FRAME_SAMPLES, SAMPLES_PER_MS
from undertone.gate.clarity import Clarity
from undertone.gate.hearing import Ended, Hearing, Started
from undertone.gate.levels import Loudness
from undertone.gate.settings import VadSettings
from undertone.gate.states import Announced, Heard, Idle, Paused, Rising, Utterance

CUT_SEARCH_MS = 3000  # how far back from `max_utterance_ms` the quietest frame is looked for
EVIDENCE_FRAMES = 15  # 480 ms: a shout is believed before half a second of it has passed
LOOKBACK_FRAMES = 16  # 512 ms before the probability rose: where an onset by level may lie
RISE_DB = 5.0  # speech mostly grows louder: at its start the loudest frame is still to come by about so much
FOLLOW_UP_MS = 1000  # so long after an utterance its speaker is expected to go on

# What a cut leaves of an utterance may be a word long before it, and silence since.
CLARITY_FRAMES = CUT_SEARCH_MS * SAMPLES_PER_MS // FRAME_SAMPLES + EVIDENCE_FRAMES

_ANNOUNCED = (Announced, Paused)
_REMEMBERED = (EVIDENCE_FRAMES + LOOKBACK_FRAMES) * FRAME_SAMPLES  # before an utterance
_IDLE = Idle()


class Endpointer:
    """Feed it one hearing a frame; it answers with the utterances that begin and end there."""

    def __init__(self, vad: VadSettings, endpoint_silence_ms: int, max_utterance_ms: int) -> None:
        self._vad, self._pad = vad, vad.pad_ms * SAMPLES_PER_MS
        self._endpoint_silence, self._longest = endpoint_silence_ms * SAMPLES_PER_MS, max_utterance_ms * SAMPLES_PER_MS
        self._state: Idle | Rising | Utterance = _IDLE
        self._free_from = 0  # end of the previous utterance: nothing of the next reaches behind it
        self._recent: deque[tuple[int, Hearing]] = deque(maxlen=EVIDENCE_FRAMES)
        self._evidence: deque[float] = deque(maxlen=EVIDENCE_FRAMES)  # of the same frames
        self._probabilities: deque[tuple[int, float]] = deque(maxlen=CLARITY_FRAMES)
        self._loudness, self._clarity = Loudness(vad), Clarity()

    @property
    def start(self) -> int:
        """Where the utterance under way begins, announced or not; while there is none, where it may at the earliest."""
        return self._state.start if isinstance(self._state, Utterance) else self._free_from

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is under way, announced or not."""
        return isinstance(self._state, Utterance)

    @property
    def announced(self) -> bool:
        """Whether an announced utterance is under way."""
        return isinstance(self._state, _ANNOUNCED)

    @property
    def speaking(self) -> bool:
        """Whether an announced utterance is under way and not in a pause."""
        return isinstance(self._state, Announced)

    @property
    def paused_since(self) -> int | None:
        """Where the pause under way in an announced utterance began; None while there is none."""
        return self._state.silence_start if isinstance(self._state, Paused) else None

    @property
    def speech_prob(self) -> float:
        """How clearly speech was heard in the utterance under way, or the last one (undertone/gate/clarity.py)."""
        return self._clarity.mean

    def doubts(self, probability: float, level_db: float) -> bool:
        """Return whether a second ear can change anything at a frame of this probability (Silero's) and level."""
        if not isinstance(self._state, _ANNOUNCED):
            return self._loudness.stands_out(level_db)
        return probability < self._vad.doubt and self._loudness.belongs(level_db)

    def feed(self, hearing: Hearing, frame_start: int) -> list[Started | Ended]:
        """Take the next frame of 512 samples, which begins at `frame_start`."""
        self._remember(hearing, frame_start)
        if isinstance(self._state, Utterance):
            self._state = self._follow(self._state, hearing, frame_start)
        else:
            self._state = self._listen(self._state, hearing, frame_start)
        frame_end = frame_start + FRAME_SAMPLES
        events = self._announce(self._state, frame_end) if isinstance(self._state, Heard) else []
        return events + self._conclude(self._state, frame_end)

    def end_now(self, position: int, cause: str) -> Ended | None:
        """End the utterance at `position` whatever the probabilities say; None if nothing worth a verdict was heard."""
        return self._end(position, cause)

    def allow(self, paused_since: int, silence_ms: int) -> None:
        """Let the pause that began at `paused_since` last `silence_ms`, 0: end it with the next frame without speech.

        Another pause is left as it is: speech went on before anybody knew.
        """
        if isinstance(self._state, Paused) and self._state.silence_start == paused_since:
            self._state = replace(self._state, patience=silence_ms * SAMPLES_PER_MS)

    def _remember(self, hearing: Hearing, frame_start: int) -> None:
        self._recent.append((frame_start, hearing))
        self._probabilities.append((frame_start, hearing.probability))
        self._evidence.append(hearing.second + hearing.probability / 2)
        horizon = self._state.start if isinstance(self._state, Utterance) else frame_start
        self._loudness.remember(hearing.level_db, frame_start, horizon - _REMEMBERED)

    def _listen(self, state: Idle | Rising, hearing: Hearing, frame_start: int) -> Idle | Rising | Heard:
        if self._evident:
            return self._begin(self._onset())
        if hearing.probability < self._vad.threshold and not self._goes_on(hearing, frame_start):
            return _IDLE
        rise = state.rise if isinstance(state, Rising) else frame_start
        held = frame_start + FRAME_SAMPLES - rise
        return self._begin(rise) if held >= self._vad.start_ms * SAMPLES_PER_MS else Rising(rise)

    @property
    def _evident(self) -> bool:
        return sum(self._evidence) >= self._vad.evidence

    def _onset(self) -> int:
        """Return where, in the frames that hold the evidence, the probability first rose above doubt."""
        doubtful = (start for start, hearing in self._recent if hearing.either >= self._vad.doubt)
        return next(doubtful, self._recent[0][0])

    def _goes_on(self, hearing: Hearing, frame_start: int) -> bool:
        """Return whether `hearing`, which may or may not be speech, is so of a speaker who has just been heard."""
        return self._follows(frame_start) and self._doubtful(hearing)

    def _follows(self, position: int) -> bool:
        """Return whether an utterance ended so shortly before `position` that its speaker may be going on."""
        return self._free_from > 0 and position - self._free_from < FOLLOW_UP_MS * SAMPLES_PER_MS

    def _doubtful(self, hearing: Hearing) -> bool:
        """Return whether `hearing`, which may or may not be speech, is loud enough to belong to the utterance."""
        return hearing.either >= self._vad.doubt and self._loudness.belongs(hearing.level_db)

    def _begin(self, rise: int) -> Heard:
        goes_on = self._follows(rise)
        self._loudness.begin(rise, goes_on)
        rise = max(self._free_from, rise)
        self._clarity = Clarity()
        for start, probability in self._probabilities:
            if start >= rise:
                self._clarity.add(probability)
        return Heard(self._padded(rise), rise, goes_on=goes_on)

    def _padded(self, onset: int) -> int:
        """Return where an utterance begins whose speech begins at `onset`."""
        return max(self._free_from, onset - self._pad)

    def _follow(self, state: Utterance, hearing: Hearing, frame_start: int) -> Utterance:
        self._loudness.follow(hearing.level_db)
        self._clarity.add(hearing.probability)
        if hearing.probability >= self._vad.threshold or self._doubtful(hearing):
            return state.voiced()
        return state.silent(frame_start) if hearing.probability < self._vad.release_threshold else state

    def _announce(self, state: Heard, frame_end: int) -> list[Started | Ended]:
        onset, _ = self._edges(state.rise, frame_end, 0.0 if state.goes_on else RISE_DB)
        if not self._deserves(state, onset, frame_end):
            return []
        self._state = state.announced(self._padded(min(state.rise, onset)))
        return [Started(self._state.start, onset)]

    def _deserves(self, state: Heard, onset: int, frame_end: int) -> bool:
        """Return whether enough was heard of an utterance, whose speech begins at `onset` by level, to announce it."""
        fall = frame_end if state.silence_start is None else state.silence_start
        if fall - min(onset, state.rise) >= self._vad.min_speech_ms * SAMPLES_PER_MS:
            return True
        return self._evident and state.silence_start is None  # a note of music can give evidence, but is soon over

    def _edges(self, rise: int, fall: int, rise_db: float = 0.0) -> tuple[int, int]:
        """Return where speech starts and ends by level; `rise` and `fall`, by probability, where levels cannot tell."""
        earliest = max(self._free_from, rise - LOOKBACK_FRAMES * FRAME_SAMPLES)
        return self._loudness.edges(earliest, rise_db) or (rise, fall)

    def _conclude(self, state: Idle | Rising | Utterance, frame_end: int) -> list[Started | Ended]:
        if not isinstance(state, Utterance):
            return []
        if state.silence_start is not None and frame_end - state.silence_start >= self._patience(state):
            ended = self._end(frame_end, "silence")
            return [ended] if ended else []
        if not isinstance(state, Heard) and frame_end - state.start >= self._longest:
            return self._cut(state, frame_end)
        return []

    def _patience(self, state: Utterance) -> int:
        own = state.patience if isinstance(state, Paused) else None
        return self._endpoint_silence if own is None else own

    def _cut(self, state: Utterance, frame_end: int) -> list[Started | Ended]:
        cut = self._quietest(state, frame_end)
        ended = self._ended(state.voiced(), cut, frame_end, "max_length")
        self._free_from = cut
        rest = self._begin(cut)
        self._state = rest if state.silence_start is None else rest.silent(max(cut, state.silence_start))
        return [ended, *self._announce(self._state, frame_end)]

    def _quietest(self, state: Utterance, frame_end: int) -> int:
        """Return where to cut: what is before it, from its onset on, and what is behind it are long enough to stand."""
        shortest = self._vad.min_speech_ms * SAMPLES_PER_MS
        latest = frame_end - shortest - FRAME_SAMPLES
        onset, _ = self._edges(state.rise, frame_end)
        earliest = max(max(state.rise, onset) + shortest, frame_end - CUT_SEARCH_MS * SAMPLES_PER_MS)
        return self._loudness.quietest(min(earliest, latest - 2 * FRAME_SAMPLES), latest)

    def _end(self, position: int, cause: str) -> Ended | None:
        if not isinstance(self._state, Utterance):
            return None
        ended = None if isinstance(self._state, Heard) else self._ended(self._state, position, position, cause)
        self._free_from = ended.end if ended else self._free_from
        self._state = _IDLE
        self._recent.clear()
        self._evidence.clear()
        return ended

    def _ended(self, state: Utterance, position: int, decided: int, cause: str) -> Ended:
        fall = position if state.silence_start is None else state.silence_start
        onset, offset = self._edges(state.rise, fall)
        end = min(position, max(fall, offset) + self._pad)
        speech = max(state.start, onset), min(end, offset)
        if speech[0] >= speech[1]:  # what is loud lies outside, behind a cut or before the pre-roll
            speech = state.rise, fall
        return Ended(state.start, end, *speech, decided, cause, self.speech_prob)
