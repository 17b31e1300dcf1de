"""One stream of audio: bytes in, events and finished utterances out.

A session knows nothing of sockets, wall clocks or workers; it is a function of the samples alone, so that a file in
chunks of any size gives the same utterances. Who uses it finds the final of each utterance: serving/sessions for
clients, undertone/stream/analysis.py in the calling thread. undertone/stream/speculation.py says when words are asked
for ahead of time.
"""

from functools import partial
from typing import Any, TypeVar

import numpy as np

from undertone.audio import FRAME_SAMPLES, FULL_SCALE, RATE_HZ, SAMPLES_PER_MS, Samples, to_float
from undertone.gate.hearing import Ended, Started
from undertone.gate.listener import Listener
from undertone.probabilities import by_label
from undertone.stream.ahead import HeardAhead
from undertone.stream.events import Mood, SpeechEnded, SpeechStarted
from undertone.stream.meaning import allowed_pause_ms
from undertone.stream.models import Models
from undertone.stream.offset import OffsetRemover
from undertone.stream.ring import RingBuffer
from undertone.stream.settings import SessionSettings
from undertone.stream.speculation import Speculator
from undertone.stream.utterance import SoFar, Speculation, Utterance, Withdrawn
from undertone.voice.mood import MoodSmoother
from undertone.words.reading import Words

MOOD_WINDOW_MS = 3000
SPARSE_MOODS_MS = 1000
PARTIAL_EVERY_MS = 1000

S = TypeVar("S", SoFar, Speculation)

Heard = SpeechStarted | Mood | SpeechEnded
Output = Heard | Utterance | Speculation | Withdrawn | SoFar


