"""Faster-Whisper in int8, greedy, without timestamps or earlier text, in a window that fits the utterance.

`WhisperModel.transcribe` always encodes 30 s, so its parts are put together in undertone/words/engines/decoder.py for
one window; here is which window, and whether what was heard is believed.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples
from undertone.words.engines.decoder import Decoding, WhisperDecoder
from undertone.words.engines.packages import sha256_of
from undertone.words.engines.pieces import LONGEST_PIECE_S, by_pieces
from undertone.words.engines.window import FULL_WINDOW_S, window_s
from undertone.words.languages import refusal
from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.hallucination import gate, needs_full_window, unlooped
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
        self.transcribe(np.zeros(RATE_HZ, dtype=np.int16))

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        model = self._settings.model
        about = {"engine": "faster-whisper", "model": model, "open_vocabulary": True, "reason": self._reason}
        return {**about, "languages": self._decoder.languages, "sha256": self._sha256}

    def transcribe_all(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """See `Recogniser`; what is longer than 28 s is cut into pieces, the rest goes together."""
        whole = [0 < len(sound.samples) <= LONGEST_PIECE_S * RATE_HZ for sound in sounds]
        heard = iter(self._heard([sound for sound, fits in zip(sounds, whole, strict=True) if fits]))
        return [
            next(heard) if fits else by_pieces(sound, lambda piece: self._heard([piece])[0])
            for sound, fits in zip(sounds, whole, strict=True)
        ]

    def encoding(self, samples: Samples) -> NDArray[np.float32]:
        """See `Recogniser`; of what is longer than 28 s, that of its first 28 s."""
        heard = samples[: int(LONGEST_PIECE_S * RATE_HZ)]
        window = window_s(len(heard) / RATE_HZ, self._settings)
        return self._decoder.encoding(Sound(heard), self._decoder.features(heard), window)

    def _heard(self, sounds: Sequence[Sound]) -> list[Transcript]:
        features = [self._decoder.features(sound.samples) for sound in sounds]
        windows = [window_s(len(sound.samples) / RATE_HZ, self._settings) for sound in sounds]
        decodings = self._decoder.decode(sounds, features, windows)
        return [self._checked(*one) for one in zip(sounds, features, decodings, strict=True)]

    def _checked(self, sound: Sound, features: np.ndarray, decoding: Decoding) -> Transcript:
        """Return the transcript of `decoding`, or of another one in 30 s where it looks wrong; the encoding stays."""
        narrow = decoding.window_s < FULL_WINDOW_S
        if not (narrow and self._settings.gates and needs_full_window(decoding.evidence)):
            return self._judged(sound, decoding, decodings=1)
        (again,) = self._decoder.decode([sound], [features], [FULL_WINDOW_S])
        return self._judged(sound, replace(again, encoding=decoding.encoding), decodings=2)

    def _judged(self, sound: Sound, decoding: Decoding, decodings: int) -> Transcript:
        text = unlooped(decoding.evidence) if self._settings.gates else decoding.evidence.text
        judged = replace(decoding.evidence, text=text, **asdict(voicing(sound.samples)))
        return Transcript(
            text=text,
            segments=(Segment(0.0, len(sound.samples) / RATE_HZ, text),) if text else (),
            language=decoding.language,
            rejected=self._gate(judged) if self._settings.gates or not text else None,
            window_s=decoding.window_s,
            decodings=decodings,
            evidence=judged.numbers(),
            encoding=decoding.encoding,
            encoder=self._sha256,
            end_prob=decoding.end_prob,
            words=decoding.words[: len(text.split())] if text != decoding.evidence.text else decoding.words,
        )

    def _gate(self, evidence: Evidence) -> Reason | None:
        return gate(evidence, only_english=not self._decoder.multilingual)
