"""The words of one utterance and what they say of the speaker: a transcript, read by the text model of a release.

read(transcript, model)     what a worker of the server does with what its recogniser heard
Reader(folder).read(sound)  the same from the sound on, in the calling thread, as the library does
"""

import logging
import threading
import time
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertone.words.blas import one_thread
from undertone.words.languages import ENGLISH, refusal
from undertone.words.reasons import Reason
from undertone.words.sentiment import TextModel, load_text_model
from undertone.words.settings import AsrSettings
from undertone.words.transcript import AsrUnavailableError, NoRecogniser, Recogniser, Sound, Transcript

log = logging.getLogger("undertone.asr")

_loading, _hearing = threading.Lock(), threading.Lock()


@dataclass(frozen=True)
class Words:
    """The words of one utterance, or why there are none; `text_probabilities` follow `undertone.labels.LABELS`.

    `segments` are `{"start_s", "end_s", "text"}`, seconds from the start of the samples; `encoding` and `encoder` are
    those of the `Transcript`, there whether the words were believed or not; `end_prob` as there. `words` are
    `{"start_s", "end_s", "text", "confidence"}` where their times were wanted.
    """

    text: str | None = None
    reason: str | None = None
    text_probabilities: list[float] | None = None
    asr_latency_ms: float | None = None
    text_latency_ms: float | None = None
    queue_latency_ms: float | None = None
    segments: tuple[dict[str, Any], ...] = ()
    words: tuple[dict[str, Any], ...] = field(default=(), kw_only=True)
    language: str | None = None
    encoding: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    encoder: str | None = None
    end_prob: float | None = None


def read(transcript: Transcript, model: TextModel | None, asr_latency_ms: float | None = None) -> Words:
    """Return the words of `transcript` and how they feel; without a `model` the words alone.

    Words of another language are there as they are, with `reason` language: the text model reads English.
    """
    heard = Words(
        asr_latency_ms=asr_latency_ms,
        language=transcript.language,
        encoding=transcript.encoding,
        encoder=transcript.encoder,
        end_prob=transcript.end_prob,
    )
    if transcript.rejected:
        return replace(heard, reason=transcript.rejected)
    foreign = transcript.language is not None and transcript.language not in ENGLISH
    probabilities, text_latency_ms = _felt(transcript.text, model) if model and not foreign else (None, None)
    return replace(
        heard,
        text=transcript.text,
        reason=Reason.LANGUAGE if foreign else None,
        text_probabilities=probabilities,
        text_latency_ms=text_latency_ms,
        segments=tuple(vars(segment) for segment in transcript.segments),
        words=tuple(vars(word) for word in transcript.words),
    )


def _felt(text: str, model: TextModel) -> tuple[list[float] | None, float | None]:
    if not model.understands(text):
        return None, None  # a sure "neutral" for words in another script would outvote the voice
    began_s = time.perf_counter()
    probabilities = model.probabilities(text)
    return probabilities.tolist(), 1000 * (time.perf_counter() - began_s)


class Reader:
    """Finds the words of utterances in the calling thread; what it needs is loaded when it is first asked.

    The recogniser is shared by all readers of the process that have the same settings; of several threads it hears one
    after the other.
    """

    def __init__(self, folder: Path, asr: AsrSettings | None = None) -> None:
        """Read with the text model of the release in `folder`; `asr` None means as a server does by default."""
        self._folder, self._asr = folder, asr or AsrSettings()

    @property
    def description(self) -> dict[str, Any]:
        """Which recogniser runs and why, as `Recogniser.description`; loads it."""
        return self._recogniser.description

    def refusal(self, language: str | None) -> str | None:
        """Return why `language` cannot be asked for; None where it can, and where no engine is there to know any."""
        known = self.description.get("languages") if language else None
        return refusal(language, known) if known else None

    def read(self, sound: Sound) -> Words:
        """Return the words of `sound`, or why there are none: whatever fails costs the words, never the verdict.

        Raises:
            AsrModelError: the settings name a model that there is not.
            undertone.manifest.ReleaseError: the text model of the release cannot be used.
        """
        recogniser, model = self._recogniser, self._model
        try:
            with _hearing, one_thread():
                (transcript,) = recogniser.transcribe_all([sound])
        except AsrUnavailableError:
            return Words(reason=Reason.ASR_UNAVAILABLE)
        except Exception:
            log.exception("no words for an utterance")
            return Words(reason=Reason.ASR_UNAVAILABLE)
        return read(transcript, model)

    @property
    def _recogniser(self) -> Recogniser:
        with _loading:
            return _loaded(self._asr)

    @cached_property
    def _model(self) -> TextModel:
        return load_text_model(self._folder)


@cache
def _loaded(settings: AsrSettings) -> Recogniser:
    try:
        from undertone.words.engines.recogniser import load_recogniser  # the engines, which not everybody has installed
    except ModuleNotFoundError as missing:
        reason = f"{missing.name} is not installed; `pip install 'undertone[whisper]'` brings words"
        log.warning("no speech recognition: %s", reason)
        return NoRecogniser(reason)
    return load_recogniser(settings)
