"""What a recogniser answers, and what can go wrong on the way; every engine builds these.

AsrError
├── AsrModelError        the operator named a model that cannot be loaded
└── AsrUnavailableError  there is no engine: the utterance goes without words
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.audio import Samples
from undertone.words.reasons import Reason


class AsrError(RuntimeError):
    """Speech recognition failed."""


class AsrModelError(AsrError):
    """What the operator named is no model that can be loaded; the message says what to do."""


class AsrUnavailableError(AsrError):
    """No engine runs here, so there are no words."""


@dataclass(frozen=True)
class Sound:
    """What a recogniser is asked about: (n,) int16 samples at 16 kHz, and their language if it is known.

    `speech_ms` is how much of it the gate took for speech, `speech_prob` how clearly (undertone/gate/clarity.py).
    `word_times`: the times of its words are wanted.
    """

    samples: Samples
    language: str | None = None
    speech_ms: int | None = None
    speech_prob: float | None = None
    word_times: bool = False


@dataclass(frozen=True)
class Segment:
    """A stretch of words; times in seconds from the start of the samples given."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Word:
    """One word with the marks that go with it; times as in `Segment`, `confidence` in [0, 1] is how sure it was."""

    start_s: float
    end_s: float
    text: str
    confidence: float


@dataclass(frozen=True)
class Transcript:
    """The words of one utterance.

    `text` is empty where nothing was said, and holds the words even when they are `rejected`: None, or one of
    `undertone.words.reasons.REJECTIONS`. `window_s` is what the encoder saw (None without one), `decodings` how
    often the words were decoded, `evidence` what the gate judged by.

    `encoding` (width,) is what the encoder made of the sound, pooled (undertone/words/engines/pooling.py), whether
    the words are rejected or not; `encoder` the sha256 of its weights. None: there is no encoder, or were no samples.
    `end_prob` is how probably a sentence ends behind the last word; None: this engine does not say.
    `words` are those of `text`, where their times were wanted.
    """

    text: str
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = field(default=(), kw_only=True)
    language: str | None = None
    rejected: Reason | None = None
    window_s: float | None = None
    decodings: int = 1
    evidence: dict[str, float] = field(default_factory=dict)
    encoding: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    encoder: str | None = None
    end_prob: float | None = None


class Recogniser(ABC):
    """An engine that is loaded and warm."""

    @property
    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What runs and why, for the log and for clients.

        `engine`, `model`, `open_vocabulary`, `languages` (the codes of those that it knows), `reason`, and `sha256` of
        the weights, None of an engine without an encoder.
        """

    @abstractmethod
    def transcribe_all(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """Return the words of each of `sounds`; they may share the work, and never change each other.

        Raises:
            AsrUnavailableError: there is no engine.
        """

    def transcribe_each(self, sounds: Sequence[Sound]) -> Iterator[tuple[int, Transcript]]:
        """Yield the place of each of `sounds` and its words, as soon as they are known; raises as `transcribe_all`."""
        yield from enumerate(self.transcribe_all(sounds))

    def encoding(self, samples: Samples) -> NDArray[np.float32] | None:
        """Return `Transcript.encoding` of (n,) int16 samples, n > 0, without finding their words; None: no encoder."""
        return None

    def transcribe(
        self,
        samples: Samples,
        language: str | None = None,
        speech_ms: int | None = None,
        speech_prob: float | None = None,
    ) -> Transcript:
        """Return the words of one sound, its samples (n,) int16 at 16 kHz; the rest as in `Sound`."""
        return self.transcribe_all([Sound(samples, language, speech_ms, speech_prob)])[0]


class NoRecogniser(Recogniser):
    """The engine "none": every utterance goes without words."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        about = {"engine": "none", "model": None, "open_vocabulary": False, "reason": self._reason}
        return {**about, "languages": [], "sha256": None}

    def transcribe_all(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """Raise `AsrUnavailableError` if there is anything to hear."""
        if sounds:
            raise AsrUnavailableError(f"no speech recognition: {self._reason}")
        return []
