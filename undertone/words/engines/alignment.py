"""When each word was said: Whisper's own alignment, from the attention of its decoder, as faster-whisper reads it.

It costs a pass of the decoder over words that are known, 15 ms for ten of them, and is asked for only where a session
wants it. Times are good to about a tenth of a second; the first word of an utterance may begin too early, since the
decoder attends to the pause before it, and the last may reach into the silence behind it.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from undertone.audio import RATE_HZ
from undertone.words.transcript import Word

_OPENING, _CLOSING = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # marks that go with the word behind or before them
_FRAMES_PER_SECOND = 100
UNSPACED = frozenset(("zh", "ja", "th", "lo", "my", "yue"))  # cut at characters by faster-whisper, not at blanks


def word_times(
    whisper: WhisperModel, tokenizer: Tokenizer, tokens: Sequence[int], states: Any, samples: int
) -> tuple[Word, ...]:
    """Return the words of `tokens`, in order, as they lie in so many samples; `states` (1, positions, width) encode it.

    Their texts, joined with blanks, are the text of the tokens; in a language that is `UNSPACED`, without blanks.
    """
    length_s = samples / RATE_HZ
    segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": length_s, "tokens": list(tokens)}
    frames = max(2, round(length_s * _FRAMES_PER_SECOND))
    whisper.add_word_timestamps([[segment]], tokenizer, states, frames, _OPENING, _CLOSING, 0.0)
    parts = [found for found in segment["words"] if found["word"].strip()]
    starts = word_starts(parts, tokenizer.language_code not in UNSPACED)
    return tuple(_word(parts[start:end], length_s) for start, end in pairwise(starts))


def word_starts(parts: Sequence[dict[str, Any]], spaced: bool = True) -> list[int]:
    """Return where words begin, and the end: "well" and "-known" are two parts for faster-whisper, and one word.

    Where a language is not `spaced`, each part is a word, as faster-whisper cuts it.
    """
    later = [place for place, found in enumerate(parts) if place and (not spaced or found["word"].startswith(" "))]
    return [0, *later, len(parts)] if parts else []


def _word(parts: Sequence[dict[str, Any]], length_s: float) -> Word:
    start_s, end_s = (min(max(0.0, float(at)), length_s) for at in (parts[0]["start"], parts[-1]["end"]))
    text = "".join(found["word"] for found in parts).strip()
    return Word(start_s, max(start_s, end_s), text, fmean(float(found["probability"]) for found in parts))
