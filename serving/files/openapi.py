"""What /openapi.json says of `/predict` and `/api/transcribe`: the keyword arguments of their routes.

The events of `/predict` are described once, in asyncapi.yaml.
"""

from typing import Any

from undertone.stream.settings import RANGES_MS, SessionSettings

EVENTS = (
    "One JSON message a line, as on the WebSocket: see /asyncapi.yaml. The last is session.closed or a fatal error."
)
_AUDIO = {"type": "string", "contentMediaType": "application/octet-stream"}

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
_SEGMENT = {
    "type": "object",
    "required": ["start_s", "end_s", "text"],
    "additionalProperties": False,
    "properties": {
        "start_s": {"type": "number", "minimum": 0, "description": "seconds of the recording"},
        "end_s": {"type": "number", "minimum": 0},
        "text": {"type": "string"},
    },
}
TRANSCRIPT = {
    "type": "object",
    "required": ["text", "segments", "language", "asr"],
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "description": "all that was said"},
        "segments": {"type": "array", "items": _SEGMENT},
        "language": {"type": ["string", "null"]},
        "asr": {"type": "object", "description": "the engine that ran, its model, and why"},
    },
}
_REFUSALS = {
    400: "nothing in the body, or a form without one file in its field `file`: empty_upload, invalid_form",
    405: "another method than POST: wrong_method",
    408: "the upload stopped: upload_timeout",
    413: "too many bytes, or over an hour of audio: upload_too_large, audio_too_long",
    415: "no audio, or of a kind that libsndfile cannot read: not_audio",
    422: "a setting, named, or audio without samples or with broken ones: invalid_setting, empty_audio, damaged_audio",
    500: "our fault; the message carries an id that is in the log: internal",
    503: "no upload is free, with Retry-After: server_full, server_draining",
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    **{name: {"type": "integer", "minimum": low, "maximum": high} for name, (low, high) in RANGES_MS.items()},
    "partials": {"type": "boolean", "description": "a file is over too soon for most of them"},
    "redact_text": {"type": "boolean", "description": "finals without the words"},
    "alpha": {"oneOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"const": "adaptive"}]},
    "language": {"type": "string", "minLength": 2, "maxLength": 10, "examples": ["en"]},
}


def predict_route() -> dict[str, Any]:
    """Describe `POST /predict`."""
    events = {"description": EVENTS, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
    summary = "Words, voice and verdict of a recording, as a stream of events"
    return _route(summary, tuple(SessionSettings.__dataclass_fields__), {200: events, **_refusals()})


def transcribe_route(settings: tuple[str, ...]) -> dict[str, Any]:
    """Describe `POST /api/transcribe`, which takes `settings`."""
    transcript = {"description": "The words", "content": {"application/json": {"schema": TRANSCRIPT}}}
    lost = f"{_REFUSALS[503]}; or there are no words: asr_unavailable, asr_timeout, overload, worker_lost"
    return _route("The words of a recording", settings, {200: transcript, **_refusals(), 503: _refusal(lost)})


def _route(summary: str, settings: tuple[str, ...], responses: dict[int, Any]) -> dict[str, Any]:
    form = {"type": "object", "required": ["file"], "properties": {"file": _AUDIO}}
    content = {"multipart/form-data": {"schema": form}, "audio/*": {"schema": _AUDIO}}
    parameters = [{"name": name, "in": "query", "required": False, "schema": _SCHEMAS[name]} for name in settings]
    description = "The recording is the body, or the field `file` of a form: any format that libsndfile reads."
    body = {"required": True, "description": description, "content": content}
    extra = {"requestBody": body, "parameters": parameters}
    return {"summary": summary, "responses": responses, "openapi_extra": extra}


def _refusals() -> dict[int, Any]:
    return {status: _refusal(text) for status, text in _REFUSALS.items()}


def _refusal(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": ERROR}}}
