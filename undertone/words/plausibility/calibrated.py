"""Whether Whisper's words were said, and in English: two weighted sums of few numbers, fitted on real sound.

    spoken(evidence)   above 0: somebody said words; below: a sneeze, a bark, a hum, in which Whisper heard some
    english(evidence)  above 0: the words can be right; below: the voice is clear and the words are unlikely

A recogniser that knows only English writes English over every language, but it is not sure of it; what it is not sure
of because the sound is poor (far away, noisy, muffled) is no sign of another language. Both are logistic regressions,
fitted and moved to where `benchmarks/words/words_gate.py --half chosen` loses little speech, and judged by `--half
report`.
"""

import math

from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.inventions import is_known_invention
from undertone.words.plausibility.repetition import only_one, surely_repeats

MOST_WORDS_PER_SECOND = 9.0  # nobody speaks faster; of more than `SOON_SAID` words
SOON_SAID = 4
ONE_WORD_S, ONE_WORD_LOGPROB = 1.0, -2.0  # nobody takes so long for a word that is so unlikely
SILENCE_LEVEL = 4.0  # root mean square of the loudest 40 ms, in steps of 16 bits
TYPICAL_MOVEMENT_DB = 3.0  # of speech, where too little of it has pitch


def can_judge(evidence: Evidence) -> bool:
    """Return whether all that the two sums need is known: they are fitted to Whisper behind the speech gate."""
    needed = (evidence.speech_prob, evidence.no_speech_prob, evidence.sure_tokens, evidence.token_logprob)
    return None not in (*needed, evidence.least_logprob, evidence.periodicity)


def impossible(evidence: Evidence) -> bool:
    """Return whether nobody can have said these words in this sound, however sure the recogniser is."""
    too_fast = len(evidence.words) > SOON_SAID and evidence.words_per_second > MOST_WORDS_PER_SECOND
    looped = only_one(evidence.words) and not surely_repeats(evidence.self_similarity)
    return (
        too_fast or looped or _too_little(evidence) or (evidence.level is not None and evidence.level < SILENCE_LEVEL)
    )


def _too_little(evidence: Evidence) -> bool:
    """Return whether one unlikely word stands for a whole sentence: "you" over one that the recogniser cannot read."""
    alone = len(evidence.words) == 1 and evidence.seconds > ONE_WORD_S
    return alone and _known(evidence.token_logprob) < ONE_WORD_LOGPROB


def spoken(evidence: Evidence) -> float:
    """Return the log odds that words were said."""
    unclear_invention = (1 - _known(evidence.speech_prob)) * is_known_invention(evidence.words)
    return (
        1.092 * _clearness(_known(evidence.speech_prob))
        + 16.484 * _between(_known(evidence.periodicity), _least_periodicity(_known(evidence.speech_prob)), 0.9)
        + 1.690 * math.log1p(_known(evidence.sure_tokens))
        - 3.034 * _known(evidence.no_speech_prob)
        - 11.301 * unclear_invention
        + 1.000 * _shortness(evidence.seconds)
        - 15.090
    )


def english(evidence: Evidence) -> float:
    """Return the log odds that the words are those of an English speaker."""
    movement_db = TYPICAL_MOVEMENT_DB if evidence.movement_db is None else evidence.movement_db
    return (
        3.262 * _known(evidence.token_logprob)
        + 1.137 * _known(evidence.least_logprob)
        - 0.583 * math.log(max(1, len(set(evidence.words))))
        - 1.377 * _clearness(_known(evidence.speech_prob))
        - 1.097 * _between(movement_db, 2.0, 5.0)
        + 15.128
    )


def _known(value: float | None) -> float:
    assert value is not None, "ask `can_judge` first"
    return value


def _least_periodicity(speech_prob: float) -> float:
    """Return what counts at least: a voice that is clear beyond doubt may be rough, or far away in a room."""
    return _between(0.6 + 3 * (speech_prob - 0.9), 0.6, 0.9)


def _shortness(seconds: float) -> float:
    """Return 1 for at most 0.3 s of speech, 0 from 0.45 s on: one word is never as sure and clear as a sentence is.

    Added by hand to the fitted sum: sneezes that pass for words last longer, and short barks are far below 0.
    """
    return _between((0.45 - seconds) / 0.15, 0.0, 1.0)


def _clearness(probability: float) -> float:
    """Return the logit of `probability`, a little within its ends: 0.5 -> 0, 0.98 -> 3.2."""
    return math.log((probability + 0.02) / (1.02 - probability))


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
