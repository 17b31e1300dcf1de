"""What can go wrong on the wire: the codes of `error` messages, and the close code that follows a fatal one."""

from enum import StrEnum
from typing import Any

FINISHED = 1000  # the close code of a session that ended in order


class ErrorCode(StrEnum):
    """A code, equal to its word on the wire, with what it means: `ErrorCode("internal").close` is 1011."""

    meaning: str
    _close: int | None

    def __new__(cls, word: str, meaning: str, close: int | None = None) -> "ErrorCode":
        """Make a member of its word, its meaning and its close code."""
        code = str.__new__(cls, word)
        code._value_, code.meaning, code._close = word, meaning, close
        return code

    @property
    def close(self) -> int | None:
        """The WebSocket close code that follows it; None: the session goes on."""
        return self._close

    INVALID_MESSAGE = (
        "invalid_message",
        "no JSON object with a known type, a name twice in an object, NaN, a number that no double holds, half a "
        "surrogate pair, brackets over 16 deep",
    )
    INVALID_SETTING = (
        "invalid_setting",
        "session.update with an unknown key, a value out of range or that this server cannot do, or after audio",
    )
    ODD_FRAME_LENGTH = "odd_frame_length", "a binary frame that is no whole number of samples was ignored"
    UNAUTHORIZED = (
        "unauthorized",
        "no credential, one that does not hold, or one that was revoked or has expired meanwhile",
        4401,
    )
    QUOTA_EXCEEDED = (
        "quota_exceeded",
        "this key's sessions, connections or minutes are used up for retry_after_s, also in the midst of a session",
        4429,
    )
    SERVER_FULL = "server_full", "no session slot, or still loading; sent before anything is built", 1013
    MESSAGE_TOO_LARGE = "message_too_large", "a frame over 1 MiB", 1009
    TOO_FAR_BEHIND = (
        "too_far_behind",
        "audio waited unread for longer than max_wait_s; what is sent faster than it would be spoken may wait as long "
        "as it takes",
        4408,
    )
    RESUME_REFUSED = (
        "resume_refused",
        "session.resume for a session that is not there, has ended or waited too long, is somebody else's, or with a "
        "secret that is not its own or was used, or what was missed is no longer kept",
        4404,
    )
    SESSION_EXPIRED = "session_expired", "session or idle limit reached, nothing but zeros for idle_zeros_s too", 4410
    SERVER_DRAINING = "server_draining", "the server is going down; what was heard is answered first", 1012
    DAMAGED_AUDIO = (
        "damaged_audio",
        "audio that is not in the encoding of its session, or cannot be decoded; of POST /predict, as its last line, "
        "samples that are not finite numbers; what precedes is answered. A file that merely ends early is finished, "
        "see the notes of session.closed",
        1007,
    )
    AUDIO_TOO_LONG = "audio_too_long", "only of POST /predict, as its last line: the file goes on for over an hour"
    INTERNAL = "internal", "our fault; the message carries an id that is in the log", 1011

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        """Return the JSON schema of a code: every one of them with its meaning."""
        about = "With the close code of the fatal ones. Codes without one are not fatal."
        return {"description": about, "oneOf": [code._as_schema() for code in cls]}

    def _as_schema(self) -> dict[str, Any]:
        close = {} if self.close is None else {"x-close": self.close}
        return {"const": self.value, **close, "description": self.meaning}
