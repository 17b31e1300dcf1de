"""What every source of texts is brought to, and what is said when one is missing."""

import re
from dataclasses import dataclass

SPLITS = ("train", "dev", "test")


class SourceError(RuntimeError):
    """The sentences are missing; the message says what was tried and what to set."""


@dataclass(frozen=True)
class Sentence:
    """One text of a data set: `names` are GoEmotions emotions, an SST level "0" to "4", MELD's sentiment and emotion.

    `source` is "goemotions", "sst", "meld", or "sst_phrases" for parts of training sentences, which only the tree files
    label.
    """

    source: str
    split: str
    text: str
    names: tuple[str, ...]


def normalised(text: str) -> str:
    """Return letters and digits in lower case, single spaces: what decides that two texts are the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))
