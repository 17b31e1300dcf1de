"""What finals tell beside their verdict where a session asks for it: the times of words, and how they were spoken."""

from collections.abc import Sequence

from undertone.prosody import Pitch, Prosody
from undertone.protocol import parts
from undertone.protocol.messages import Message
from undertone.stream.events import SpokenWord

_NO_PITCH = {"pitch_median_hz": None, "pitch_low_hz": None, "pitch_high_hz": None}


def words(spoken: Sequence[SpokenWord] | None) -> dict[str, list[parts.SpokenWord]]:
    """Return the field `words`; nothing where they are not asked for."""
    return {} if spoken is None else {"words": [_word(word) for word in spoken]}


def prosody(heard: Prosody | None, speech_rate_wpm: int | None) -> Message:
    """Return the field `prosody`; nothing where it is not asked for."""
    if heard is None:
        return {}
    pitch = _pitch(heard.pitch) if heard.pitch else _NO_PITCH
    energy_dbfs = round(heard.energy_dbfs, 1)
    return {"prosody": {**pitch, "energy_dbfs": energy_dbfs, "speech_rate_wpm": speech_rate_wpm}}


def _pitch(pitch: Pitch) -> dict[str, float]:
    return {f"pitch_{name}": round(value, 1) for name, value in vars(pitch).items()}


def _word(word: SpokenWord) -> parts.SpokenWord:
    return {
        "text": word.text,
        "start_ms": word.start_ms,
        "end_ms": word.end_ms,
        "confidence": round(word.confidence, 4),
    }
