"""Faster-Whisper in int8, greedy, without timestamps or earlier text, in a window that fits the utterance.

`WhisperModel.transcribe` always encodes 30 s, so its parts are put together in undertone/words/engines/decoder.py for
one window; here is which window, and whether what was heard is believed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from undertone.audio import FULL_SCALE, RATE_HZ, Samples
from undertone.words.engines.decoder import Decoding, WhisperDecoder
from undertone.words.engines.packages import sha256_of
from undertone.words.engines.pieces import LONGEST_PIECE_S, by_pieces
from undertone.words.engines.window import SECOND_WINDOW_S, windows_s
from undertone.words.languages import refusal
from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.hallucination import gate, needs_wider_window, unlooped
from undertone.words.plausibility.hearings import SLOWED, asks_again, contradict, doubts_language, is_foreign
from undertone.words.plausibility.voicing import voicing
from undertone.words.reasons import Reason
from undertone.words.settings import WEIGHTS, AsrSettings
from undertone.words.transcript import AsrModelError, Recogniser, Segment, Sound, Transcript


class WhisperRecogniser(Recogniser):
    """One model, loaded and warm; not for several threads at once."""

    def __init__(self, settings: AsrSettings, folder: Path, reason: str, sha256: str | None = None) -> None:
        """Load the weights of `folder` and run them once; `sha256` is theirs, None where it is not known yet.

        Raises:
            AsrModelError: they are not those of a Whisper, or of one that does not know the language asked for.
        """
        self._settings, self._reason = settings, reason
        try:
            self._decoder = WhisperDecoder(settings, folder)
        except (RuntimeError, ValueError) as error:
            raise AsrModelError(f"{folder} is no CTranslate2 Whisper that can be loaded: {error}") from error
        if wrong := refusal(settings.language, self._decoder.languages):
            raise AsrModelError(f"{settings.model}: {wrong}")
        self._sha256 = sha256 or sha256_of(folder / WEIGHTS)
        self._only_english = not self._decoder.multilingual
        self.transcribe(np.zeros(RATE_HZ, dtype=np.int16))

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        model = self._settings.model
        about = {"engine": "faster-whisper", "model": model, "open_vocabulary": True, "reason": self._reason}
        return {**about, "languages": self._decoder.languages, "sha256": self._sha256}

    def transcribe_all(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """See `Recogniser`."""
        heard = dict(self.transcribe_each(sounds))
        return [heard[place] for place in range(len(sounds))]

    def transcribe_each(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Transcript]]:
        """See `Recogniser`; what is longer than 28 s is cut into pieces, the rest goes together.

        First comes what is heard once, then what is heard again, which may take several times as long.
        """
        whole = [place for place, sound in enumerate(sounds) if 0 < len(sound.samples) <= LONGEST_PIECE_S * RATE_HZ]
        for number, transcript in self._heard([sounds[place] for place in whole]):
            yield whole[number], transcript
        for place in sorted(set(range(len(sounds))) - set(whole)):
            yield place, by_pieces(sounds[place], lambda piece: next(self._heard([piece]))[1])

    def encoding(self, samples: Samples) -> NDArray[np.float32]:
        """See `Recogniser`; of what is longer than 28 s, that of its first 28 s."""
        heard = samples[: int(LONGEST_PIECE_S * RATE_HZ)]
        first, *_ = windows_s(len(heard) / RATE_HZ, self._settings)
        return self._decoder.encoding(Sound(heard), self._decoder.features(heard), first)

    def _heard(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Transcript]]:
        features = [self._decoder.features(sound.samples) for sound in sounds]
        windows = [windows_s(len(sound.samples) / RATE_HZ, self._settings) for sound in sounds]
        decodings = self._decoder.decode(sounds, features, [first for first, *_ in windows])
        heard = list(zip(sounds, features, windows, decodings, strict=True))
        for number in sorted(range(len(heard)), key=lambda number: self._may_take_longer(decodings[number])):
            yield number, self._checked(*heard[number])

    def _may_take_longer(self, first: Decoding) -> bool:
        return self._settings.gates and (self._asks_again(first) or doubts_language(first.evidence, self._only_english))

    def _checked(self, sound: Sound, features: np.ndarray, windows: Sequence[float], first: Decoding) -> Transcript:
        """Return the transcript of `first`, or of a wider window's where that is not enough; the encoding stays."""
        voice = asdict(voicing(sound.samples))
        heard = [_with_voice(first, voice)]
        for window in windows[1:] if self._settings.gates else ():
            if not self._asks_again(heard[-1]):
                break
            heard += [_with_voice(one, voice) for one in self._decoder.decode([sound], [features], [window])]
        return self._judged(sound, heard)

    def _asks_again(self, heard: Decoding) -> bool:
        if heard.window_s >= SECOND_WINDOW_S:
            return needs_wider_window(heard.evidence)
        return heard.is_cut or asks_again(heard.evidence, self._only_english)

    def _judged(self, sound: Sound, heard: Sequence[Decoding]) -> Transcript:
        """Return the transcript of the last of `heard`, as far as those before it agree, with the first encoding."""
        first, last = heard[0], heard[-1]
        text = unlooped(last.evidence) if self._settings.gates else last.evidence.text
        judged = replace(last.evidence, text=text)
        return Transcript(
            text=text,
            segments=(Segment(0.0, len(sound.samples) / RATE_HZ, text),) if text else (),
            language=last.language,
            rejected=self._rejected(sound, first, judged, last.window_s) if self._settings.gates or not text else None,
            window_s=last.window_s,
            decodings=len(heard),
            evidence=judged.numbers(),
            encoding=first.encoding,
            encoder=self._sha256,
            end_prob=last.end_prob,
            words=last.words[: len(text.split())] if text != last.evidence.text else last.words,
        )

    def _rejected(self, sound: Sound, first: Decoding, judged: Evidence, window: float) -> Reason | None:
        if reason := gate(judged, only_english=self._only_english):
            return reason
        if first.window_s < window and contradict(first.evidence, judged):
            return Reason.HALLUCINATION
        if doubts_language(judged, self._only_english) and is_foreign(judged, self._slowed(sound, window)):
            return Reason.LANGUAGE
        return None

    def _slowed(self, sound: Sound, least_window_s: float) -> Evidence:
        slower = replace(sound, samples=slowed(sound.samples), word_times=False)
        window, *_ = windows_s(len(slower.samples) / RATE_HZ, self._settings)
        windows = [max(window, least_window_s)]  # in a narrower one than the words came from, it may fall silent
        (heard,) = self._decoder.decode([slower], [self._decoder.features(slower.samples)], windows)
        return heard.evidence


def slowed(samples: Samples) -> Samples:
    """Return (n,) samples at `SLOWED` times their speed, pitch and all; what comes to be too loud is clipped."""
    slow = soxr.resample(samples.astype(np.float32), RATE_HZ * SLOWED, RATE_HZ)
    return np.clip(slow, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _with_voice(decoding: Decoding, voice: Mapping[str, Any]) -> Decoding:
    return replace(decoding, evidence=replace(decoding.evidence, **voice))
