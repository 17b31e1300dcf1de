"""Faster-Whisper in int8, greedy, without timestamps or earlier text, in a window that fits the utterance.

`WhisperModel.transcribe` always encodes 30 s, so its parts are put together here for one window.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens

from undertone.words.evidence import Evidence
from undertone.words.hallucination import gate, needs_full_window, unlooped
from undertone.words.pieces import by_pieces
from undertone.words.settings import AsrSettings
from undertone.words.transcript import RATE_HZ, AsrModelError, Samples, Segment, Transcript
from undertone.words.voicing import voicing
from undertone.words.window import FULL_WINDOW_S, window_frames, window_s

SHORTEST_SAMPLES = RATE_HZ // 10  # shorter sounds are padded: the spectrum needs a few frames
POSITIONS = 448  # of every Whisper's decoder
TOKENS_PER_SECOND, SPARE_TOKENS = 30, 24  # more than any tongue needs; a decoder that repeats itself ends sooner


@dataclass(frozen=True)
class Decoding:
    """What one pass over one window gave."""

    evidence: Evidence
    language: str
    window_s: float


@dataclass(frozen=True)
class Heard:
    """What the speech gate says of the samples; see `Evidence`."""

    speech_ms: int | None
    speech_prob: float | None


class WhisperRecogniser:
    """One model, loaded and warm; not for several threads at once."""

    def __init__(self, settings: AsrSettings, folder: Path, reason: str) -> None:
        """Load the weights of `folder` and run them once.

        Raises:
            AsrModelError: they are not those of a Whisper.
        """
        self._settings, self._reason = settings, reason
        try:
            self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=settings.threads)
        except (RuntimeError, ValueError) as error:
            raise AsrModelError(f"{folder} is no CTranslate2 Whisper that can be loaded: {error}") from error
        self._tokenizers: dict[str, tuple[Tokenizer, tuple[int, ...]]] = {}
        self.transcribe(np.zeros(RATE_HZ, dtype=np.int16))

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        model = self._settings.model
        return {"engine": "faster-whisper", "model": model, "open_vocabulary": True, "reason": self._reason}

    def transcribe(
        self,
        samples: Samples,
        language: str | None = None,
        speech_ms: int | None = None,
        speech_prob: float | None = None,
    ) -> Transcript:
        """See `Recogniser`; what is longer than 28 s is cut into pieces, and each is judged by itself."""
        return by_pieces(
            samples, speech_ms, lambda piece, speech: self._piece(piece, language, Heard(speech, speech_prob))
        )

    def _piece(self, samples: Samples, language: str | None, heard: Heard) -> Transcript:
        length_s = len(samples) / RATE_HZ
        features = self._features(samples)
        decoding, decodings = None, 0
        for window in self._windows(length_s):
            decoding, decodings = self._decode(features, window, length_s, language, heard), decodings + 1
            if not (self._settings.gates and needs_full_window(decoding.evidence)):
                break
        assert decoding is not None
        text = unlooped(decoding.evidence) if self._settings.gates else decoding.evidence.text
        judged = replace(decoding.evidence, text=text, **asdict(voicing(samples)))
        return Transcript(
            text=text,
            segments=(Segment(0.0, length_s, text),) if text else (),
            language=decoding.language,
            rejected=self._gate(judged) if self._settings.gates or not text else None,
            window_s=decoding.window_s,
            decodings=decodings,
            evidence=judged.numbers(),
        )

    def _gate(self, evidence: Evidence) -> str | None:
        return gate(evidence, only_english=not self._model.model.is_multilingual)

    def _features(self, samples: Samples) -> np.ndarray:
        waveform = np.pad(samples, (0, max(0, SHORTEST_SAMPLES - len(samples)))).astype(np.float32) / 32768
        return self._model.feature_extractor(waveform)[:, :-1]

    def _windows(self, length_s: float) -> Iterator[float]:
        first = window_s(length_s, self._settings)
        yield first
        if first < FULL_WINDOW_S:
            yield FULL_WINDOW_S

    def _decode(
        self, features: np.ndarray, window: float, length_s: float, language: str | None, heard: Heard
    ) -> Decoding:
        encoded = self._model.encode(pad_or_trim(features, window_frames(window)))
        tokenizer, suppressed = self._tokenizer(self._language(language, encoded))
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True)
        most = self._settings.max_new_tokens or int(length_s * TOKENS_PER_SECOND) + SPARE_TOKENS
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=min(POSITIONS, len(prompt) + most),
            return_scores=True,
            return_logits_vocab=True,
            return_no_speech_prob=True,
            suppress_tokens=list(suppressed),
        )[0]
        tokens = result.sequences_ids[0]
        text = tokenizer.decode(tokens).strip()
        evidence = Evidence(
            text=text,
            length_s=length_s,
            speech_ms=heard.speech_ms,
            speech_prob=heard.speech_prob,
            no_speech_prob=result.no_speech_prob,
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),  # the end of the text counts as a token
            compression_ratio=get_compression_ratio(text) if text else 0.0,
            **_confidence(tokens, result.logits[0]),
        )
        return Decoding(evidence, tokenizer.language_code, window)

    def _language(self, asked: str | None, encoded: Any) -> str:
        if not self._model.model.is_multilingual:
            return "en"
        for language in (asked, self._settings.language):
            code = (language or "").lower().split("-")[0]
            if code in self._model.supported_languages:
                return code
        return str(self._model.model.detect_language(encoded)[0][0][0][2:-2])

    def _tokenizer(self, language: str) -> tuple[Tokenizer, tuple[int, ...]]:
        if language not in self._tokenizers:
            multilingual = self._model.model.is_multilingual
            tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)
            self._tokenizers[language] = tokenizer, get_suppressed_tokens(tokenizer, [-1])
        return self._tokenizers[language]


def _confidence(tokens: list[int], logits: list[Any]) -> dict[str, Any]:
    """Return the fields of `Evidence` that tell how sure the decoder was of its different tokens.

    `logits` are those of the tokens and, unless the text was cut off, of its end; decoding is greedy.
    """
    logprobs = [_highest_logprob(np.asarray(step).reshape(-1)) for step in logits]
    different = {token: logprob for token, logprob in reversed(list(zip(tokens, logprobs, strict=False)))}
    words, end = list(different.values()), logprobs[len(tokens) :]
    if not words:
        return {}
    return {
        "sure_tokens": float(np.exp(words).sum()),
        "token_logprob": float(np.mean(words + end)),
        "least_logprob": float(min(words)),
    }


def _highest_logprob(logits: np.ndarray) -> float:
    return -float(np.log(np.exp(logits - logits.max()).sum()))
