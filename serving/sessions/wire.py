"""Events of a session as messages of the wire: made here, last, and nowhere else.

What a message looks like stands in undertone/protocol.
"""

from functools import singledispatch

from undertone.probabilities import vector_of
from undertone.protocol import details, messages
from undertone.protocol.messages import Message, error
from undertone.stream.events import Event, Final, Judged, Mood, Partial, Provisional, SpeechEnded, SpeechStarted

__all__ = ["Message", "error", "message_of", "place_of"]


def message_of(event: Event) -> Message:
    """Return the message that says `event`."""
    message = _said(event)
    return message if event.channel is None else {**message, "channel": event.channel}


@singledispatch
def _said(event: Event) -> Message:
    raise TypeError(f"no message says {type(event).__name__}")


@_said.register
def _(event: SpeechStarted) -> Message:
    return messages.speech_started(event.utterance_id, event.start_ms, event.speech_start_ms)


@_said.register
def _(event: Mood) -> Message:
    return messages.mood(event.utterance_id, event.start_ms, event.end_ms, vector_of(event.probabilities))


@_said.register
def _(event: Partial) -> Message:
    return messages.partial(event.utterance_id, event.text)


@_said.register
def _(event: SpeechEnded) -> Message:
    return messages.speech_ended(event.utterance_id, event.end_ms, event.cause)


@_said.register
def _(event: Provisional) -> Message:
    return messages.provisional(_judged(event))


@_said.register
def _(event: Final) -> Message:
    return messages.final({**_judged(event), **details.words(event.words)}, event.timings)


def _judged(event: Judged) -> Message:
    rate_wpm = event.speech_rate_wpm
    shared = messages.verdict(event.span, event.text, event.verdict, rate_wpm, event.audio_ears)
    return {**shared, **details.prosody(event.prosody, rate_wpm)}


def place_of(final: Final) -> Message:
    """Return the entry of `final` in the trajectory of `session.closed`."""
    return {**final.span, "label": final.verdict.label, "fused_score": round(final.verdict.score, 4)}
