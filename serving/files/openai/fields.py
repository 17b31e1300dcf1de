"""The fields of a request: those that we have, those that change nothing here, and those that are refused by name."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response

from serving.files.body import Refusal
from serving.files.query import setting_of
from undertone.stream.settings import SessionSettings, SettingError

Format = Literal["json", "text", "srt", "vtt", "verbose_json"]
SETTINGS = ("language", "endpoint_silence_ms", "max_utterance_ms")
# Of OpenAI's models, whose names stand in programs: they get the model that is served.
_ALIASES = ("whisper-", "gpt-")
_LISTS = ("timestamp_granularities",)
_OURS_ALREADY = "chunking_strategy"  # recordings are always cut where people pause
_MISSING = {
    "include": "there are no log probabilities",
    "known_speaker_names": "speakers are not told apart",
    "known_speaker_references": "speakers are not told apart",
}


class FieldRefusal(Refusal):
    """A request is refused because of the field `param`, as OpenAI's clients read it."""

    def __init__(self, param: str, message: str, status: int = 400, code: str = "invalid_value") -> None:
        super().__init__(status, code, message)
        self.param = param

    def response(self) -> Response:
        """Return the answer that says so."""
        about = {"type": "invalid_request_error", "param": self.param}
        return JSONResponse({"error": {"code": self.code, "message": str(self), **about}}, self.status)


class Fields(BaseModel):
    """What a request wants; `prompt` and `temperature` are taken and change nothing: words are decoded one way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = "whisper-1"
    prompt: str | None = None
    response_format: Format = "json"
    temperature: float = Field(0.0, ge=0, le=1)
    timestamp_granularities: tuple[Literal["segment", "word"], ...] = ()
    stream: bool = False

    @property
    def word_times(self) -> bool:
        """Whether the times of words are wanted."""
        return "word" in self.timestamp_granularities


def fields_of(items: Sequence[tuple[str, str]], served: str | None) -> tuple[Fields, dict[str, Any]]:
    """Return what the `items` of a form want of the model `served`, and the settings of a session among them.

    Raises:
        FieldRefusal: a field is unknown, wrong, given twice or not to be had here.
    """
    given: dict[str, Any] = {}
    for item, text in items:
        name = item.partition("[")[0]
        if name in _MISSING:
            raise FieldRefusal(name, f"{name}: {_MISSING[name]}", code="unsupported_value")
        if name in given and name not in _LISTS:
            raise FieldRefusal(name, f"{name} is given twice")
        if name != _OURS_ALREADY:
            given[name] = (*given.get(name, ()), text) if name in _LISTS else text
    settings = _settings({name: given.pop(name) for name in SETTINGS if name in given})
    fields = _checked(given)
    if fields.model != served and not fields.model.startswith(_ALIASES):
        message = f"there is no model {fields.model!r} here; whisper-1 stands for {served}"
        raise FieldRefusal("model", message, 404, "model_not_found")
    if fields.word_times and fields.response_format != "verbose_json":
        raise FieldRefusal("timestamp_granularities", "timestamp_granularities: times of words come with verbose_json")
    if fields.stream and fields.response_format not in ("json", "text"):
        raise FieldRefusal("stream", f"stream: {fields.response_format} comes when all is heard, not as a stream")
    return fields, {**settings, "word_times": fields.word_times}


def _checked(given: dict[str, Any]) -> Fields:
    try:
        return Fields(**given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = str(fault["loc"][0])
        if fault["type"] == "extra_forbidden":
            known = ", ".join(["file", *Fields.model_fields, *SETTINGS])
            raise FieldRefusal(name, f"unknown field {name!r}; known are {known}", code="unknown_field") from None
        raise FieldRefusal(name, f"{name}: {fault['msg'].removeprefix('Value error, ')}") from None


def _settings(given: dict[str, str]) -> dict[str, Any]:
    chosen = {name: text if name == "language" else setting_of(text) for name, text in given.items() if text}
    for name, value in chosen.items():
        try:
            SessionSettings().updated({name: value})
        except SettingError as error:
            raise FieldRefusal(name, str(error)) from None
    return chosen
