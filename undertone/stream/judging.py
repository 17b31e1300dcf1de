"""From an utterance, its words and what its voice says to the event that carries its verdict."""

from typing import TypeVar

import numpy as np

from undertone.fusion import lanes_of
from undertone.probabilities import Probabilities, by_label
from undertone.stream.events import Judged
from undertone.stream.utterance import Utterance
from undertone.verdict import judge
from undertone.voice.joined import JoinedEars
from undertone.weighting import FusionSettings
from undertone.words.reading import Words

J = TypeVar("J", bound=Judged)


def judged(
    kind: type[J],
    utterance: Utterance,
    words: Words,
    voice: Probabilities,
    ears: JoinedEars,
    fusion: FusionSettings,
    redacts: bool,
) -> J:
    """Return the `kind` of event that says how the speaker of `utterance` feels.

    `voice` (3,) is what the acoustic graph says; where the words bring an encoding, `ears` join it. With `redacts` the
    words weigh as ever, and stay here.
    """
    heard = ears.hear(voice, words.encoding, words.encoder, spoken=words.reason is None)
    text = None if words.text_probabilities is None else np.asarray(words.text_probabilities)
    return kind(
        utterance_id=utterance.utterance_id,
        start_ms=utterance.start_ms,
        end_ms=utterance.end_ms,
        text=None if redacts else words.text,
        speech_rate_wpm=words_per_minute(words.text, utterance.end_ms - utterance.start_ms),
        verdict=judge(lanes_of(text, heard.joined), fusion, words.reason),
        audio_ears={
            "cnn": by_label(heard.cnn),
            "encoder": None if heard.encoder is None else by_label(heard.encoder),
        },
    )


def words_per_minute(text: str | None, duration_ms: int) -> int | None:
    """Return how fast `text` was spoken, None without any: `words_per_minute("well done", 1000)` is 120."""
    if not text or duration_ms <= 0:
        return None
    return round(len(text.split()) * 60_000 / duration_ms)
