"""The word error rate of what a recogniser heard, counted by jiwer as everybody counts it."""

from collections.abc import Sequence

import jiwer

# Case and marks say nothing of which words were heard.
_WORDS = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.RemovePunctuation(),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)


def word_error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Return substitutions, deletions and insertions as a share of all words of `said`, text by text.

    Raises:
        ValueError: there is another number of texts in `heard`.
    """
    return float(jiwer.wer(list(said), list(heard), reference_transform=_WORDS, hypothesis_transform=_WORDS))
