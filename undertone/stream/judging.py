"""From an utterance, its words and what its voice says to the event that carries its verdict."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from undertone.fusion import lanes_of
from undertone.probabilities import by_label
from undertone.stream.events import Judged, SpokenWord
from undertone.stream.models import Models
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import Utterance, Voice
from undertone.verdict import judge
from undertone.voice.joined import JoinedEars
from undertone.weighting import FusionSettings
from undertone.words.reading import Words

J = TypeVar("J", bound=Judged)


def judged(
    kind: type[J],
    utterance: Utterance,
    words: Words,
    voice: Voice,
    ears: JoinedEars,
    fusion: FusionSettings,
    settings: SessionSettings,
) -> J:
    """Return the `kind` of event that says how the speaker of `utterance` feels.

    `voice` is what the acoustic graph says; where the words bring an encoding, `ears` join it. With `redact_text` the
    words weigh as ever, and stay here.
    """
    heard = ears.hear(voice.audio, words.encoding, words.encoder, spoken=words.reason is None)
    text = None if words.text_probabilities is None else np.asarray(words.text_probabilities)
    return kind(
        utterance_id=utterance.utterance_id,
        start_ms=utterance.start_ms,
        end_ms=utterance.end_ms,
        text=None if settings.redact_text else words.text,
        speech_rate_wpm=words_per_minute(words.text, utterance.end_ms - utterance.start_ms),
        verdict=judge(lanes_of(text, heard.joined), fusion, words.reason),
        audio_ears={
            "cnn": by_label(heard.cnn),
            "encoder": None if heard.encoder is None else by_label(heard.encoder),
        },
        words=_spoken(utterance, words, settings),
        prosody=voice.prosody,
    )


def voice_of(models: Models, utterance: Utterance, settings: SessionSettings) -> Voice:
    """Return what the voice of `utterance` says, with its prosody where `settings` ask for it."""
    voice = models.voice(utterance.samples)
    if not settings.prosody:
        return voice
    from undertone.prosody.measures import measured  # its network is loaded for those who ask

    return replace(voice, prosody=measured(utterance.samples))


def _spoken(utterance: Utterance, words: Words, settings: SessionSettings) -> list[SpokenWord] | None:
    if not settings.word_times:
        return None
    told = () if settings.redact_text else words.words
    return [_in_session(word, utterance) for word in told]


def _in_session(word: Mapping[str, Any], utterance: Utterance) -> SpokenWord:
    start_ms, end_ms = (
        min(utterance.start_ms + round(1000 * word[end]), utterance.end_ms) for end in ("start_s", "end_s")
    )
    return SpokenWord(word["text"], start_ms, end_ms, word["confidence"])


def words_per_minute(text: str | None, duration_ms: int) -> int | None:
    """Return how fast `text` was spoken, None without any: `words_per_minute("well done", 1000)` is 120."""
    if not text or duration_ms <= 0:
        return None
    return round(len(text.split()) * 60_000 / duration_ms)
