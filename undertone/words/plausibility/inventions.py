"""What recognisers are known to write where nothing was said; all of it is said by people, too."""

import re

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

# What pocketsphinx makes of clicks and beeps, and Whisper of grunts and cries: nothing but these.
LITTLE_WORDS = frozenset(
    {
        "a",
        "ah",
        "ahh",
        "am",
        "an",
        "and",
        "are",
        "at",
        "eh",
        "he",
        "her",
        "hm",
        "hmm",
        "huh",
        "i",
        "i'm",
        "in",
        "is",
        "it",
        "mm",
        "mmm",
        "of",
        "oh",
        "on",
        "ooh",
        "or",
        "s",
        "t",
        "the",
        "to",
        "ugh",
        "uh",
        "um",
        "you",
    }
)


# What voices, animals and machines utter that is no word, however long it lasts: "mm", "hmm", "uh", "ahhh".
_GRUNT = re.compile(r"m+|m*h+m+|u+h+|u+m+|a+h+|e+h+|hu+h+|u+g+h+|wo+o+h*|(ha){2,}h*")


def are_grunts(words: list[str]) -> bool:
    """Return whether none of these is a word: "Mm-hmm." and "Ahhh!" are written, but nothing is said."""
    return all(_GRUNT.fullmatch(word) for word in words)


def is_known_invention(words: list[str]) -> bool:
    """Return whether these words are what recognisers invent."""
    text = " ".join(words)
    return text in INVENTIONS or text.startswith(INVENTED_PREFIXES) or set(words) <= LITTLE_WORDS
