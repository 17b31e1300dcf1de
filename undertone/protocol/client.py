"""The messages that a client sends as text, as types, and how the server reads one."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from undertone.protocol.json_text import MessageError, parsed


class _ClientMessage(BaseModel):
    model_config = ConfigDict(defer_build=True)  # an importer need not wait for what the first message needs


class SessionUpdate(_ClientMessage):
    """settings of this session, only before the first audio frame, answered by session.updated; unknown keys are
    refused by name and nothing is changed
    """

    # Which settings there are, and their ranges: undertone/stream/settings.py, which checks them as they are applied.
    model_config = ConfigDict(extra="allow")

    type: Literal["session.update"]

    @property
    def changes(self) -> dict[str, Any]:
        """The settings, as they came."""
        return dict(self.model_extra or {})


class UtteranceCommit(_ClientMessage):
    """end the current utterance now"""

    type: Literal["utterance.commit"]


class SessionFinish(_ClientMessage):
    """no more audio; everything heard is finished and answered, then session.closed"""

    type: Literal["session.finish"]


class Ping(_ClientMessage):
    """answered by pong with the same id"""

    type: Literal["ping"]
    id: Any = None


class SessionResume(_ClientMessage):
    """the first message of a connection to /ws/analyze?resume=SESSION_ID, which goes on with a session whose connection
    was lost; answered by what was sent after after_seq, once and in order, and session.resumed
    """

    type: Literal["session.resume"]
    session_id: str
    secret: Annotated[str, Field(description="the last one that session.created or session.resumed gave; works once")]
    after_seq: Annotated[int, Field(ge=0, strict=True, description="seq of the last message that arrived")]


ClientMessage = SessionUpdate | UtteranceCommit | SessionFinish | Ping | SessionResume
_KINDS: dict[str, type[ClientMessage]] = {
    "session.update": SessionUpdate,
    "utterance.commit": UtteranceCommit,
    "session.finish": SessionFinish,
    "ping": Ping,
    "session.resume": SessionResume,
}
CLIENT_MESSAGES = tuple(_KINDS.values())


def read(text: str) -> ClientMessage:
    """Return the message in one text frame: `read('{"type": "ping", "id": 7}')` is `Ping(type="ping", id=7)`.

    Raises:
        MessageError: no JSON object with a known type, or JSON that not every reader understands alike.
    """
    message = parsed(text)
    if not isinstance(message, dict) or "type" not in message:
        raise MessageError('text messages are JSON objects with a "type"')
    kind = message["type"]
    if not isinstance(kind, str) or kind not in _KINDS:
        raise MessageError(f"unknown type {repr(kind)[:40]}; known are {', '.join(_KINDS)}")
    try:
        return _KINDS[kind].model_validate(message)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise MessageError(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"
        ) from None
