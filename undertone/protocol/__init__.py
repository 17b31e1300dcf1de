"""The messages of the wire: their types, and one function for each that the server sends.

Depends on pydantic, the labels and the fusion rule. There are no sockets here, and nothing of what a session does.
"""

from undertone.protocol.messages import (
    Message,
    Outcome,
    error,
    mood,
    partial,
    pong,
    sentiment,
    speech_ended,
    speech_started,
    verdict,
)

__all__ = [
    "Message",
    "Outcome",
    "error",
    "mood",
    "partial",
    "pong",
    "sentiment",
    "speech_ended",
    "speech_started",
    "verdict",
]
