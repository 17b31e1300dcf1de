"""Messages of the server as events: those of the library, as `release.stream()` gives them, and two of a session's own.

    SpeechStarted ─ Mood ─ Partial ... ─ SpeechEnded ─ Provisional ─ Final        of each utterance
    Refusal          something that was sent is not taken; the session goes on
    SessionClosed    the last one

Probabilities and scores have the four decimals of the wire.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from undertone.client.timing import Message
from undertone.lane import VOICE, WORDS
from undertone.prosody import Pitch, Prosody
from undertone.stream.events import Final, Mood, Partial, Provisional, SpeechEnded, SpeechStarted, SpokenWord
from undertone.verdict import JudgedLane, Verdict


@dataclass(frozen=True)
class Refusal:
    """Something that was sent is not taken, for `code` of the protocol; `message` is for people."""

    code: str
    message: str


@dataclass(frozen=True)
class SessionClosed:
    """The end of a session: its totals, and label and score of each utterance in the order in which they were spoken.

    `notes` say what was done to the audio before it was heard, where there is something to say.
    """

    reason: str
    totals: Mapping[str, Any]
    trajectory: Sequence[Mapping[str, Any]]
    notes: Sequence[Mapping[str, Any]] = field(default=())


Event = SpeechStarted | Mood | Partial | SpeechEnded | Provisional | Final | Refusal | SessionClosed


def event_of(message: Message) -> Event | None:
    """Return what `message` says; None where it is about the connection only, or newer than this client."""
    make = _MAKERS.get(message["type"])
    event = make(message) if make else None
    if event is None or isinstance(event, Refusal | SessionClosed) or "channel" not in message:
        return event
    return replace(event, channel=message["channel"])


def _mood(message: Message) -> Mood:
    heard = message["audio_sentiment"]["probabilities"]
    return Mood(message["utterance_id"], message["start_ms"], message["end_ms"], heard)


def _final(message: Message) -> Final:
    return Final(**_judged(message), timings=message["timings"])


def _judged(message: Message) -> dict[str, Any]:
    ears = message["audio_ears"].items()
    return {
        **{name: message[name] for name in ("utterance_id", "start_ms", "end_ms", "text", "speech_rate_wpm")},
        "verdict": _verdict(message),
        "audio_ears": {name: heard and heard["probabilities"] for name, heard in ears},
        "words": [SpokenWord(**_known(word)) for word in message["words"]] if "words" in message else None,
        "prosody": _prosody(message.get("prosody")),
    }


def _known(word: Mapping[str, Any]) -> dict[str, Any]:
    return {name: word[name] for name in ("text", "start_ms", "end_ms", "confidence")}


def _prosody(heard: Mapping[str, Any] | None) -> Prosody | None:
    if heard is None:
        return None
    pitch = [heard[f"pitch_{name}_hz"] for name in ("median", "low", "high")]
    return Prosody(None if None in pitch else Pitch(*pitch), heard["energy_dbfs"])


def _verdict(message: Message) -> Verdict:
    fused, alpha = message["fused_sentiment"], message["alpha"]
    lanes = {WORDS: (message["text_sentiment"], alpha), VOICE: (message["audio_sentiment"], round(1 - alpha, 4))}
    return Verdict(
        label=fused["label"],
        score=message["fused_score"],
        probabilities=fused["probabilities"],
        lanes={name: JudgedLane(**said, weight=weight) for name, (said, weight) in lanes.items() if said},
        agreement=message["agreement"],
        abstain=message["abstain"],
        reason=message["reason"],
    )


def _closed(message: Message) -> SessionClosed:
    notes = message.get("notes", ())
    return SessionClosed(message["reason"], message["totals"], message["trajectory"], notes)


_MAKERS: dict[str, Callable[[Message], Event]] = {
    "speech.started": lambda m: SpeechStarted(m["utterance_id"], m["start_ms"], m["speech_start_ms"]),
    "mood": _mood,
    "transcript.partial": lambda m: Partial(m["utterance_id"], m["text"]),
    "speech.ended": lambda m: SpeechEnded(m["utterance_id"], m["end_ms"], m["cause"]),
    "utterance.provisional": lambda m: Provisional(**_judged(m)),
    "utterance.final": _final,
    "error": lambda m: Refusal(m["code"], m["message"]),
    "session.closed": _closed,
}
