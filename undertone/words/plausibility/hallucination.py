"""Whether words were said or invented: recognisers hear "thank you" in silence, hum and noise.

Whisper's words behind the speech gate are judged by two calibrated sums (undertone/words/plausibility/calibrated.py).
Where the evidence is other (pocketsphinx, or nobody asked the speech gate), signs are counted: no sign is proof, each
gives points, two points reject; a known invention is one point, so that a real "thank you" passes unless something else
speaks against it. The points follow Radford et al. 2022, section 4.5 (no speech, log probability, compression ratio),
Koenecke et al. 2024 and Baranski et al. 2025 (what is invented, and over what).

    gate(Evidence(text="Thank you.", length_s=1.2, no_speech_prob=0.1, avg_logprob=-0.4)) -> None
    gate(Evidence(text="Thank you.", length_s=1.2, no_speech_prob=0.7, avg_logprob=-0.4)) -> "hallucination"
"""

from dataclasses import dataclass

from undertone.words.plausibility.calibrated import can_judge, english, impossible, spoken
from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.inventions import are_grunts, is_known_invention
from undertone.words.plausibility.repetition import repeats
from undertone.words.reasons import Reason

__all__ = ["Evidence", "GateSettings", "gate", "needs_wider_window", "repeats_itself", "signs", "unlooped"]


@dataclass(frozen=True)
class GateSettings:
    """Where a sign begins to count, of those that are counted."""

    points_to_reject: int = 2
    no_speech_prob: float = 0.6  # above: one point
    sure_no_speech_prob: float = 0.9  # above: two
    avg_logprob: float = -1.0  # below: one
    low_avg_logprob: float = -1.5  # below: two
    compression_ratio: float = 2.4  # above: two, the text repeats itself
    repeats: int = 4  # two words or more, the same so often in a row: two
    most_words_per_second: float = 7.0  # above: two; nobody speaks so fast
    brisk_words_per_second: float = 4.0  # what a text that loops is cut down to
    fewest_words_per_second: float = 0.3  # below, for longer than `slow_after_s`: one
    slow_after_s: float = 3.0
    shortest_speech_ms: int = 150  # the VAD took less for speech: one
    silence_level: float = 4.0  # root mean square in steps of 16 bits; below: two
    shortest_voiced_s: float = 0.1  # less has pitch: one
    least_movement_db: float = 2.75  # a voice that moves less: one
    still_movement_db: float = 2.0  # below: two
    tonality: float = 0.7  # above: one
    doubtful_words: float = -2.0  # mean log posterior of the words below: one
    long_word_s: float = 0.45  # mean length of a word above: one
    endless_word_s: float = 0.8  # above: two
    least_share_of_words: float = 0.15  # of the time below: one
    noises: int = 1  # so many that the engine itself heard as noise: one
    loop_logprob: float = -0.2  # mean of the tokens of what is said over and over; what people say so is surer
    loop_similarity: float = 0.65  # a sound from which this is known to hold what is said over and over


DEFAULT = GateSettings()


def gate(evidence: Evidence, settings: GateSettings = DEFAULT, only_english: bool = False) -> Reason | None:
    """Return None to accept the words, or why they are rejected, one of `undertone.words.reasons.REJECTIONS`.

    With `only_english` the engine knows nothing else, and writes English over every language; one word tells nothing.
    """
    if are_grunts(evidence.words):
        return Reason.NO_WORDS
    if not can_judge(evidence):
        return Reason.HALLUCINATION if sum(signs(evidence, settings).values()) >= settings.points_to_reject else None
    if impossible(evidence) or _has_lost_its_way(evidence, settings) or spoken(evidence) < 0:
        return Reason.HALLUCINATION
    tellable = only_english and len(set(evidence.words)) > 1
    return Reason.LANGUAGE if tellable and english(evidence) < 0 else None


