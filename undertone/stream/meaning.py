"""Whether somebody who pauses has finished: what the words so far say, and how surely they end a sentence.

    ending("The kitchen door was open.", 0.96)      Ending.COMPLETE     the utterance ends now
    ending("I wanted to call you but.", 0.57)       Ending.OPEN         it may go on for `OPEN_MS`
    ending("The old man sat down.", 0.80)           Ending.UNKNOWN      it ends after the pause that any utterance does

A recogniser writes a full stop behind nearly everything, so that its own probability of one counts
(undertone/words/engines/sentence_end.py), and words that no sentence ends with. Pure functions: who asks for the words,
and when, is in undertone/stream/speculation.py, who waits in undertone/gate/endpointer.py.
"""

import re
from enum import Enum

OPEN_MS = 900
SURE, POSSIBLE = 0.85, 0.75  # of `end_prob`: from here on a sentence ends; below, it goes on


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


_CONJUNCTIONS = "and or but nor because although unless until if whether when whenever than as"
_ARTICLES = "a an the my your our their its every very"
_FILLERS = "um uh er erm hmm mm"
_PREPOSITIONS = "of with from into onto toward towards between during against without at to for by near"
_ANSWERS = "yes no yeah yep nope okay ok sure thanks fine right exactly maybe never hello hi bye"
_SUBORDINATE = "when whenever while if although though because unless until once since after before as"

NEVER_LAST = frozenset(_words(f"{_CONJUNCTIONS} {_ARTICLES} {_FILLERS}"))
LAST_OF_QUESTIONS = frozenset(_words(_PREPOSITIONS))  # "What is it for?"
SHORT_ANSWERS = frozenset(_words(_ANSWERS))
SUBORDINATE = frozenset(_words(_SUBORDINATE))


class Ending(Enum):
    """What the words say of a pause."""

    COMPLETE = "a sentence ends"
    OPEN = "it goes on"
    UNKNOWN = "not known"


def allowed_pause_ms(text: str | None, end_prob: float | None, usual_ms: int) -> int:
    """Return how long the pause behind `text` may last until the utterance ends; `usual_ms` where nothing is known."""
    return {Ending.COMPLETE: 0, Ending.OPEN: max(OPEN_MS, usual_ms)}.get(ending(text, end_prob), usual_ms)


def ending(text: str | None, end_prob: float | None) -> Ending:
    """Return what `text`, the words so far (None: there are none), says of the pause behind it.

    `end_prob` is how probably a sentence ends there; None: not known.
    """
    words = _words(text or "")
    if not words or text is None:
        return Ending.UNKNOWN
    if _hangs(text.strip(), words[-1]) or _waits_for_its_main_clause(text.strip()):
        return Ending.OPEN
    if end_prob is None or (len(words) == 1 and words[0] not in SHORT_ANSWERS):
        return Ending.UNKNOWN
    if end_prob < POSSIBLE:
        return Ending.OPEN
    return Ending.COMPLETE if end_prob >= SURE else Ending.UNKNOWN


def _hangs(text: str, last_word: str) -> bool:
    if last_word in NEVER_LAST or not re.search(r"(?<!\.)[.?!]$", text):
        return True
    return last_word in LAST_OF_QUESTIONS and not text.endswith("?")


def _waits_for_its_main_clause(text: str) -> bool:
    """Return whether the last sentence is a subordinate clause alone, as "When we came home." is."""
    last = re.split(r"[.?!]\s+", text)[-1]
    return _words(last)[0] in SUBORDINATE and "," not in last and not last.endswith("?")
