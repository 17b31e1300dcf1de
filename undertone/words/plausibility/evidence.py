"""What speaks for and against the words of one utterance: numbers of the recogniser, the sound and the speech gate."""

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Evidence:
    """What is known of words and sound; None: this engine does not say, or nobody asked.

    `no_speech_prob`, `avg_logprob` and `compression_ratio` are Whisper's own; `sure_tokens` (the sum of the
    probabilities), `token_logprob` (the mean) and `least_logprob` are of its different tokens, each counted once, so
    that a decoder that repeats itself gains nothing; where the sound repeats itself as the text does
    (`self_similarity`, undertone/words/plausibility/repetition.py; None where the text does not), a token's is the mean
    of its occurrences. `word_logprob` (mean log posterior), `word_s` (mean length), `share_of_words` (of the time) and
    `noises` are pocketsphinx's; `level`, `voiced_s`, `movement_db`, `tonality` and `periodicity` are those of
    undertone/words/plausibility/voicing.py; `speech_ms` and `speech_prob` are the speech gate's: how much it took for
    speech and how clearly it heard it (undertone/gate/clarity.py).
    """

    text: str
    length_s: float
    speech_ms: int | None = None
    speech_prob: float | None = None
    no_speech_prob: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    sure_tokens: float | None = None
    token_logprob: float | None = None
    least_logprob: float | None = None
    level: float | None = None
    voiced_s: float | None = None
    movement_db: float | None = None
    tonality: float | None = None
    periodicity: float | None = None
    self_similarity: float | None = None
    word_logprob: float | None = None
    word_s: float | None = None
    share_of_words: float | None = None
    noises: int | None = None

    @property
    def words(self) -> list[str]:
        """The words in lower case, without points."""
        return words_of(self.text)

    @property
    def seconds(self) -> float:
        """What the speech gate took for speech, or the length of the samples where it was not asked; at least 0.1."""
        return max(0.1, self.length_s if self.speech_ms is None else self.speech_ms / 1000)

    @property
    def words_per_second(self) -> float:
        """Words for each of the `seconds`."""
        return len(self.words) / self.seconds

    def numbers(self) -> dict[str, float]:
        """Return what is known, rounded, for the log."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        known["words_per_second"] = self.words_per_second
        return {name: round(value, 3) for name, value in known.items() if isinstance(value, float | int)}


def words_of(text: str) -> list[str]:
    """Return the words of `text` in lower case, without points: "No, no!" -> ["no", "no"]."""
    return re.findall(r"[\w']+", text.lower())
