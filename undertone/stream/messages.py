"""The messages that the server sends, one function each: their form stands here and in asyncapi.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from undertone.fusion import Probabilities, agree, score
from undertone.labels import LABELS

Message = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a verdict came about: the weight of the words, whether it abstains, and why it has no words (or None)."""

    alpha: float
    abstain: bool
    reason: str | None


def sentiment(probabilities: Probabilities) -> Message:
    """Return `{"label", "probabilities"}` of a vector (3,); probabilities are rounded to 4 places."""
    return {
        "label": LABELS[int(probabilities.argmax())],
        "probabilities": {label: round(float(value), 4) for label, value in zip(LABELS, probabilities, strict=True)},
    }


def speech_started(utterance_id: int, start_ms: int, speech_start_ms: int) -> Message:
    """An utterance is under way; it begins at `start_ms`, its first speech is at `speech_start_ms`."""
    return {
        "type": "speech.started",
        "utterance_id": utterance_id,
        "start_ms": start_ms,
        "speech_start_ms": speech_start_ms,
    }


def mood(utterance_id: int, start_ms: int, end_ms: int, audio: Probabilities) -> Message:
    """How the last seconds of the running utterance sound."""
    return {
        "type": "mood",
        "utterance_id": utterance_id,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "audio_sentiment": sentiment(audio),
    }


def partial(utterance_id: int, text: str | None) -> Message:
    """What the running utterance says so far; it may change."""
    return {"type": "transcript.partial", "utterance_id": utterance_id, "text": text}


def speech_ended(utterance_id: int, end_ms: int, cause: str) -> Message:
    """The endpoint of an utterance; its final follows."""
    return {"type": "speech.ended", "utterance_id": utterance_id, "end_ms": end_ms, "cause": cause}


def verdict(
    span: Mapping[str, int],
    text: str | None,
    text_probabilities: Probabilities | None,
    audio: Probabilities,
    fused: Probabilities,
    outcome: Outcome,
) -> Message:
    """Return the fields that `utterance.final` and `utterance.provisional` share.

    `span` has utterance_id, start_ms, end_ms.
    """
    words = None if text_probabilities is None else sentiment(text_probabilities)
    voice = sentiment(audio)
    return {
        **span,
        "text": text,
        "text_sentiment": words,
        "audio_sentiment": voice,
        "fused_sentiment": sentiment(fused),
        "fused_score": round(score(fused), 4),
        "alpha": round(outcome.alpha, 4),
        "abstain": outcome.abstain,
        "mode": "fused" if outcome.reason is None else "audio_only",
        "reason": outcome.reason,
        "agreement": agreement(text_probabilities, audio),
        "speech_rate_wpm": _words_per_minute(text, span["end_ms"] - span["start_ms"]),
    }


def agreement(text: Probabilities | None, audio: Probabilities) -> bool | None:
    """Return whether words and voice, vectors (3,), say the same; None where at most one of them says anything.

    True: both have the same label. False: they lean to opposite poles. None: no words, or one of the two is neutral or
    undecided and the other is not. `agreement([0.1, 0.8, 0.1], [0.9, 0.1, 0])` is None.
    """
    if text is None:
        return None
    if not agree(text, audio):
        return False
    return True if np.argmax(text) == np.argmax(audio) else None


def _words_per_minute(text: str | None, duration_ms: int) -> int | None:
    if not text or duration_ms <= 0:
        return None
    return round(len(text.split()) * 60_000 / duration_ms)


def error(code: str, message: str, fatal: bool = False, **details: Any) -> Message:
    """Something was refused (`fatal` false) or the session ends now (`fatal` true)."""
    return {"type": "error", "code": code, "message": message, "fatal": fatal, **details}


def pong(ping_id: Any) -> Message:
    """The answer to `ping`, with the same id."""
    return {"type": "pong", "id": ping_id}