def signs(evidence: Evidence, settings: GateSettings = DEFAULT) -> dict[str, int]:
    """Return the points against the words, by sign."""
    return {
        "no_speech": _above(evidence.no_speech_prob, settings.no_speech_prob, settings.sure_no_speech_prob),
        "unlikely": _below(evidence.avg_logprob, settings.avg_logprob, settings.low_avg_logprob),
        "repeated": 2 * (repeats_itself(evidence, settings) and not repeats(evidence.self_similarity)),
        "too_fast": 2 * (evidence.words_per_second > settings.most_words_per_second),
        "too_slow": int(_too_slow(evidence, settings)),
        "hardly_speech": int(evidence.speech_ms is not None and evidence.speech_ms < settings.shortest_speech_ms),
        "known_invention": int(is_known_invention(evidence.words)),
        "silent": 2 * _below(evidence.level, settings.silence_level),
        "no_pitch": _below(evidence.voiced_s, settings.shortest_voiced_s),
        "still": _below(evidence.movement_db, settings.least_movement_db, settings.still_movement_db),
        "tone": _above(evidence.tonality, settings.tonality),
        "doubtful_words": _below(evidence.word_logprob, settings.doubtful_words),
        "long_words": _above(evidence.word_s, settings.long_word_s, settings.endless_word_s),
        "few_words": _below(evidence.share_of_words, settings.least_share_of_words),
        "heard_as_noise": _above(evidence.noises, settings.noises - 1),
    }


def needs_wider_window(evidence: Evidence, settings: GateSettings = DEFAULT) -> bool:
    """Return whether words from a short window look wrong, not just unsaid: a wider one may give better."""
    low = evidence.avg_logprob is not None and evidence.avg_logprob < settings.avg_logprob
    silent = evidence.no_speech_prob is not None and evidence.no_speech_prob > settings.no_speech_prob
    return repeats_itself(evidence, settings) or (low and not silent)


def _has_lost_its_way(evidence: Evidence, settings: GateSettings) -> bool:
    """Return whether the decoder went round and round, unsure, over a sound that does not: mostly another language."""
    if evidence.token_logprob is None or evidence.self_similarity is None or not repeats_itself(evidence, settings):
        return False
    return evidence.token_logprob < settings.loop_logprob and evidence.self_similarity < settings.loop_similarity


def repeats_itself(evidence: Evidence, settings: GateSettings = DEFAULT) -> bool:
    """Return whether the text compresses too well, or says the same words over and over."""
    compressed = evidence.compression_ratio is not None and evidence.compression_ratio > settings.compression_ratio
    return compressed or _repeats(evidence.words, settings.repeats)


def says_again(words: list[str]) -> bool:
    """Return whether some phrase of two words or more comes twice in a row, as a lost decoder writes."""
    return _repeats(words, 2)


def unlooped(evidence: Evidence, settings: GateSettings = DEFAULT) -> str:
    """Return the text as far as it can have been said: a decoder that loops goes on after the speech has ended.

    What was said over and over at the pace of speech stays as it is.
    """
    if not repeats_itself(evidence, settings) or evidence.words_per_second <= settings.most_words_per_second:
        return evidence.text
    return " ".join(evidence.text.split()[: max(1, int(evidence.seconds * settings.brisk_words_per_second))])


def _repeats(words: list[str], times: int) -> bool:
    for size in range(2, len(words) // times + 1):
        for start in range(len(words) - size * times + 1):
            if words[start : start + size] * times == words[start : start + size * times]:
                return True
    return False


def _too_slow(evidence: Evidence, settings: GateSettings) -> bool:
    return evidence.length_s > settings.slow_after_s and evidence.words_per_second < settings.fewest_words_per_second


def _above(value: float | None, *limits: float) -> int:
    return 0 if value is None else sum(value > limit for limit in limits)


def _below(value: float | None, *limits: float) -> int:
    return 0 if value is None else sum(value < limit for limit in limits)
