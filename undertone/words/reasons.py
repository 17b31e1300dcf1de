"""Why an utterance has no words: the `reason` of a verdict, from the gate of the words to the wire."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason, equal to its word on the wire, with what it means: `Reason("no_words").meaning`."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> "Reason":
        """Make a member of its word and its meaning."""
        reason = str.__new__(cls, word)
        reason._value_, reason.meaning = word, meaning
        return reason

    ASR_UNAVAILABLE = "asr_unavailable", "no recogniser, or it failed"
    ASR_TIMEOUT = "asr_timeout", "no words in time"
    NO_WORDS = "no_words", "nothing was said"
    HALLUCINATION = "hallucination", "what was recognised was not said"
    LANGUAGE = "language", "it is not English, which is all that the text model reads"
    OVERLOAD = "overload", "too many utterances wait"
    WORKER_LOST = "worker_lost", "the process that had the utterance died"
    PENDING = "pending", "the words may still come; the final says why if they do not"


# What a recogniser says of an utterance that it heard; with the others it did not hear it.
REJECTIONS = (Reason.NO_WORDS, Reason.HALLUCINATION, Reason.LANGUAGE)
