"""A stream that is heard and judged in the calling thread: samples in, all events out, finals included.

    stream = undertone.open_release("models/promoted").stream()
    for event in stream.feed(pcm):
        ...
    for event in stream.finish():
        ...

It hears what a session of the server hears and answers the same; only nobody works beside it: a call that ends an
utterance returns when its words are recognised. There are no sockets, queues or time limits here.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from undertone.audio import FRAME_SAMPLES, Samples
from undertone.stream.events import Event, Final, Partial
from undertone.stream.judging import judged, voice_of
from undertone.stream.models import Models
from undertone.stream.session import Output, Session
from undertone.stream.settings import OF_SOCKETS, SessionSettings, SettingError
from undertone.stream.utterance import SoFar, Speculation, Stretch, Utterance, Withdrawn
from undertone.voice.baseline import no_baseline
from undertone.voice.joined import JoinedEars
from undertone.words.reading import Words
from undertone.words.reasons import Reason
from undertone.words.transcript import Sound

_FRAME_BYTES = 2 * FRAME_SAMPLES


class Reads(Protocol):
    """Something that finds words: `undertone.words.reading.Reader`, or what a test puts in its place."""

    def read(self, sound: Sound) -> Words:
        """Return the words of `sound`, or why there are none."""


class Stream:
    """One stream of 16 kHz mono audio; not thread-safe, one call at a time."""

    def __init__(self, models: Models, reader: Reads | None, settings: Mapping[str, Any]) -> None:
        """Hear with `models` and `settings`, those of `session.update`; without a `reader` the voice judges alone.

        Raises:
            SettingError: a setting is unknown, out of range or nothing that this release can do; the message names it.
        """
        self._models, self._reader = models, reader
        self._settings = SessionSettings().updated(settings)
        self._session = Session(models, self._settings, speculates=reader is not None)
        self._fusion = models.fusion.with_alpha(self._settings.alpha)
        adaptive = self._settings.baseline == "adaptive"
        if adaptive and (reason := no_baseline(models.manifest.ear)):
            raise SettingError(f"baseline: {reason}")
        if self._settings.record:
            raise SettingError("record: only a server keeps sessions")
        for name in OF_SOCKETS:
            if getattr(self._settings, name) != SessionSettings.model_fields[name].default:
                raise SettingError(f"{name}: only of sessions over a socket; a stream of the library takes mono PCM")
        if self._settings.endpoint == "adaptive" and reader is None:
            raise SettingError("endpoint: it adapts to the words, and there are none here")
        self._ears = JoinedEars(models.ear, adaptive)
        self._ahead: Speculation | None = None
        self._words_ahead: Words | None = None
        self._finished = False

    def feed(self, pcm: bytes | Samples) -> list[Event]:
        """Take the next samples and return what they bring about, in order.

        `pcm` is 16-bit little-endian bytes, or (n,) int16 samples; 16 kHz, one channel.

        Raises:
            ValueError: these are no whole 16-bit samples of one channel, or the stream is finished.
        """
        if self._finished:
            raise ValueError("the stream is finished; begin another one")
        whole = _bytes(pcm)
        # Words that end an utterance must be known before the frame after those that they were asked for in.
        most = _FRAME_BYTES if self._settings.endpoint == "adaptive" else max(1, len(whole))
        pieces = (whole[start : start + most] for start in range(0, len(whole), most))
        return [event for piece in pieces for event in self._events(self._session.feed(piece))]

    def finish(self) -> list[Event]:
        """End what is under way and return what that brings about; nothing more can be fed."""
        if self._finished:
            return []
        self._finished = True
        return self._events(self._session.finish())

    def _events(self, outputs: list[Output]) -> list[Event]:
        events: list[Event] = []
        for output in outputs:
            if isinstance(output, Utterance):
                events.append(self._final(output))
            elif isinstance(output, Speculation | Withdrawn):
                self._listen_ahead(output if isinstance(output, Speculation) else None)
            elif isinstance(output, SoFar):
                events += self._partial(output)
            else:
                events.append(output)
        return events

    def _listen_ahead(self, speculation: Speculation | None) -> None:
        self._ahead, self._words_ahead = speculation, None
        if speculation and self._settings.endpoint == "adaptive":
            self._words_ahead = self._words(speculation)
            self._session.hint(speculation, self._words_ahead)

    def _final(self, utterance: Utterance) -> Final:
        # As in service: what was heard ahead of the endpoint has the words, where it holds.
        holds = utterance.speculation_lead_ms is not None
        words = (self._words_ahead if holds else None) or self._words((self._ahead if holds else None) or utterance)
        self._ahead = self._words_ahead = None
        voice = voice_of(self._models, utterance, self._settings)
        return judged(Final, utterance, words, voice, self._ears, self._fusion, self._settings)

    def _partial(self, so_far: SoFar) -> list[Event]:
        text = self._words(so_far).text
        return [Partial(so_far.utterance_id, None if self._settings.redact_text else text)] if text else []

    def _words(self, stretch: Stretch) -> Words:
        if self._reader is None:
            return Words(reason=Reason.ASR_UNAVAILABLE)
        known = self._settings.language, stretch.speech_ms, stretch.speech_prob
        timed = self._settings.word_times and not isinstance(stretch, SoFar)
        return self._reader.read(Sound(stretch.samples, *known, word_times=timed))


def _bytes(pcm: bytes | Samples) -> bytes:
    if isinstance(pcm, np.ndarray):
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise ValueError(f"samples must be int16 of shape (n,), not {pcm.dtype} of shape {pcm.shape}")
        return pcm.astype("<i2").tobytes()
    if len(pcm) % 2:
        raise ValueError(f"{len(pcm)} bytes are no whole 16-bit samples")
    return bytes(pcm)
