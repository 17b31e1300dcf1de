"""Word errors that sound like what was said, for comparison with those that training simulates.

The constants were fitted to pocketsphinx on synthetic speech (`python benchmarks/words/word_errors.py`): at any error
rate about 0.6 times as many phones as words are wrong, and a word with few examples in the training texts is misheard
more than twice as often as "the".
"""

import math
import random
from collections import Counter
from functools import cache
from itertools import accumulate
from pathlib import Path

import numpy as np
import pocketsphinx
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

LIKENESS = 13.0  # a word that shares no phone is exp(-LIKENESS) as likely as an equally common one of the same sound
RARENESS = 0.1  # the chance to be misheard falls with the count of a word to this power
SUBSTITUTED, DELETED = 0.8, 0.07  # of the errors; the others put in a word
COMMONEST, CANDIDATES = 8000, 64  # words that may be heard, and those that may be heard for one word


@cache
def pronunciations() -> dict[str, str]:
    """Return the first pronunciation of each word, one character a phone (CMUdict as pocketsphinx carries it)."""
    dictionary = Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict"
    code: dict[str, str] = {}
    found: dict[str, str] = {}
    for line in dictionary.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        if "(" not in word:  # "read(2)" is another way to say "read"
            found[word] = "".join(code.setdefault(phone, chr(ord("A") + len(code))) for phone in phones)
    return found


class SoundAlike:
    """A recogniser that mishears: what it puts in is common in `counts` and sounds like what was said.

    A word without a pronunciation can be misheard, as any word, but is never heard.
    """

    def __init__(self, counts: Counter[str]) -> None:
        known = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
        self._words = [word for word, _ in known if word in pronunciations()]
        self._place = {word: place for place, word in enumerate(self._words)}
        self._phones = [pronunciations()[word] for word in self._words]
        self._lengths = np.array([len(phones) for phones in self._phones])
        self._counts = np.array([counts[word] for word in self._words], np.float64)
        self._cumulative = list(accumulate(counts[word] for word in self._words))
        self._alike: dict[str, tuple[list[str], list[float]]] = {}
        self._rareness = {word: math.pow(1 + count, -RARENESS) for word, count in counts.items()}
        self._mean_rareness = sum(self._rareness[word] * count for word, count in counts.items()) / counts.total()

    def heard(self, said: str, rng: random.Random, rate: float) -> str:
        """Return `said` (lower case, no marks) with a share `rate` of its words wrong, on average over the texts."""
        words = [word for one in said.split() for word in self._heard(one, rng, rate)]
        return " ".join(words) if words else said.split()[-1]

    def _heard(self, word: str, rng: random.Random, rate: float) -> tuple[str, ...]:
        if rng.random() >= min(rate * self._rareness.get(word, 1.0) / self._mean_rareness, 0.95):
            return (word,)
        kind = rng.random()
        if kind < SUBSTITUTED:
            return (self._instead_of(word, rng),)
        return () if kind < SUBSTITUTED + DELETED else (word, self._any(rng))

    def _any(self, rng: random.Random) -> str:
        return rng.choices(self._words, cum_weights=self._cumulative)[0]

    def _instead_of(self, word: str, rng: random.Random) -> str:
        if word not in pronunciations():
            return self._any(rng)
        if word not in self._alike:
            self._alike[word] = self._sounding_like(word)
        words, cumulative = self._alike[word]
        return rng.choices(words, cum_weights=cumulative)[0]

    def _sounding_like(self, word: str) -> tuple[list[str], list[float]]:
        phones = pronunciations()[word]
        apart = cdist([phones], self._phones, scorer=Levenshtein.distance, dtype=np.uint8)[0]
        weights = self._counts * np.exp(-LIKENESS * apart / np.maximum(self._lengths, len(phones)))
        if word in self._place:
            weights[self._place[word]] = 0.0
        best = np.argsort(-weights, kind="stable")[:CANDIDATES]
        return [self._words[i] for i in best], list(accumulate(weights[best].tolist()))
