"""When each word was said: Whisper's own alignment, from the attention of its decoder, as faster-whisper reads it.

It costs a pass of the decoder over words that are known, 15 ms for ten of them, and is asked for only where a session
wants it. Times are good to about a tenth of a second; the first word of an utterance may begin too early, since the
decoder attends to the pause before it, and the last may reach into the silence behind it.
"""

from collections.abc import Sequence
from typing import Any

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from undertone.audio import RATE_HZ
from undertone.words.transcript import Word

_OPENING, _CLOSING = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # marks that go with the word behind or before them
_FRAMES_PER_SECOND = 100


def word_times(
    whisper: WhisperModel, tokenizer: Tokenizer, tokens: Sequence[int], states: Any, samples: int
) -> tuple[Word, ...]:
    """Return the words of `tokens`, in order, as they lie in so many samples; `states` (1, positions, width) encode it.

    Their texts, joined with blanks, are the text of the tokens.
    """
    length_s = samples / RATE_HZ
    segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": length_s, "tokens": list(tokens)}
    frames = max(2, round(length_s * _FRAMES_PER_SECOND))
    whisper.add_word_timestamps([[segment]], tokenizer, states, frames, _OPENING, _CLOSING, 0.0)
    return tuple(_word(found, length_s) for found in segment["words"] if found["word"].strip())


def _word(found: dict[str, Any], length_s: float) -> Word:
    start_s, end_s = (min(max(0.0, float(found[end])), length_s) for end in ("start", "end"))
    return Word(start_s, max(start_s, end_s), found["word"].strip(), float(found["probability"]))
