"""The messages that the server sends, one function each; their types are in undertone/protocol/server.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from undertone.fusion import lanes_agreement, lanes_of, score
from undertone.labels import LABELS
from undertone.probabilities import Probabilities
from undertone.protocol.parts import Sentiment
from undertone.protocol.server import (
    Cause,
    Error,
    Mood,
    Pong,
    SessionUpdated,
    SpeechEnded,
    SpeechStarted,
    TranscriptPartial,
    UtteranceFinal,
    UtteranceProvisional,
)
from undertone.stream.settings import SessionSettings

Message = Mapping[str, Any]
_MOST_CHARACTERS = 500  # of a text for people: what it quotes may be as long as a frame


@dataclass(frozen=True)
class Outcome:
    """How a verdict came about: the weight of the words, whether it abstains, and why it has no words (or None)."""

    alpha: float
    abstain: bool
    reason: str | None


def sentiment(probabilities: Probabilities) -> Sentiment:
    """Return `{"label", "probabilities"}` of a vector (3,); probabilities are rounded to 4 places."""
    return {
        "label": LABELS[int(probabilities.argmax())],
        "probabilities": {label: round(float(value), 4) for label, value in zip(LABELS, probabilities, strict=True)},
    }


def session_updated(settings: SessionSettings) -> SessionUpdated:
    """The settings that hold now."""
    return cast(SessionUpdated, {"type": "session.updated", "settings": settings.as_dict()})


def speech_started(utterance_id: int, start_ms: int, speech_start_ms: int) -> SpeechStarted:
    """An utterance is under way; it begins at `start_ms`, its first speech is at `speech_start_ms`."""
    return {
        "type": "speech.started",
        "utterance_id": utterance_id,
        "start_ms": start_ms,
        "speech_start_ms": speech_start_ms,
    }


def mood(utterance_id: int, start_ms: int, end_ms: int, audio: Probabilities) -> Mood:
    """How the last seconds of the running utterance sound."""
    return {
        "type": "mood",
        "utterance_id": utterance_id,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "audio_sentiment": sentiment(audio),
    }


def partial(utterance_id: int, text: str | None) -> TranscriptPartial:
    """What the running utterance says so far; it may change."""
    return {"type": "transcript.partial", "utterance_id": utterance_id, "text": text}


def speech_ended(utterance_id: int, end_ms: int, cause: str) -> SpeechEnded:
    """The endpoint of an utterance; its final follows."""
    return {"type": "speech.ended", "utterance_id": utterance_id, "end_ms": end_ms, "cause": cast(Cause, cause)}


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
        "agreement": lanes_agreement(lanes_of(text_probabilities, audio)),
        "speech_rate_wpm": _words_per_minute(text, span["end_ms"] - span["start_ms"]),
    }


def final(shared: Message, timings: Mapping[str, float | None]) -> UtteranceFinal:
    """The verdict, `shared` being the fields of `verdict`, and where its time went."""
    return cast(UtteranceFinal, {"type": "utterance.final", **shared, "timings": dict(timings)})


def provisional(shared: Message) -> UtteranceProvisional:
    """What the voice alone says, `shared` being the fields of `verdict`."""
    return cast(UtteranceProvisional, {"type": "utterance.provisional", **shared})


def _words_per_minute(text: str | None, duration_ms: int) -> int | None:
    if not text or duration_ms <= 0:
        return None
    return round(len(text.split()) * 60_000 / duration_ms)


def error(code: str, message: str, fatal: bool = False, **details: Any) -> Error:
    """Something was refused (`fatal` false) or the session ends now (`fatal` true)."""
    short = message if len(message) <= _MOST_CHARACTERS else f"{message[: _MOST_CHARACTERS - 3]}..."
    return cast(Error, {"type": "error", "code": code, "message": short, "fatal": fatal, **details})


def pong(ping_id: Any) -> Pong:
    """The answer to `ping`, with the same id."""
    return {"type": "pong", "id": ping_id}
