"""When one hearing of an utterance is not enough, and what two of them say together.

A short window is cheap, and clear speech needs no more. Where the words could as well have been invented, or written
over another language, the sound is heard once more in a wider window, and that one decides. What was said is heard
alike both times; over a sneeze, or over words that the recogniser does not know, it writes something else each time.
Where the language is still in doubt, the sound is heard slowed as well: English stays what it was. What both doubts
cost and save is in benchmarks/words/words_gate.py, on whose chosen half the numbers were set.
"""

from difflib import SequenceMatcher

from undertone.words.plausibility.calibrated import can_judge, english, spoken
from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.hallucination import needs_wider_window, says_again

CLEARLY_SPOKEN, CLEARLY_ENGLISH = 1.5, 1.3  # log odds from which nobody doubts what was heard
TELLING_WORDS = 3  # fewer are too few to be alike or not
ALIKE = 0.5  # of the words of both, those that stand in both in the same order
SLOWED, ALIKE_SLOWED = 0.9, 0.45


def asks_again(evidence: Evidence, only_english: bool) -> bool:
    """Return whether the words of a first hearing are to be heard once more in a wider window."""
    if _looks_wrong(evidence):
        return True
    if not can_judge(evidence):
        return False
    return spoken(evidence) <= CLEARLY_SPOKEN or (only_english and _may_be_foreign(evidence))


def doubts_language(evidence: Evidence, only_english: bool) -> bool:
    """Return whether accepted words are to be heard again in the sound slowed to `SLOWED`, pitch and all."""
    return only_english and can_judge(evidence) and _may_be_foreign(evidence)


def _looks_wrong(evidence: Evidence) -> bool:
    """Return whether the words look wrong; said twice, which people do too, they are only doubtful in a wide window."""
    return needs_wider_window(evidence) or says_again(evidence.words)


def _may_be_foreign(evidence: Evidence) -> bool:
    return len(set(evidence.words)) > 1 and english(evidence) <= CLEARLY_ENGLISH


def contradict(first: Evidence, again: Evidence) -> bool:
    """Return whether two hearings of one sound have so little in common that neither was said.

    A first one that looked wrong contradicts nothing: it was heard again to be replaced.
    """
    if _looks_wrong(first) or len(again.words) < TELLING_WORDS:
        return False
    return _likeness(first.words, again.words) < ALIKE


def is_foreign(heard: Evidence, slowed: Evidence) -> bool:
    """Return whether the slowed sound has so few of the words that were `heard` that they are not what was said.

    Where the decoder goes round over the slowed sound, what it wrote after as many words as were heard tells nothing.
    """
    again = slowed.words[: len(heard.words)] if says_again(slowed.words) else slowed.words
    return _likeness(heard.words, again) < ALIKE_SLOWED


def _likeness(one: list[str], other: list[str]) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
