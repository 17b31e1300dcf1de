"""What a client may set for its session: the one place of the names, ranges and defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from undertone.encodings.forms import Encoding


class SettingError(ValueError):
    """A setting of `session.update` is unknown or out of range; the message names it."""


@dataclass(frozen=True)
class _Wanted:
    """What a setting must be, in the message that refuses another value."""

    text: str


_Switch = Annotated[bool, _Wanted("true or false")]
_Alpha = Annotated[float, Field(ge=0, le=1)] | Literal["adaptive"]
_Language = Annotated[str, Field(min_length=2, max_length=10)]
_Speaker = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]


OF_SOCKETS = (
    "encoding",
    "channels",
)  # settings that only a session over a socket has: a file says itself how it is written


class SessionSettings(BaseModel):
    """The settings of one session; times in ms, `alpha` None means as released."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    encoding: Annotated[Encoding, _Wanted(f"one of {', '.join(get_args(Encoding))}")] = Field(
        default="pcm_s16le",
        description="of binary frames: pcm_s16le has 16 kHz, pcm_mulaw and pcm_alaw (G.711) 8 kHz, ogg_opus and "
        "webm_opus whatever their container says; all are decoded while they come",
    )
    channels: Annotated[int, _Wanted("1 or 2")] = Field(
        default=1,
        ge=1,
        le=2,
        description="2: the channels are two speakers of one conversation, their samples by turns (L R L R), and every "
        "event of an utterance has its `channel`; with 1 the channels of a container are mixed",
    )
    endpoint_silence_ms: int = Field(default=500, ge=200, le=2000, description="silence that ends an utterance")
    endpoint: Annotated[Literal["fixed", "adaptive"], _Wanted('"fixed" or "adaptive"')] = Field(
        default="fixed",
        description="adaptive: an utterance ends sooner where its words end a sentence, later where they do not, and "
        "after endpoint_silence_ms where that is not known; refused where the server cannot know it",
    )
    max_utterance_ms: int = Field(default=15_000, ge=2000, le=30_000, description="longest utterance")
    mood_interval_ms: int = Field(default=250, ge=100, le=2000, description="time between two moods")
    partials: _Switch = Field(
        default=False, description="words while they are spoken; refused where the server has no workers for them"
    )
    alpha: Annotated[_Alpha | None, _Wanted('a number from 0 to 1 or "adaptive"')] = Field(
        default=None, description="weight of the words in place of the released rule"
    )
    language: Annotated[_Language | None, _Wanted('a code such as "en"')] = Field(
        default=None, description="spoken language: a code such as en or en-US, one of `asr.languages`"
    )
    baseline: Annotated[Literal["none", "adaptive"], _Wanted('"none" or "adaptive"')] = Field(
        default="none",
        description="adaptive: the voice is judged against how it sounded so far in the session; refused where the "
        "server has no ear or no baseline for it",
    )
    word_times: _Switch = Field(default=False, description="finals with the times of each word, in `words`")
    prosody: _Switch = Field(default=False, description="finals with pitch, energy and rate of speech, in `prosody`")
    redact_text: _Switch = Field(default=False, description="finals and partials without the words")
    record: _Switch = Field(
        default=False,
        description="consent that the operator keeps the audio and the events of this session; refused where none is "
        "kept; false is taken at any time, and what was kept of the session is deleted",
    )
    speaker: Annotated[_Speaker | None, _Wanted("1 to 64 of A-Z, a-z, 0-9 and ._@-")] = Field(
        default=None, description="a name under which a recorded session can be found and deleted, a pseudonym at best"
    )

    def updated(self, changes: Mapping[str, Any]) -> "SessionSettings":
        """Return a copy with `changes` applied, all or none; none of them may be None.

        Raises:
            SettingError: an unknown key, a wrong type or a value out of range.
        """
        refused = _refused(changes)
        for name, value in changes.items():
            if name in refused:
                raise SettingError(_refusal(name, value))
        return self.model_copy(update=dict(changes))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they go into `session.created`."""
        return dict(self)


def _refused(changes: Mapping[str, Any]) -> set[str]:
    known = {name: value for name, value in changes.items() if name in SessionSettings.model_fields}
    refused = {name for name, value in changes.items() if name not in known or value is None}
    try:
        SessionSettings.model_validate(known)
    except ValidationError as error:
        refused |= {str(fault["loc"][0]) for fault in error.errors(include_url=False)}
    return refused


def _refusal(name: str, value: Any) -> str:
    field = SessionSettings.model_fields.get(name)
    if field is None:
        return f"unknown setting {name!r}; known are {', '.join(SessionSettings.model_fields)}"
    return f"{name} must be {_wanted(field)}, not {value!r}"


def _wanted(field: FieldInfo) -> str:
    about = {type(item): item for item in field.metadata}
    if _Wanted in about:
        return str(about[_Wanted].text)
    return f"a whole number of ms from {about[Ge].ge} to {about[Le].le}"
