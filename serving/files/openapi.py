"""What /openapi.json says of `/predict` and `/api/transcribe`: the keyword arguments of their routes.

The settings are those of a session, the bodies the types below. The events of `/predict` are described once, in
asyncapi.yaml.
"""

from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from serving.files.named import Named
from undertone.protocol.parts import Asr, Note
from undertone.protocol.schemas import changes_schema, schema_of
from undertone.stream.settings import OF_SOCKETS, SessionSettings

EVENTS = (
    "One JSON message a line, as on the WebSocket: see /asyncapi.yaml. The last is session.closed or a fatal error."
)
OF_FILES = tuple(name for name in SessionSettings.model_fields if name not in OF_SOCKETS)
_AUDIO = {"type": "string", "contentMediaType": "application/octet-stream"}


@with_config(ConfigDict(extra="allow"))
class Fault(TypedDict):
    """Why a request was refused."""

    code: str
    message: str
    retry_after_s: NotRequired[Annotated[int, Field(ge=0, description="as in Retry-After")]]


@with_config(ConfigDict(extra="allow"))
class Refused(TypedDict):
    """The body of every HTTP error."""

    error: Fault


@with_config(ConfigDict(extra="forbid"))
class Segment(TypedDict):
    """A stretch of words."""

    start_s: Annotated[float, Field(ge=0, description="seconds of the recording")]
    end_s: Annotated[float, Field(ge=0, description="seconds of the recording")]
    text: str


@with_config(ConfigDict(extra="forbid"))
class TimedWord(Segment):
    """A word with the marks that go with it, and how sure the recogniser was of it."""

    confidence: Annotated[float, Field(ge=0, le=1)]


@with_config(ConfigDict(extra="forbid"))
class Transcript(TypedDict):
    """The words of a recording."""

    text: Annotated[str, Field(description="all that was said")]
    segments: list[Segment]
    words: NotRequired[Annotated[list[TimedWord], Field(description="only with `word_times`")]]
    language: str | None
    asr: Annotated[Asr, Field(description="the engine that ran, its model, and why")]
    notes: NotRequired[Annotated[list[Note], Field(description="what was done to the recording, or is missing of it")]]


_REFUSALS = {
    400: "nothing in the body, or a form without one file in its field `file`: empty_upload, invalid_form",
    401: "a key is needed, or the one that was shown does not hold: unauthorized",
    403: "this address or page is not let in, or that of a recording: address_not_allowed, origin_not_allowed, "
    "url_not_allowed",
    405: "another method than POST: wrong_method",
    408: "the upload stopped, came too slowly or took too long: upload_timeout",
    413: "too many bytes, or over an hour of audio: upload_too_large, audio_too_long",
    415: "no audio, or of a kind that neither libsndfile nor PyAV can read: not_audio",
    422: "a setting, named, or audio without samples or with broken ones: invalid_setting, empty_audio, damaged_audio; "
    "or an address without a recording: invalid_request, url_not_fetched",
    429: "the key is used up, with Retry-After: quota_exceeded",
    500: "our fault; the message carries an id that is in the log: internal",
    502: "the storage that was named cannot be reached: url_not_fetched",
    503: "no upload is free, or no room for it, with Retry-After: server_full, server_draining, no_room",
    504: "the storage that was named is too slow: url_not_fetched",
}
_TOLD_OF_FILES: dict[str, dict[str, Any]] = {
    "partials": {"description": "words while they are spoken; a file is over too soon for most of them"},
    "language": {"examples": ["en"]},
}


def predict_route() -> dict[str, Any]:
    """Describe `POST /predict`."""
    events = {"description": EVENTS, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
    summary = "Words, voice and verdict of a recording, as a stream of events"
    return _route(summary, OF_FILES, {200: events, **refusals()})


def transcribe_route(settings: tuple[str, ...]) -> dict[str, Any]:
    """Describe `POST /api/transcribe`, which takes `settings`."""
    transcript = {"description": "The words", "content": {"application/json": {"schema": schema_of(Transcript)}}}
    lost = f"{_REFUSALS[503]}; or there are no words: asr_unavailable, asr_timeout, overload, worker_lost"
    return _route("The words of a recording", settings, {200: transcript, **refusals(), 503: refusal(lost)})


def _route(summary: str, settings: tuple[str, ...], responses: dict[int, Any]) -> dict[str, Any]:
    form = {"type": "object", "required": ["file"], "properties": {"file": _AUDIO}}
    content = {"multipart/form-data": {"schema": form}, "audio/*": {"schema": _AUDIO}}
    content["application/json"] = {"schema": schema_of(Named)}
    schemas = {name: {**schema, **_TOLD_OF_FILES.get(name, {})} for name, schema in changes_schema().items()}
    parameters = [{"name": name, "in": "query", "required": False, "schema": schemas[name]} for name in settings]
    description = "The recording is the body, or the field `file` of a form: any format that libsndfile or PyAV reads."
    description += " As JSON the body names one that lies in storage, where the operator allows it (--allow-urls)."
    body = {"required": True, "description": description, "content": content}
    extra = {"requestBody": body, "parameters": parameters}
    return {"summary": summary, "responses": responses, "openapi_extra": extra}


def refusals() -> dict[int, Any]:
    """Describe the answers to what is refused, by their status."""
    return {status: refusal(text) for status, text in _REFUSALS.items()}


def refusal(description: str) -> dict[str, Any]:
    """Describe an answer to what is refused."""
    return {"description": description, "content": {"application/json": {"schema": schema_of(Refused)}}}
