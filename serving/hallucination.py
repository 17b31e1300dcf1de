"""Whether words were said or invented: recognisers hear "thank you" in silence, hum and noise.

No sign is proof. Each gives points, two points reject; a known invention is one point, so that a real "thank you"
passes unless something else speaks against it. The points follow Radford et al. 2022, section 4.5 (no speech, log
probability, compression ratio), Koenecke et al. 2024 and Baranski et al. 2025 (what is invented, and over what).

    gate(Evidence(text="Thank you.", length_s=1.2, no_speech_prob=0.1, avg_logprob=-0.4)) -> None
    gate(Evidence(text="Thank you.", length_s=1.2, no_speech_prob=0.7, avg_logprob=-0.4)) -> "hallucination"
"""

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class GateSettings:
    """Where a sign begins to count; the same numbers stand in the section `asr` of params.yaml."""

    points_to_reject: int = 2
    no_speech_prob: float = 0.6  # above: one point
    sure_no_speech_prob: float = 0.9  # above: two
    avg_logprob: float = -1.0  # below: one
    low_avg_logprob: float = -1.5  # below: two
    compression_ratio: float = 2.4  # above: two, the text repeats itself
    repeats: int = 4  # two words or more, the same so often in a row: two
    most_words_per_second: float = 7.0  # above: two; nobody speaks so fast
    fewest_words_per_second: float = 0.3  # below, for longer than `slow_after_s`: one
    slow_after_s: float = 3.0
    shortest_speech_ms: int = 150  # the VAD took less for speech: one


@dataclass(frozen=True)
class Evidence:
    """What is known of words and sound; None: this engine does not say."""

    text: str
    length_s: float
    speech_ms: int | None = None
    no_speech_prob: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None

    @property
    def words(self) -> list[str]:
        """The words in lower case, without points."""
        return re.findall(r"[\w']+", self.text.lower())

    @property
    def words_per_second(self) -> float:
        """Words for each second that the VAD took for speech, or of the samples where it was not asked."""
        seconds = self.length_s if self.speech_ms is None else self.speech_ms / 1000
        return len(self.words) / max(seconds, 0.1)

    def numbers(self) -> dict[str, float]:
        """Return what is known, rounded, for the log."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        known["words_per_second"] = self.words_per_second
        return {name: round(value, 3) for name, value in known.items() if isinstance(value, float | int)}


# Said where nothing was said: the commonest of Whisper, in lower case, without points.
INVENTIONS = frozenset(
    {
        "bye",
        "bye bye",
        "i'm sorry",
        "oh",
        "okay",
        "please subscribe",
        "so",
        "thank you",
        "thank you for watching",
        "thank you very much",
        "thanks",
        "thanks for watching",
        "the end",
        "you",
    }
)
INVENTED_PREFIXES = (
    "amara org",
    "copyright",
    "don't forget to subscribe",
    "like and subscribe",
    "please like and subscribe",
    "see you in the next video",
    "see you next time",
    "subtitles by",
    "thank you for watching",
    "thanks for watching",
    "transcribed by",
    "transcription by",
    "translated by",
)

DEFAULT = GateSettings()


def gate(evidence: Evidence, settings: GateSettings = DEFAULT) -> str | None:
    """Return None to accept the words, or why they are rejected: "no_words" or "hallucination"."""
    if not evidence.words:
        return "no_words"
    return "hallucination" if sum(signs(evidence, settings).values()) >= settings.points_to_reject else None


def signs(evidence: Evidence, settings: GateSettings = DEFAULT) -> dict[str, int]:
    """Return the points against the words, by sign."""
    return {
        "no_speech": _above(evidence.no_speech_prob, settings.no_speech_prob, settings.sure_no_speech_prob),
        "unlikely": _above(_negative(evidence.avg_logprob), -settings.avg_logprob, -settings.low_avg_logprob),
        "repeated": 2 * repeats_itself(evidence, settings),
        "too_fast": 2 * (evidence.words_per_second > settings.most_words_per_second),
        "too_slow": int(_too_slow(evidence, settings)),
        "hardly_speech": int(evidence.speech_ms is not None and evidence.speech_ms < settings.shortest_speech_ms),
        "known_invention": int(is_known_invention(evidence.words)),
    }


def needs_full_window(evidence: Evidence, settings: GateSettings = DEFAULT) -> bool:
    """Return whether words from a short window look wrong, not just unsaid, so that 30 s may give better ones."""
    low = evidence.avg_logprob is not None and evidence.avg_logprob < settings.avg_logprob
    silent = evidence.no_speech_prob is not None and evidence.no_speech_prob > settings.no_speech_prob
    return repeats_itself(evidence, settings) or (low and not silent)


def repeats_itself(evidence: Evidence, settings: GateSettings = DEFAULT) -> bool:
    """Return whether the text compresses too well, or says the same words over and over."""
    compressed = evidence.compression_ratio is not None and evidence.compression_ratio > settings.compression_ratio
    return compressed or _repeats(evidence.words, settings.repeats)


def is_known_invention(words: list[str]) -> bool:
    """Return whether these words, said over and over or once, are what recognisers invent."""
    text = " ".join(words)
    return text in INVENTIONS or text.startswith(INVENTED_PREFIXES)


def _repeats(words: list[str], times: int) -> bool:
    for size in range(2, len(words) // times + 1):
        for start in range(len(words) - size * times + 1):
            if words[start : start + size] * times == words[start : start + size * times]:
                return True
    return False


def _too_slow(evidence: Evidence, settings: GateSettings) -> bool:
    return evidence.length_s > settings.slow_after_s and evidence.words_per_second < settings.fewest_words_per_second


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _above(value: float | None, one: float, two: float) -> int:
    return 0 if value is None else (value > one) + (value > two)
