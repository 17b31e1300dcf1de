"""A recorded session heard again: the same samples, and what came beside them at the same samples.

What only clocks decide is not made anew: partials, provisional verdicts and latencies. Where the words of an utterance
did not come in time, or at all, they stay away here too.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from undertone.audio import Samples
from undertone.recorded.recording import Line, Recording, RecordingError
from undertone.release import Release
from undertone.stream.events import Event, Final
from undertone.stream.judging import judged, voice_of
from undertone.stream.session import Output, Session
from undertone.stream.settings import SessionSettings, SettingError
from undertone.stream.utterance import SoFar, Speculation, Stretch, Utterance, Withdrawn
from undertone.voice.joined import JoinedEars
from undertone.words.reading import Words
from undertone.words.reasons import REJECTIONS
from undertone.words.transcript import Sound


class Replay:
    """One recording, heard once with `release`, whose `reader` has the settings of `recording.head["recogniser"]`."""

    def __init__(self, release: Release, recording: Recording) -> None:
        """Begin; raises `RecordingError` where the session had settings that nobody knows here."""
        self._release, self._settings = release, settings_of(recording)
        self._session = Session(release, self._settings, speculates=recording.head["speculates"])
        self._ears = JoinedEars(release.ear, self._settings.baseline == "adaptive")
        self._fusion = release.fusion.with_alpha(self._settings.alpha)
        self._inputs = deque(recording.inputs)
        self._missing = _missing_words(recording)
        self._ahead: Speculation | None = None
        self._words_ahead: Words | None = None

    def events(self, stream: Iterable[Samples]) -> Iterator[Event]:
        """Hear `stream`, pieces (samples,) int16 at 16 kHz, and yield what the session told of it."""
        for step in self._steps(stream):
            outputs = self._taken(step["input"]) if isinstance(step, dict) else self._session.feed(_pcm(step))
            for output in outputs:
                yield from self._told(output)

    def _steps(self, stream: Iterable[Samples]) -> Iterator[Samples | dict[str, Any]]:
        """Yield samples and inputs in the order in which they came."""
        heard = 0
        for piece in stream:
            while self._inputs and self._inputs[0]["at_samples"] <= heard + len(piece):
                until = self._inputs[0]["at_samples"] - heard
                yield piece[:until]
                piece, heard = piece[until:], heard + until
                yield dict(self._inputs.popleft())
            yield piece
            heard += len(piece)

    def _taken(self, name: str) -> list[Output]:
        if name == "finish":
            return self._session.finish()
        if name != "hint":
            return self._session.end_utterance(name)
        if self._ahead:
            self._words_ahead = self._words(self._ahead)
            self._session.hint(self._ahead, self._words_ahead)
        return []

    def _told(self, output: Output) -> Iterator[Event]:
        if isinstance(output, Utterance):
            yield self._final(output)
        elif isinstance(output, Speculation):
            self._ahead, self._words_ahead = output, None
        elif not isinstance(output, Withdrawn | SoFar):
            yield output

    def _final(self, utterance: Utterance) -> Final:
        voice = voice_of(self._release, utterance, self._settings)
        words = self._words_of(utterance)
        settings = self._ears, self._fusion, self._settings
        waited = {
            "endpoint_wait_ms": utterance.endpoint_wait_ms,
            "speculation_lead_ms": utterance.speculation_lead_ms,
        }
        return replace(judged(Final, utterance, words, voice, *settings), timings=waited)

    def _words_of(self, utterance: Utterance) -> Words:
        if reason := self._missing.get(utterance.utterance_id):
            return Words(reason=reason)
        if utterance.speculation_lead_ms is None or self._ahead is None:
            return self._words(utterance)
        return self._words_ahead or self._words(self._ahead)

    def _words(self, stretch: Stretch) -> Words:
        known = self._settings.language, stretch.speech_ms, stretch.speech_prob
        return self._release.reader.read(Sound(stretch.samples, *known, word_times=self._settings.word_times))


def settings_of(recording: Recording) -> SessionSettings:
    """Return the settings of a recorded session; raises `RecordingError` for one that nobody knows here."""
    given = {name: value for name, value in recording.head["settings"].items() if value is not None}
    try:
        return SessionSettings().updated(given)
    except SettingError as refused:
        raise RecordingError(f"{recording.session}: {refused}") from None


def _missing_words(recording: Recording) -> dict[int, str]:
    """Return why an utterance has no words, by its id, where the recogniser never heard it."""
    finals: list[Line] = [line for line in recording.lines if line["type"] == "utterance.final"]
    return {one["utterance_id"]: one["reason"] for one in finals if one["reason"] and one["reason"] not in REJECTIONS}


def _pcm(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()