class Session:
    """Feed it little-endian int16 PCM at 16 kHz; not thread-safe, one call at a time.

    With `speculates` it says when the words of an utterance are worth asking for before its end is known.
    """

    def __init__(self, models: Models, settings: SessionSettings | None = None, speculates: bool = False) -> None:
        self._models, self._speculates = models, speculates
        self.sparse_moods = False  # one a second at most, whatever the settings say: they cost more than all else
        self.configure(settings or SessionSettings())
        self._utterances = 0
        self._speech_samples = 0
        self._next_mood = self._next_partial = self._speech_start = 0
        self._smoother = MoodSmoother()
        self._offset = OffsetRemover()

    def configure(self, settings: SessionSettings) -> None:
        """Apply `settings`; only before the first sample, since the ring is sized by them."""
        self.settings = settings
        vad = self._models.manifest.vad
        silence_ms, longest_ms = settings.endpoint_silence_ms, settings.max_utterance_ms
        self._silero = HeardAhead(self._models.silero)
        self._listener = Listener(self._silero, vad, silence_ms, longest_ms)
        self._speculator = Speculator(silence_ms if self._speculates else 0, settings.endpoint == "adaptive")
        held_ms = longest_ms + vad.pad_ms + silence_ms + 1000
        self._ring = RingBuffer(held_ms * SAMPLES_PER_MS)

    @property
    def heard_samples(self) -> int:
        """Samples taken since the session began."""
        return self._ring.total

    @property
    def in_speech(self) -> bool:
        """Whether speech, announced or not, is under way."""
        return self._listener.in_speech

    @property
    def speculations(self) -> int:
        """How many speculations there were so far."""
        return self._speculator.sent

    @property
    def totals(self) -> dict[str, Any]:
        """Counts for `session.closed`."""
        return {
            "audio_ms": self._ring.total // SAMPLES_PER_MS,
            "speech_ms": self._speech_samples // SAMPLES_PER_MS,
            "utterances": self._utterances,
        }

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What was done to the audio before it was heard, as `notes` of `session.closed`."""
        share = self._offset.largest / FULL_SCALE
        message = f"a constant offset of {100 * share:.1f} % of full scale was taken out"
        return [{"code": "offset_removed", "message": message}] if share else []

    def feed(self, pcm: bytes) -> list[Output]:
        """Take the next samples, of any even number of bytes, and return what they bring about, in order."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.int16, copy=False)
        outputs: list[Output] = []
        for start in range(0, len(samples), RATE_HZ):  # what is heard at once takes four times its memory
            outputs += self._piece(self._offset.removed(samples[start : start + RATE_HZ]))
        return outputs

    def _piece(self, samples: Samples) -> list[Output]:
        begun = self._ring.total % FRAME_SAMPLES
        heard = np.concatenate([self._ring.read(self._ring.total - begun, self._ring.total), samples])
        whole = len(heard) // FRAME_SAMPLES * FRAME_SAMPLES
        self._silero.expect(to_float(heard[:whole]))
        outputs: list[Output] = []
        for start in range(0, whole, FRAME_SAMPLES):
            end = start + FRAME_SAMPLES
            self._ring.append(heard[max(start, begun) : end])
            outputs += self._frame(heard[start:end])
        self._ring.append(heard[max(whole, begun) :])
        return outputs

    def hint(self, speculation: Speculation, words: Words) -> None:
        """Take the words of `speculation`, which say how long its pause may last from the next frame on.

        It changes nothing where the endpoint is "fixed", or where speech went on meanwhile.
        """
        pause = self._speculator.pause_of(speculation)
        if self.settings.endpoint == "fixed" or pause is None:
            return
        allowed_ms = allowed_pause_ms(words.text, words.end_prob, self.settings.endpoint_silence_ms)
        self._listener.allow(pause, allowed_ms)

    def end_utterance(self, cause: str) -> list[Output]:
        """End the running utterance here (`commit`, `idle`); an empty list means that nothing was under way."""
        ended = self._listener.end_now(self._ring.total, cause)
        return self._conclude(ended) if ended else []

    def finish(self) -> list[Output]:
        """Hear the last incomplete frame, padded with silence, and end what is under way."""
        outputs: list[Output] = []
        rest = self._ring.total % FRAME_SAMPLES
        if rest:
            frame = np.zeros(FRAME_SAMPLES, dtype=np.int16)
            frame[:rest] = self._ring.read(self._ring.total - rest, self._ring.total)
            outputs += self._frame(frame, self._ring.total - rest)
        return outputs + self.end_utterance("finish")

    def _frame(self, frame: Samples, start: int | None = None) -> list[Output]:
        start = self._ring.total - FRAME_SAMPLES if start is None else start
        outputs: list[Output] = []
        for event in self._listener.hear(frame, start):
            outputs += [self._start(event)] if isinstance(event, Started) else self._conclude(event)
        return outputs + self._mood() + self._partial() + self._speculate()

    def _start(self, event: Started) -> SpeechStarted:
        self._utterances += 1
        self._smoother = MoodSmoother()
        self._next_mood = self._ring.total
        self._next_partial = event.start + PARTIAL_EVERY_MS * SAMPLES_PER_MS
        self._speech_start = event.speech_start
        return SpeechStarted(self._utterances, event.start // SAMPLES_PER_MS, event.speech_start // SAMPLES_PER_MS)

    def _partial(self) -> list[Output]:
        now = self._ring.total
        if not self.settings.partials or not self._listener.speaking or now < self._next_partial:
            return []
        self._next_partial = now + PARTIAL_EVERY_MS * SAMPLES_PER_MS
        return [self._heard(SoFar, now)]

    def _speculate(self) -> list[Output]:
        return [*self._speculator.watch(self._listener, self._ring.total, partial(self._heard, Speculation))]

    def _heard(self, kind: type[S], speech_end: int) -> S:
        samples = self._ring.read(self._listener.start, self._ring.total)
        speech_ms = max(0, speech_end - self._speech_start) // SAMPLES_PER_MS
        return kind(self._utterances, samples, speech_ms, speech_prob=self._listener.speech_prob)

    def _mood(self) -> list[Output]:
        now = self._ring.total
        if not self._listener.speaking or now < self._next_mood:
            return []
        # Steady to within a frame; after a pause the rhythm begins anew instead of catching up.
        self._next_mood = max(self._next_mood, now - FRAME_SAMPLES) + self._mood_interval_ms * SAMPLES_PER_MS
        start = max(self._listener.start, now - MOOD_WINDOW_MS * SAMPLES_PER_MS)
        audio = self._smoother.add(self._models.acoustic.probabilities(self._ring.read(start, now)))
        return [Mood(self._utterances, start // SAMPLES_PER_MS, now // SAMPLES_PER_MS, by_label(audio))]

    @property
    def _mood_interval_ms(self) -> int:
        return max(self.settings.mood_interval_ms, SPARSE_MOODS_MS if self.sparse_moods else 0)

    def _conclude(self, event: Ended) -> list[Output]:
        lead = self._speculator.settle(event)
        samples = self._ring.read(event.start, min(event.end, self._ring.total))
        self._speech_samples += len(samples)
        utterance = Utterance(
            utterance_id=self._utterances,
            start_ms=event.start // SAMPLES_PER_MS,
            end_ms=min(event.end, self._ring.total) // SAMPLES_PER_MS,
            samples=samples,
            speech_ms=(event.speech_end - event.speech_start) // SAMPLES_PER_MS,
            speech_prob=event.speech_prob,
            endpoint_wait_ms=(event.decided - event.speech_end) // SAMPLES_PER_MS,
            speculation_lead_ms=None if lead is None else lead // SAMPLES_PER_MS,
        )
        return [SpeechEnded(utterance.utterance_id, utterance.end_ms, event.cause), utterance]
