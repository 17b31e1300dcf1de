"""What the messages of the wire are made of: times, labels, sentiments, and what the server says of itself."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, with_config
from typing_extensions import TypeAliasType, TypedDict

from undertone.labels import LABELS, label_index

CLOSED = ConfigDict(extra="forbid")  # no field but these
OPEN = ConfigDict(extra="allow")  # others may follow
PROTOCOL_VERSION: Literal[1] = 1

UtteranceId = TypeAliasType("UtteranceId", Annotated[int, Field(ge=1)])
Time = TypeAliasType(
    "Time", Annotated[int, Field(ge=0, description="ms of audio since the first sample of the session")]
)
ChannelNumber = Annotated[
    Literal[1, 2],
    Field(description="only with `channels` 2: which of the two samples that come by turns it was said in"),
]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _known(label: str) -> str:
    label_index(label)
    return label


def _in_order(labels: list[str]) -> list[str]:
    if labels != list(LABELS):
        raise ValueError(f"the labels are {LABELS}, in this order")
    return labels


_EACH = {"required": list(LABELS)}
Label = TypeAliasType("Label", Annotated[str, AfterValidator(_known), WithJsonSchema({"enum": list(LABELS)})])
Labels = Annotated[list[str], AfterValidator(_in_order), WithJsonSchema({"const": list(LABELS)})]


@with_config(CLOSED)
class Sentiment(TypedDict):
    """A vector over the labels, and the first of them."""

    label: Label
    probabilities: Annotated[dict[Label, Share], Field(min_length=len(LABELS), json_schema_extra=_EACH)]


@with_config(OPEN)
class SpokenWord(TypedDict):
    """A word with the marks that go with it, and how sure the recogniser was of it."""

    text: str
    start_ms: Time
    end_ms: Time
    confidence: Share


Hertz = Annotated[float, Field(gt=0)]


@with_config(OPEN)
class Prosody(TypedDict):
    """How an utterance was spoken: the pitch of its voiced parts, as median and 5th and 95th percentile (null without a
    voice), their level, where 0 is a square wave at full scale, and its words a minute (null without words).
    """

    pitch_median_hz: Hertz | None
    pitch_low_hz: Hertz | None
    pitch_high_hz: Hertz | None
    energy_dbfs: Annotated[float, Field(ge=-100, le=0)]
    speech_rate_wpm: Annotated[int, Field(ge=0)] | None


@with_config(OPEN)
class AudioEars(TypedDict):
    """What each ear for the voice says, joined in `audio_sentiment`: the acoustic network, and the recogniser's encoder
    (null: it was silent, and `cnn` is `audio_sentiment`).
    """

    cnn: Sentiment
    encoder: Sentiment | None


@with_config(OPEN)
class AudioFormat(TypedDict):
    """What binary frames carry."""

    encoding: Literal["pcm_s16le"]
    sample_rate_hz: Literal[16000]
    channels: Literal[1]


@with_config(CLOSED)
class Resume(TypedDict):
    """How a client whose connection was lost goes on with its session: by session.resume with `secret`, which works
    once, within `within_s` after the loss.
    """

    secret: str
    within_s: float


@with_config(CLOSED)
class Limits(TypedDict):
    """What the operator allows a session."""

    max_frame_bytes: int
    max_session_s: float
    idle_session_s: float
    idle_speech_s: Annotated[
        float,
        Field(
            description="an utterance ends (idle) where no audio came for so long, and for as long as the last frame "
            "lasts; what comes later is another utterance"
        ),
    ]
    max_wait_s: float
    idle_zeros_s: NotRequired[
        Annotated[float, Field(description="a session ends where nothing but zeros came so long")]
    ]
    max_utterance_s: NotRequired[Annotated[float, Field(description="the most that max_utterance_ms may be set to")]]


@with_config(OPEN)
class RecordingInfo(TypedDict):
    """Whether a session may be recorded here, by `record` in its settings, and for how many days it is kept."""

    allowed: bool
    keep_days: Annotated[float | None, Field(description="null: until the operator deletes it")]


@with_config(OPEN)
class ReleaseInfo(TypedDict):
    """Which release is served; `models` has the sha256 of each file."""

    schema_version: int
    version: str
    models: dict[str, Sha256]


@with_config(OPEN)
class Asr(TypedDict):
    """The recogniser that the workers loaded, and why it is that one."""

    engine: str
    model: str | None
    open_vocabulary: bool
    reason: str
    languages: Annotated[list[str], Field(description="codes of the languages that it knows")]
    sha256: Annotated[Sha256 | None, Field(description="of its weights; null without an encoder")]


@with_config(OPEN)
class EarInfo(TypedDict):
    """Whether the recogniser's encoder is heard for the voice, and why not."""

    active: bool
    reason: NotRequired[str]


Fusion = Annotated[dict[str, Any], Field(description="the released rule that joins words and voice")]
Duration = Annotated[float, Field(ge=0)]


@with_config(CLOSED)
class Timings(TypedDict):
    """Where the time of a final went.

    total_latency_ms runs from the endpoint decision. speculation_lead_ms is by how much audio the words were asked for
    before it (null: they were asked for then); asr_latency_ms may then be longer than the total. queue_latency_ms is
    the wait for a worker; words asked for ahead wait there for others to be heard with as well. Voice and words are
    looked into side by side, so that the parts may add up to more than the total.
    """

    endpoint_wait_ms: Duration
    speculation_lead_ms: Duration | None
    queue_latency_ms: Duration | None
    asr_latency_ms: Duration | None
    text_latency_ms: Duration | None
    acoustic_latency_ms: Duration | None
    fusion_latency_ms: Duration | None
    total_latency_ms: Duration | None


@with_config(CLOSED)
class Speculations(TypedDict):
    """Transcriptions asked for in a pause, before it was known to end the utterance."""

    sent: Count
    used: Count
    wasted: Count


@with_config(CLOSED)
class Totals(TypedDict):
    """What a session heard."""

    audio_ms: Time
    speech_ms: Time
    utterances: Count
    labels: Annotated[dict[Label, int], Field(min_length=len(LABELS), json_schema_extra=_EACH)]
    speculations: Speculations


@with_config(CLOSED)
class Note(TypedDict):
    """What was done to the audio before it was heard, or what is missing of a recording."""

    code: Literal["ended_early", "damaged", "header_repaired", "level_scaled", "level_clipped", "offset_removed"]
    message: str
    at_ms: NotRequired[Time]


@with_config(OPEN)
class TrajectoryPoint(TypedDict):
    """One final in the course of a session."""

    utterance_id: UtteranceId
    channel: NotRequired[ChannelNumber]
    start_ms: Time
    end_ms: Time
    label: Label
    fused_score: Annotated[float, Field(ge=-1, le=1)]
