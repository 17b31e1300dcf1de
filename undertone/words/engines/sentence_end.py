"""How probably a sentence ends where the words of a sound end, as Whisper's decoder heard it.

    "The kitchen door was open."        0.96
    "When we came home last night."     0.51

Whisper writes a full stop behind nearly everything, behind half a sentence too. What tells is how sure it was: behind a
sentence no other mark comes into question, behind half a sentence a comma or an ellipsis has its share of the
probability. That weighs grammar and melody at once.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

ENDING, PAUSING = (".", "?", "!"), (",", "...", "…", "..", "-", ";", ":")
NO_MARK = 0.01  # where hardly any mark is probable, no sentence ends


class Vocabulary(Protocol):
    """What is needed of a tokenizer of the package `tokenizers`."""

    def token_to_id(self, token: str) -> int | None:
        """Return the id of `token`, None where it is none."""

    def decode(self, ids: list[int]) -> str:
        """Return the text of tokens."""


def sentence_end_prob(tokens: Sequence[int], logits: Sequence[Any], vocabulary: Vocabulary) -> float | None:
    """Return how probably the mark behind the last word ends a sentence, 0 to 1, and is no comma or ellipsis.

    `logits` are those of the tokens and, unless the text was cut off, of its end, (vocabulary,) each. None: there is no
    word, or nothing is known of what follows it.
    """
    words = len(tokens)
    while words and not _has_letters(vocabulary.decode([tokens[words - 1]])):
        words -= 1
    if not words or words >= len(logits):
        return None
    behind = np.asarray(logits[words]).reshape(-1).astype(np.float64)
    likely = np.exp(behind - behind.max())
    likely /= likely.sum()
    ending, pausing = (_share(likely, marks, vocabulary) for marks in (ENDING, PAUSING))
    return ending / (ending + pausing + NO_MARK)


def _share(likely: NDArray[np.float64], marks: Sequence[str], vocabulary: Vocabulary) -> float:
    return sum(float(likely[number]) for mark in marks if (number := vocabulary.token_to_id(mark)) is not None)


def _has_letters(text: str) -> bool:
    return any(character.isalnum() for character in text)
