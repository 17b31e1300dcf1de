"""The messages of the wire: their types, and one function for each that the server sends.

Depends on pydantic, the labels, the fusion rule, the reasons of words and the settings of a session. There are no
sockets here, and nothing of what a session does.
"""

from undertone.protocol.client import (
    CLIENT_MESSAGES,
    ClientMessage,
    Ping,
    SessionFinish,
    SessionResume,
    SessionUpdate,
    UtteranceCommit,
    read,
)
from undertone.protocol.codes import FINISHED, ErrorCode
from undertone.protocol.json_text import MessageError, written
from undertone.protocol.messages import (
    Message,
    audio_ack,
    error,
    final,
    mood,
    partial,
    pong,
    provisional,
    sentiment,
    session_resumed,
    session_updated,
    speech_ended,
    speech_started,
    verdict,
)
from undertone.protocol.parts import PROTOCOL_VERSION, Resume, Timings
from undertone.protocol.server import SERVER_MESSAGES, ServerMessage, SessionClosed, SessionCreated

__all__ = [
    "CLIENT_MESSAGES",
    "FINISHED",
    "PROTOCOL_VERSION",
    "SERVER_MESSAGES",
    "ClientMessage",
    "ErrorCode",
    "Message",
    "MessageError",
    "Ping",
    "Resume",
    "ServerMessage",
    "SessionClosed",
    "SessionCreated",
    "SessionFinish",
    "SessionResume",
    "SessionUpdate",
    "Timings",
    "UtteranceCommit",
    "audio_ack",
    "error",
    "final",
    "mood",
    "partial",
    "pong",
    "provisional",
    "read",
    "sentiment",
    "session_resumed",
    "session_updated",
    "speech_ended",
    "speech_started",
    "verdict",
    "written",
]
