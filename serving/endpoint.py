"""Finds utterances in a stream of speech probabilities. Pure bookkeeping: no audio, no models, no clocks.

    IDLE -> SPEECH   the probability stays at or above the threshold for `start_ms`
    SPEECH -> IDLE   `endpoint_silence_ms` pass below the release threshold without a return above the threshold
    SPEECH -> SPEECH the utterance reaches `max_utterance_ms`: it is cut at its quietest recent frame

An utterance is announced once `min_speech_ms` of it were heard; a shorter stretch is dropped and nobody hears of it, so
that every announced utterance ends and gets its verdict. All positions are samples since the start of the stream.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

from contract.manifest import VadSettings
from serving.settings import SessionSettings
from serving.vad import FRAME_SAMPLES

SAMPLES_PER_MS = 16
CUT_SEARCH_MS = 3000  # how far back from `max_utterance_ms` the quietest frame is looked for


@dataclass(frozen=True)
class Started:
    """An utterance begins at `start` (pre-roll included); `speech_start` is where the probability rose."""

    start: int
    speech_start: int


@dataclass(frozen=True)
class Ended:
    """An utterance is [start, end); `speech_end` is where the last speech was, `decided` where the decision fell."""

    start: int
    end: int
    speech_end: int
    decided: int
    cause: str


@dataclass
class Endpointer:
    """Feed it one probability a frame; it answers with the utterances that begin and end there."""

    vad: VadSettings
    settings: SessionSettings
    start: int = 0
    speech_start: int | None = None
    announced: bool = False
    silence_start: int | None = None
    _rise: int | None = None
    _free_from: int = 0  # end of the previous utterance: pre-roll never reaches behind it
    _energies: deque[tuple[int, float]] = field(default_factory=deque)

    @property
    def in_speech(self) -> bool:
        """Whether an utterance is under way, announced or not."""
        return self.speech_start is not None

    @property
    def speaking(self) -> bool:
        """Whether an announced utterance is under way and not in a pause."""
        return self.announced and self.silence_start is None

    def feed(self, probability: float, energy: float, frame_start: int) -> list[Started | Ended]:
        """Take the next frame of 512 samples that begins at `frame_start`; `energy` only has to rank frames."""
        frame_end = frame_start + FRAME_SAMPLES
        if self.speech_start is None:
            self._listen(probability, frame_start, frame_end)
        else:
            self._follow(probability, frame_start)
        if self.speech_start is None:
            return []
        self._remember(energy, frame_start)
        return self._announce(frame_end) + self._conclude(frame_end)

    def end_now(self, position: int, cause: str) -> Ended | None:
        """End the utterance at `position` whatever the probabilities say; None if nothing worth a verdict was heard."""
        if self.speech_start is None:
            return None
        return self._end(position, position, cause)

    def _listen(self, probability: float, frame_start: int, frame_end: int) -> None:
        if probability < self.vad.threshold:
            self._rise = None
            return
        self._rise = frame_start if self._rise is None else self._rise
        if frame_end - self._rise >= self.vad.start_ms * SAMPLES_PER_MS:
            self._begin(max(self._free_from, self._rise - self.vad.pad_ms * SAMPLES_PER_MS), self._rise)

    def _begin(self, start: int, speech_start: int) -> None:
        self.start, self.speech_start = start, speech_start
        self.announced, self.silence_start, self._rise = False, None, None
        self._energies.clear()

    def _follow(self, probability: float, frame_start: int) -> None:
        if probability >= self.vad.threshold:
            self.silence_start = None
        elif probability < self.vad.release_threshold and self.silence_start is None:
            self.silence_start = frame_start

    def _remember(self, energy: float, frame_start: int) -> None:
        self._energies.append((frame_start, energy))
        while self._energies[0][0] < frame_start - CUT_SEARCH_MS * SAMPLES_PER_MS:
            self._energies.popleft()

    def _announce(self, frame_end: int) -> list[Started | Ended]:
        assert self.speech_start is not None
        heard = (frame_end if self.silence_start is None else self.silence_start) - self.speech_start
        if self.announced or heard < self.vad.min_speech_ms * SAMPLES_PER_MS:
            return []
        self.announced = True
        return [Started(self.start, self.speech_start)]

    def _conclude(self, frame_end: int) -> list[Started | Ended]:
        silence = 0 if self.silence_start is None else frame_end - self.silence_start
        if silence >= self.settings.endpoint_silence_ms * SAMPLES_PER_MS:
            ended = self._end(frame_end, frame_end, "silence")
            return [ended] if ended else []
        if self.announced and frame_end - self.start >= self.settings.max_utterance_ms * SAMPLES_PER_MS:
            return self._cut(frame_end)
        return []

    def _cut(self, frame_end: int) -> list[Started | Ended]:
        cut, silence_start = self._quietest(frame_end), self.silence_start
        ended = Ended(self.start, cut, cut, frame_end, "max_length")
        self._free_from = cut
        self._begin(cut, cut)
        if silence_start is not None:
            self.silence_start = max(cut, silence_start)
        return [ended, *self._announce(frame_end)]

    def _quietest(self, frame_end: int) -> int:
        # What is left after the cut must be long enough to be announced, so the last `min_speech_ms` are no candidates.
        latest = frame_end - self.vad.min_speech_ms * SAMPLES_PER_MS - FRAME_SAMPLES
        frames = [(start, energy) for start, energy in self._energies if start <= latest]
        pairs = [((first[1] + second[1]), second[0]) for first, second in pairwise(frames)]
        return min(pairs, key=lambda pair: (pair[0], -pair[1]))[1]

    def _end(self, position: int, decided: int, cause: str) -> Ended | None:
        speech_end = position if self.silence_start is None else self.silence_start
        end = min(position, speech_end + self.vad.pad_ms * SAMPLES_PER_MS)
        ended = Ended(self.start, end, speech_end, decided, cause) if self.announced else None
        if ended:
            self._free_from = end
        self.speech_start, self.announced, self.silence_start, self._rise = None, False, None, None
        return ended
