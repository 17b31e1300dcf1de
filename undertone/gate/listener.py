"""Listens to a stream: the gate that hears, the endpointer that decides, and when the gate starts anew.

Listener(...).hear(frame, start)     one frame of a stream, as serving does
utterances(samples, ...)             a whole clip, as training does: the same frames through the same listener
"""

import numpy as np

from undertone.audio import FRAME_SAMPLES, SAMPLES_PER_MS, Samples
from undertone.gate.ears import Silero, SpeechGate
from undertone.gate.endpointer import FOLLOW_UP_MS, Endpointer
from undertone.gate.hearing import Ended, Started
from undertone.gate.settings import VadSettings

RESET_AFTER_SILENCE_MS = 10_000  # Silero's confidence drifts in endless streams
MAX_UTTERANCE_MS = 30_000  # of `utterances`: the longest that a client may ask for


class Listener:
    """Finds the utterances of one stream. The ears start anew a second after the last of them, never inside one.

    Not at once: a short last word after a pause is heard only by ears that have heard what came before.
    """

    def __init__(self, silero: Silero, vad: VadSettings, endpoint_silence_ms: int, max_utterance_ms: int) -> None:
        self._endpointer = Endpointer(vad, endpoint_silence_ms, max_utterance_ms)
        self._gate = SpeechGate(silero, asks=self._endpointer.doubts)
        self._silent_since, self._rest_ms = 0, RESET_AFTER_SILENCE_MS

    @property
    def start(self) -> int:
        """Where the utterance under way begins; while there is none, where it may at the earliest."""
        return self._endpointer.start

    @property
    def in_speech(self) -> bool:
        """Whether speech, announced or not, is under way."""
        return self._endpointer.in_speech

    @property
    def speaking(self) -> bool:
        """Whether an announced utterance is under way and not in a pause."""
        return self._endpointer.speaking

    @property
    def paused_since(self) -> int | None:
        """Where the pause under way in an announced utterance began; None while there is none."""
        return self._endpointer.paused_since

    @property
    def speech_prob(self) -> float:
        """How clearly speech was heard so far in the utterance under way (undertone/gate/clarity.py)."""
        return self._endpointer.speech_prob

    def hear(self, frame: Samples, start: int) -> list[Started | Ended]:
        """Take the next frame, (512,) int16 at 16 kHz from sample `start` on, and return what begins and ends there."""
        events = self._endpointer.feed(self._gate.hear(frame), start)
        if any(isinstance(event, Ended) for event in events):
            self._rest_ms = FOLLOW_UP_MS
        self._rest(start + FRAME_SAMPLES)
        return events

    def allow(self, paused_since: int, silence_ms: int) -> None:
        """Let the pause that began at `paused_since`, if it is still under way, last `silence_ms`."""
        self._endpointer.allow(paused_since, silence_ms)

    def end_now(self, position: int, cause: str) -> Ended | None:
        """End the utterance under way at `position`; None if nothing worth a verdict was heard."""
        self._gate.reset()
        return self._endpointer.end_now(position, cause)

    def _rest(self, position: int) -> None:
        if self.in_speech:
            self._silent_since = position
        elif position - self._silent_since >= self._rest_ms * SAMPLES_PER_MS:
            self._gate.reset()
            self._silent_since, self._rest_ms = position, RESET_AFTER_SILENCE_MS


def utterances(samples: Samples, silero: Silero, vad: VadSettings) -> list[Ended]:
    """Return the utterances of a clip, (samples,) int16 at 16 kHz, as a session would find them."""
    listener = Listener(silero, vad, vad.endpoint_silence_ms, MAX_UTTERANCE_MS)
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    events: list[Started | Ended | None] = []
    for start in range(0, len(padded), FRAME_SAMPLES):
        events += listener.hear(padded[start : start + FRAME_SAMPLES], start)
    events.append(listener.end_now(len(samples), "finish"))
    return [event for event in events if isinstance(event, Ended)]
