"""One pass of Whisper: sounds encoded, each by itself, and decoded together, greedily and without timestamps.

Encoding several at once gains nothing (it is all arithmetic) and int8 keeps no row's scale for another row; decoding,
which reads the whole model for every token, takes half the time for each of four. What is decoded does not depend on
what it is decoded with: tests/undertone/words/engines/test_whisper_batch.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens
from numpy.typing import NDArray

from undertone.audio import RATE_HZ, Samples, to_float
from undertone.words.engines.alignment import word_times
from undertone.words.engines.overflow import files_in_fewer_steps
from undertone.words.engines.pooling import pooled, sound_frames
from undertone.words.engines.sentence_end import sentence_end_prob
from undertone.words.engines.window import SECOND_WINDOW_S, window_frames
from undertone.words.languages import base_code
from undertone.words.plausibility.evidence import Evidence, words_of
from undertone.words.plausibility.repetition import is_said_once, loop_length, mostly_again, repeats, self_similarity
from undertone.words.processor import overflows
from undertone.words.settings import AsrSettings
from undertone.words.transcript import Sound, Word

SHORTEST_SAMPLES = RATE_HZ // 10  # shorter sounds are padded: the spectrum needs a few frames
POSITIONS = 448  # of every Whisper's decoder
# More than any tongue needs: CTranslate2 gives half of it. In a narrow window a decoder soon repeats itself, and what
# did not come to its end there is heard again in a wider one; so English, of which 6 a second and 8 hold all that
# people say, has no more there.
TOKENS_PER_SECOND, SPARE_TOKENS = 30, 24
NARROW_TOKENS_PER_SECOND, NARROW_SPARE_TOKENS = 18, 14
ENGLISH_TOKENS_PER_SECOND, ENGLISH_SPARE_TOKENS = 12, 16


@dataclass(frozen=True)
class Decoding:
    """What a pass over a window gave; `encoding` is that of the sound alone, pooled; the rest as in `Transcript`.

    `is_cut`: the text has no end, there were too many tokens.
    """

    evidence: Evidence
    language: str
    window_s: float
    encoding: NDArray[np.float32]
    end_prob: float | None
    words: tuple[Word, ...]
    is_cut: bool


@dataclass(frozen=True)
class _Encoded:
    """A sound in its window: what the encoder made of it, (1, positions, width), and how many tokens it may have."""

    sound: Sound
    window_s: float
    states: Any
    language: str
    most_tokens: int

    @property
    def kind(self) -> tuple[float, str]:
        """What sounds must have in common to be decoded together."""
        return self.window_s, self.language

    @property
    def encoding(self) -> NDArray[np.float32]:
        """The states over the sound, those over the padding left out, pooled."""
        return pooled(np.asarray(self.states)[0, : sound_frames(len(self.sound.samples))])


class WhisperDecoder:
    """The weights of one Whisper, in int8 on the CPU; not for several threads at once.

    Raises:
        RuntimeError, ValueError: `folder` holds no weights of a Whisper.
    """

    def __init__(self, settings: AsrSettings, folder: Path) -> None:
        self._settings = settings
        files = files_in_fewer_steps(folder) if overflows() else None
        self._whisper = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=settings.threads, files=files
        )
        self._tokenizers: dict[str, tuple[Tokenizer, list[int]]] = {}

    @property
    def multilingual(self) -> bool:
        """Whether it knows more than English."""
        return bool(self._whisper.model.is_multilingual)

    @property
    def languages(self) -> list[str]:
        """The codes of the languages that it knows, sorted."""
        return sorted(self._whisper.supported_languages)

    def features(self, samples: Samples) -> np.ndarray:
        """Return the log-mel spectrum of (n,) int16 samples, (mels, frames)."""
        waveform = to_float(np.pad(samples, (0, max(0, SHORTEST_SAMPLES - len(samples)))))
        return np.asarray(self._whisper.feature_extractor(waveform)[:, :-1])

    def decode(
        self, sounds: Sequence[Sound], features: Sequence[np.ndarray], windows: Sequence[float]
    ) -> list[Decoding]:
        """Return what is heard in each of `sounds`, in a window of so many seconds each."""
        encoded = [self._encoded(*one) for one in zip(sounds, features, windows, strict=True)]
        order = sorted(range(len(encoded)), key=lambda number: encoded[number].kind)
        decodings: dict[int, Decoding] = {}
        for _, numbers in groupby(order, key=lambda number: encoded[number].kind):
            own = list(numbers)
            decodings.update(zip(own, self._together([encoded[number] for number in own]), strict=True))
        return [decodings[number] for number in range(len(encoded))]

    def encoding(self, sound: Sound, features: np.ndarray, window_s: float) -> NDArray[np.float32]:
        """Return what the encoder makes of `sound` in its window, pooled (width,)."""
        return self._encoded(sound, features, window_s).encoding

    def _encoded(self, sound: Sound, features: np.ndarray, window_s: float) -> _Encoded:
        states = self._whisper.encode(pad_or_trim(features, window_frames(window_s)))
        language = self._language(sound.language, states)
        most = self._settings.max_new_tokens or _most_tokens(len(sound.samples) / RATE_HZ, window_s, language)
        return _Encoded(sound, window_s, states, language, most)

    def _together(self, batch: Sequence[_Encoded]) -> list[Decoding]:
        if len(batch) == 1:
            return [self._decoding(batch[0], self._generate(batch[0].states, batch[0])[0])]
        states = StorageView.from_array(np.concatenate([np.asarray(one.states) for one in batch]))
        results = self._generate(states, *batch)
        # The length has one limit for all; where that let one run on past its own, it has its own again.
        return [
            self._together([one])[0] if len(result.sequences_ids[0]) >= one.most_tokens else self._decoding(one, result)
            for one, result in zip(batch, results, strict=True)
        ]

    def _generate(self, states: Any, *batch: _Encoded) -> list[Any]:
        tokenizer, suppressed = self._tokenizer(batch[0].language)
        prompt = self._whisper.get_prompt(tokenizer, [], without_timestamps=True)
        return list(
            self._whisper.model.generate(
                states,
                [prompt] * len(batch),
                beam_size=1,
                max_length=min(POSITIONS, len(prompt) + max(one.most_tokens for one in batch)),
                return_scores=True,
                return_logits_vocab=True,
                return_no_speech_prob=True,
                suppress_tokens=suppressed,
            )
        )

    def _decoding(self, one: _Encoded, result: Any) -> Decoding:
        written, logits = result.sequences_ids[0], result.logits[0]
        tokens = written[: self._said(one, written)]
        logits = logits[: len(tokens) + 1]  # behind what is said stands what the decoder would go on with, or the end
        text = self._tokenizer(one.language)[0].decode(tokens).strip()
        similarity = self_similarity(one.sound.samples) if mostly_again(words_of(text)) else None
        evidence = Evidence(
            text=text,
            length_s=len(one.sound.samples) / RATE_HZ,
            speech_ms=one.sound.speech_ms,
            speech_prob=one.sound.speech_prob,
            no_speech_prob=result.no_speech_prob,
            compression_ratio=get_compression_ratio(text) if text else 0.0,
            self_similarity=similarity,
            **_confidence(tokens, logits, said_again=repeats(similarity)),
        )
        end_prob = sentence_end_prob(tokens, logits, self._whisper.hf_tokenizer)
        words, is_cut = self._words(one, tokens), len(logits) <= len(tokens)
        return Decoding(evidence, one.language, one.window_s, one.encoding, end_prob, words, is_cut)

    def _said(self, one: _Encoded, tokens: Sequence[int]) -> int:
        """Return how many of `tokens` can have been said: in a narrow window a decoder likes to begin anew."""
        once = loop_length(tokens) if self._settings.gates and one.window_s < SECOND_WINDOW_S else len(tokens)
        if once == len(tokens):
            return once
        text = self._tokenizer(one.language)[0].decode(tokens[:once])
        phrase = Evidence(text, len(one.sound.samples) / RATE_HZ, speech_ms=one.sound.speech_ms)
        return once if is_said_once(phrase, one.sound.samples) else len(tokens)

    def _words(self, one: _Encoded, tokens: Sequence[int]) -> tuple[Word, ...]:
        if not (one.sound.word_times and tokens):
            return ()
        tokenizer, _ = self._tokenizer(one.language)
        return word_times(self._whisper, tokenizer, tokens, one.states, len(one.sound.samples))

    def _language(self, asked: str | None, encoded: Any) -> str:
        if not self.multilingual:
            return "en"
        for language in (asked, self._settings.language):
            if language and (code := base_code(language)) in self._whisper.supported_languages:
                return str(code)
        return str(self._whisper.model.detect_language(encoded)[0][0][0][2:-2])

    def _tokenizer(self, language: str) -> tuple[Tokenizer, list[int]]:
        if language not in self._tokenizers:
            tokenizer = Tokenizer(self._whisper.hf_tokenizer, self.multilingual, task="transcribe", language=language)
            self._tokenizers[language] = tokenizer, list(get_suppressed_tokens(tokenizer, [-1]))
        return self._tokenizers[language]


def _most_tokens(length_s: float, window_s: float, language: str) -> int:
    if window_s >= SECOND_WINDOW_S:
        return int(length_s * TOKENS_PER_SECOND) + SPARE_TOKENS
    if language == "en":
        return int(length_s * ENGLISH_TOKENS_PER_SECOND) + ENGLISH_SPARE_TOKENS
    return int(length_s * NARROW_TOKENS_PER_SECOND) + NARROW_SPARE_TOKENS


def _confidence(tokens: list[int], logits: list[Any], said_again: bool) -> dict[str, Any]:
    """Return the fields of `Evidence` that tell how sure the decoder was of its different tokens.

    `logits` are those of the tokens and, unless the text was cut off, of its end; decoding is greedy. A token counts as
    it is first; if they are `said_again`, with the mean of its occurrences, and what is there once tells only of the
    start of the text.
    """
    logprobs = [_highest_logprob(np.asarray(step).reshape(-1)) for step in logits]
    occurrences: dict[int, list[float]] = {}
    for token, logprob in zip(tokens, logprobs, strict=False):
        occurrences.setdefault(token, []).append(logprob)
    if not occurrences:
        return {}
    again = [own for own in occurrences.values() if len(own) > 1] if said_again else []
    telling = [float(np.mean(own)) for own in again] or [own[0] for own in occurrences.values()]
    return {
        "avg_logprob": float(np.mean(logprobs)),
        "sure_tokens": float(np.exp([own[0] for own in occurrences.values()]).sum()),
        "token_logprob": float(np.mean(telling + logprobs[len(tokens) :])),
        "least_logprob": min(telling),
    }


def _highest_logprob(logits: np.ndarray) -> float:
    return -float(np.log(np.exp(logits - logits.max()).sum()))
