"""The messages that the server sends, one function each; their types are in undertone/protocol/server.py."""

from collections.abc import Mapping
from typing import Any, cast

from undertone.labels import LABELS
from undertone.lane import VOICE, WORDS
from undertone.probabilities import Probabilities, vector_of
from undertone.protocol.parts import Resume, Sentiment
from undertone.protocol.server import (
    AudioAck,
    Cause,
    Error,
    Mood,
    Pong,
    SessionResumed,
    SessionUpdated,
    SpeechEnded,
    SpeechStarted,
    TranscriptPartial,
    UtteranceFinal,
    UtteranceProvisional,
)
from undertone.stream.settings import SessionSettings
from undertone.verdict import Verdict

Message = Mapping[str, Any]
Ears = Mapping[str, Mapping[str, float] | None]
_MOST_CHARACTERS = 500  # of a text for people: what it quotes may be as long as a frame


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
    span: Mapping[str, int], text: str | None, judged: Verdict, speech_rate_wpm: int | None, ears: Ears
) -> Message:
    """Return the fields that `utterance.final` and `utterance.provisional` share.

    `span` has utterance_id, start_ms, end_ms; `ears` the probabilities of each ear by label, None of a silent one.
    """
    lanes = {name: sentiment(vector_of(lane.probabilities)) for name, lane in judged.lanes.items()}
    return {
        **span,
        "text": text,
        "text_sentiment": lanes.get(WORDS),
        "audio_sentiment": lanes[VOICE],
        "audio_ears": {name: None if heard is None else sentiment(vector_of(heard)) for name, heard in ears.items()},
        "fused_sentiment": sentiment(vector_of(judged.probabilities)),
        "fused_score": round(judged.score, 4),
        "alpha": round(judged.alpha, 4),
        "abstain": judged.abstain,
        "mode": judged.mode,
        "reason": judged.reason,
        "agreement": judged.agreement,
        "speech_rate_wpm": speech_rate_wpm,
    }


def final(shared: Message, timings: Mapping[str, float | None]) -> UtteranceFinal:
    """The verdict, `shared` being the fields of `verdict`, and where its time went."""
    return cast(UtteranceFinal, {"type": "utterance.final", **shared, "timings": dict(timings)})


def provisional(shared: Message) -> UtteranceProvisional:
    """What the voice alone says, `shared` being the fields of `verdict`."""
    return cast(UtteranceProvisional, {"type": "utterance.provisional", **shared})


def error(code: str, message: str, fatal: bool = False, **details: Any) -> Error:
    """Something was refused (`fatal` false) or the session ends now (`fatal` true); no detail is None."""
    short = message if len(message) <= _MOST_CHARACTERS else f"{message[: _MOST_CHARACTERS - 3]}..."
    said = {name: value for name, value in details.items() if value is not None}
    return cast(Error, {"type": "error", "code": code, "message": short, "fatal": fatal, **said})


def audio_ack(samples: int) -> AudioAck:
    """So many samples of the session were heard."""
    return {"type": "audio.ack", "samples": samples}


def session_resumed(session_id: str, samples: int, resume: Resume) -> SessionResumed:
    """The session goes on with sample number `samples`; `resume` is for the next time."""
    return {"type": "session.resumed", "session_id": session_id, "samples": samples, "resume": resume}


def pong(ping_id: Any) -> Pong:
    """The answer to `ping`, with the same id."""
    return {"type": "pong", "id": ping_id}
