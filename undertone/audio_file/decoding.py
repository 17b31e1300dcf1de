"""Decodes the streams of one recording, one after the other, counts what was heard and notes what was missing."""

import math
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from undertone.audio import Samples
from undertone.audio_file.containers.window import Window
from undertone.audio_file.errors import (
    AudioFileError,
    AudioTooLongError,
    DamagedAudioError,
    EmptyAudioError,
    NotAudioError,
    StreamBrokenError,
)
from undertone.audio_file.level import levels_of, scale_of
from undertone.audio_file.notes import Notes
from undertone.audio_file.opening import opened
from undertone.audio_file.sound import Sound, Stream, all_there, without_first
from undertone.audio_file.wire import WireForm

RATES_HZ = (1000, 768_000)


class Decoding:
    """One recording; give it its streams in order, then `end`."""

    def __init__(self, name: str, max_s: float, notes: Notes) -> None:
        self._name, self._max_s, self._notes = name, max_s, notes
        self._heard_s = 0.0
        self._broken: tuple[str, int] | None = None  # why and at which ms the last stream ended too early
        self._refusal: AudioFileError | None = None

    def samples(self, window: Window) -> Iterator[Samples]:
        """Yield the stream in `window` in pieces of about a second.

        Raises:
            AudioFileError: it is too long, or holds samples that are not numbers.
        """
        try:
            stream = opened(window)
        except (NotAudioError, DamagedAudioError) as error:
            self._refusal = self._refusal or type(error)(f"{self._name}: {error}")
            self._broken = self._broken or (str(error), self._now_ms)
            return
        with closing(stream):
            self._refuse_if_too_long(window, stream)
            scale = self._scale(window, stream)
            if stream.is_mended:
                self._notes.add("header_repaired", "the header is wrong about the length: read to the end of the file")
            yield from self._on_the_wire(self._sounds(window, stream), scale)

    def end(self) -> None:
        """Note how the recording ended.

        Raises:
            AudioFileError: nothing was heard.
        """
        if self._heard_s == 0:
            if self._refusal:
                raise self._refusal
            if self._broken:
                raise DamagedAudioError(f"{self._name}: broken after 0 s ({self._broken[0]})")
            raise EmptyAudioError(f"{self._name}: the file holds no audio")
        if self._broken:
            reason, at_ms = self._broken
            self._notes.add("ended_early", f"the file ends early, after {at_ms / 1000:.1f} s ({reason})", at_ms)

    @property
    def _now_ms(self) -> int:
        return round(1000 * self._heard_s)

    def _refuse_if_too_long(self, window: Window, stream: Stream) -> None:
        """Refuse it before any of it is heard; a header that claims too much is not believed but counted."""
        if stream.claimed_s is None or self._heard_s + stream.claimed_s <= self._max_s:
            return
        length_s = self._heard_s
        with closing(opened(window)) as other:
            for sound in all_there(other.sounds()):
                length_s += len(sound.block) / sound.rate_hz
                self._check_length(length_s)

    def _check_length(self, length_s: float) -> None:
        if length_s > self._max_s:
            raise AudioTooLongError(f"{self._name}: longer than the {self._max_s:g} s that are allowed")

    def _scale(self, window: Window, stream: Stream) -> float:
        if not stream.is_float:
            return 1.0
        with closing(opened(window)) as other:
            levels = levels_of(sound.block for sound in all_there(other.sounds()))
        scale = scale_of(levels)
        if scale > 1:
            bits = round(math.log2(scale)) + 1
            self._notes.add("level_scaled", f"float samples of up to {levels.peak:g} are read as {bits}-bit integers")
        elif levels.peak > 1:
            self._notes.add("level_clipped", f"float samples of up to {levels.peak:g} are clipped at 1")
        return scale

    def _sounds(self, window: Window, stream: Stream) -> Iterator[Sound]:
        """Yield the sounds of `stream`, counted and checked; where libsndfile loses its way, what PyAV finds behind."""
        frames = 0
        try:
            for sound in stream.sounds():
                frames += len(sound.block)
                yield self._counted(sound)
        except StreamBrokenError as error:
            if not error.lost:
                raise
            yield from self._behind(window, frames, stream.claimed_s, error)

    def _behind(self, window: Window, heard: int, claimed_s: float | None, error: StreamBrokenError) -> Iterator[Sound]:
        from undertone.audio_file.pyav import PyavStream

        before_ms = self._now_ms
        try:
            other = PyavStream(window)
        except AudioFileError:
            raise error from None
        with closing(other):
            for sound in without_first(heard, other.sounds()):
                yield self._counted(sound)
            if claimed_s is None:
                return
            if other.reached_s < claimed_s - 1e-3:
                raise error
        self._note_gap(str(error), before_ms if before_ms < self._now_ms else None)

    def _counted(self, sound: Sound) -> Sound:
        low, high = RATES_HZ
        if not low <= sound.rate_hz <= high:
            raise NotAudioError(f"{self._name}: a sample rate of {sound.rate_hz} Hz; {low} to {high} can be read")
        if not np.isfinite(sound.block).all():
            raise DamagedAudioError(f"{self._name}: holds samples that are not finite numbers")
        if sound.gap or self._broken:
            self._note_gap(*((sound.gap, self._now_ms) if sound.gap else self._broken or ("", 0)))
            self._broken = None
        self._heard_s += len(sound.block) / sound.rate_hz
        self._check_length(self._heard_s)
        return sound

    def _note_gap(self, reason: str, at_ms: int | None) -> None:
        where = "" if at_ms is None else f" at {at_ms / 1000:.1f} s"
        self._notes.add("damaged", f"something is missing{where} ({reason})", at_ms)

    def _on_the_wire(self, sounds: Iterator[Sound], scale: float) -> Iterator[Samples]:
        form: WireForm | None = None
        try:
            for sound in sounds:
                if form and not form.takes(sound):
                    yield from _filled(form.end())
                    form = None
                form = form or WireForm(sound)
                yield from _filled(form.take(sound.block if scale == 1 else sound.block / np.float32(scale)))
        except StreamBrokenError as error:
            self._broken = (str(error), self._now_ms)
        if form:
            yield from _filled(form.end())


def _filled(samples: Samples) -> Iterator[Samples]:
    if len(samples):
        yield samples
