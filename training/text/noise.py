"""Text as speech recognition writes it: the conditions that training meets and that evaluation reports one by one.

Every condition is a function of a text and a seeded generator; none reads a file. Word errors follow the usual split of
recognition errors into substitutions, deletions and insertions, half of the substitutions being words that sound alike.
What is put in is drawn as often as it occurs in the training texts, since the language model of a recogniser prefers
what is common: mostly words like "the" and "i", seldom one that carries a sentiment.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

FILLERS = ("uh", "um", "er", "hm", "well", "like", "you know", "i mean", "so", "oh")
NAMES = [
    "john",
    "mary",
    "david",
    "sarah",
    "mike",
    "anna",
    "tom",
    "lisa",
    "james",
    "emma",
    "chris",
    "kate",
    "sam",
    "jane",
]
GROUPS = ["christian", "muslim", "catholic", "jewish"]
_SPACE_BEFORE_MARK = re.compile(r"(?<=\S) (?=[,.!?;:](?:\s|$))")
_CONTRACTIONS = """
going to:gonna want to:wanna got to:gotta kind of:kinda let me:lemme do not:don't does not:doesn't did not:didn't
is not:isn't was not:wasn't can not:can't cannot:can't will not:won't would not:wouldn't it is:it's i am:i'm
that is:that's they are:they're you are:you're we are:we're i have:i've i will:i'll
"""
SPOKEN = dict(re.findall(r"(\w+(?: \w+)?):(\S+)", _CONTRACTIONS))
WRITTEN = {short: long for long, short in SPOKEN.items() if "'" in short} | {"can't": "can not"}

_CLASS_OF_LETTER = {
    letter: digit
    for digit, letters in enumerate(("bpfv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}
_WORD = re.compile(r"[a-z0-9']+")
_WRITTEN_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Confusions:
    """What a recogniser may hear instead: words of the same sound, and all words, each with how often it occurred.

    `cumulative` are the numbers of `words` added up, as `random.choices` wants them.
    """

    by_sound: dict[str, dict[str, int]]
    words: tuple[str, ...]
    cumulative: tuple[int, ...]

    def draw(self, rng: random.Random) -> str:
        """Return any word, as likely as it is frequent."""
        return rng.choices(self.words, cum_weights=self.cumulative)[0]


def sound(word: str) -> str:
    """Return the consonant classes of `word` (Soundex, US patent 1,261,167): "their" and "there" are "36".

    Unlike Soundex the first letter counts as any other and the length is free, so that "night" and "knight" differ but
    "ate" and "aid" agree.
    """
    classes = [_CLASS_OF_LETTER.get(letter, 0) for letter in word]
    return "".join(str(c) for c, before in zip(classes, [0, *classes], strict=False) if c and c != before)


def confusions_of(texts: Iterable[str], most_common: int = 8000) -> Confusions:
    """Count the words of `texts` (training texts only) and group the most common ones by sound."""
    counts = Counter(word for text in texts for word in _WORD.findall(text.lower()))
    known = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most_common]
    by_sound: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for word, count in known:
        by_sound[sound(word)][word] = count
    return Confusions(dict(by_sound), tuple(word for word, _ in known), tuple(accumulate(count for _, count in known)))


def spoken(text: str, rng: random.Random) -> str:
    """Return `text` with a name for "[NAME]" and a group for "[RELIGION]", as nobody says brackets."""
    name, group = rng.choice(NAMES).title(), rng.choice(GROUPS).title()
    return text.replace("\u2019", "'").replace("[NAME]", name).replace("[RELIGION]", group)


def unpunctuated(text: str, rng: random.Random) -> str:
    """As `spoken`, lower case, letters, digits and apostrophes only."""
    return " ".join(word for word in _WORD.findall(spoken(text, rng).lower()) if word.strip("'"))


def wrongly_punctuated(text: str, rng: random.Random) -> str:
    """As `unpunctuated`, with commas, full stops and question marks at random, and one full stop at the end."""
    words = unpunctuated(text, rng).split()
    marked = [word + rng.choices(("", ",", ".", "?"), (88, 6, 4, 2))[0] for word in words]
    return " ".join(marked).rstrip(",.?") + "." if words else ""


def with_fillers(text: str, rng: random.Random) -> str:
    """As `unpunctuated`, with a filler before one word in eight and often at the start."""
    words = unpunctuated(text, rng).split()
    spoken = [w for i, word in enumerate(words) for w in (*_filler(rng, 0.4 if i == 0 else 0.12), word)]
    return " ".join(spoken)


def recontracted(text: str, rng: random.Random) -> str:
    """As `unpunctuated`, contractions made where there are none, undone where there are, or without the apostrophe."""
    text = unpunctuated(text, rng)
    style = rng.randrange(3)
    if style == 0:
        return _replaced(text, SPOKEN)
    if style == 1:
        return _replaced(text, WRITTEN)
    return text.replace("'", "")


def with_word_errors(text: str, rng: random.Random, confusions: Confusions, rate: float = 0.15) -> str:
    """As `spoken`, each word wrong with probability `rate`: 60 % substituted, 20 % deleted, 20 % followed by another.

    Nothing else changes: marks stay where they are and a wrong word is written like the right one. A text never loses
    its last word.
    """
    text = spoken(text, rng)
    left, heard, end = len(_WRITTEN_WORD.findall(text)), "", 0
    for found in _WRITTEN_WORD.finditer(text):
        words = _heard(found.group(), rng, confusions) if rng.random() < rate else (found.group(),)
        if not words and left == 1:
            words = (found.group(),)
        left -= not words
        heard += text[end : found.start()] + " ".join(words)
        end = found.end()
    return _SPACE_BEFORE_MARK.sub("", " ".join((heard + text[end:]).split()))


def conditions(confusions: Confusions) -> dict[str, Callable[[str, random.Random], str]]:
    """Return the conditions by the names that metrics/text.json gives them; "word_errors_15" is the gated one."""
    return {
        "spoken": spoken,
        "unpunctuated": unpunctuated,
        "wrong_punctuation": wrongly_punctuated,
        "fillers": with_fillers,
        "contractions": recontracted,
        "word_errors_15": lambda text, rng: with_word_errors(text, rng, confusions),
        "unpunctuated_word_errors_15": lambda text, rng: with_word_errors(unpunctuated(text, rng), rng, confusions),
        "all_at_once": lambda text, rng: _all_at_once(text, rng, confusions),
    }


def augmented(text: str, rng: random.Random, confusions: Confusions, noise: Mapping[str, float]) -> str:
    """Return one view of `text` for training: with probability `noise["share"]` damaged, by one condition at random.

    `noise["word_errors"]` of the damaged texts get word errors, at a rate drawn anew between 0 and `word_error_rate`,
    a third of those without punctuation and a quarter with a wrong one, as recognisers guess it.
    """
    if rng.random() >= noise["share"]:
        return text if rng.random() < 0.5 else text.replace("[NAME]", rng.choice(NAMES).title())
    if rng.random() < noise["word_errors"]:
        heard = with_word_errors(text, rng, confusions, rng.uniform(0.0, noise["word_error_rate"]))
        writing = rng.choices((None, unpunctuated, wrongly_punctuated), (5, 4, 3))[0]
        return writing(heard, rng) if writing else heard
    return rng.choices((unpunctuated, wrongly_punctuated, with_fillers, recontracted), (3, 2, 1, 1))[0](text, rng)


def _all_at_once(text: str, rng: random.Random, confusions: Confusions) -> str:
    return wrongly_punctuated(with_word_errors(with_fillers(recontracted(text, rng), rng), rng, confusions), rng)


def _filler(rng: random.Random, probability: float) -> tuple[str, ...]:
    return (rng.choice(FILLERS),) if rng.random() < probability else ()


def _replaced(text: str, table: dict[str, str]) -> str:
    for found, put in table.items():
        text = re.sub(rf"(?<![\w']){re.escape(found)}(?![\w'])", put, text)
    return text


def _heard(word: str, rng: random.Random, confusions: Confusions) -> tuple[str, ...]:
    kind = rng.random()
    if kind < 0.6:
        other = _misheard(word.lower(), rng, confusions)
        return (other.capitalize() if word[0].isupper() else other,)
    return () if kind < 0.8 else (word, confusions.draw(rng))


def _misheard(word: str, rng: random.Random, confusions: Confusions) -> str:
    alike = {other: count for other, count in confusions.by_sound.get(sound(word), {}).items() if other != word}
    if alike and rng.random() < 0.5:
        return rng.choices(list(alike), list(alike.values()))[0]
    return confusions.draw(rng)
