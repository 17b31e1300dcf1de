"""The messages that the server sends, as types: typed dictionaries, so that what is sent costs no validation.

Tests validate what a server really sends against them; serving/asyncapi.yaml is generated from them.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from undertone.protocol.codes import ErrorCode
from undertone.protocol.parts import (
    CLOSED,
    OPEN,
    Asr,
    AudioEars,
    AudioFormat,
    ChannelNumber,
    EarInfo,
    Fusion,
    Labels,
    Limits,
    Note,
    Prosody,
    RecordingInfo,
    ReleaseInfo,
    Resume,
    Sentiment,
    Share,
    SpokenWord,
    Time,
    Timings,
    Totals,
    TrajectoryPoint,
    UtteranceId,
)
from undertone.stream.settings import SessionSettings
from undertone.words.reasons import Reason

_SETTLED = [reason for reason in Reason if reason is not Reason.PENDING]


def _settled(reason: Reason) -> Reason:
    if reason not in _SETTLED:
        raise ValueError("a final waits for nothing")
    return reason


_WHY = f"Why there are no words. {'; '.join(f'{reason}: {reason.meaning}' for reason in _SETTLED)}."
FinalReason = Annotated[Reason, AfterValidator(_settled), WithJsonSchema({"enum": [str(one) for one in _SETTLED]})]


class _Numbered(TypedDict):
    seq: NotRequired[
        Annotated[
            int,
            Field(
                ge=1,
                description="1, 2, 3 without gaps: the messages of a session, over whatever connection they come; what "
                "refuses a session has none, nor has an answer over HTTP",
            ),
        ]
    ]


class _OfUtterance(_Numbered):
    utterance_id: UtteranceId
    channel: NotRequired[ChannelNumber]


@with_config(CLOSED)
class SessionCreated(_Numbered):
    """on connect"""

    type: Literal["session.created"]
    session_id: str
    protocol: Literal[1]
    audio: AudioFormat
    limits: Limits
    settings: SessionSettings
    labels: Labels
    release: ReleaseInfo
    asr: Asr
    ear: EarInfo
    fusion: Fusion
    recording: RecordingInfo
    resume: Annotated[Resume | None, Field(description="null where a lost connection ends the session")]


@with_config(CLOSED)
class SessionResumed(_Numbered):
    """the answer to session.resume, after the messages that were missed; the client goes on with sample `samples`"""

    type: Literal["session.resumed"]
    session_id: str
    samples: Annotated[
        int, Field(ge=0, description="of this session that arrived: counted as sent, since the first; of Opus bytes")
    ]
    resume: Resume


@with_config(CLOSED)
class AudioAck(_Numbered):
    """after each second of audio: so many samples of this session, of Opus so many bytes, were heard, and need not be
    kept by its client; only where session.created has `resume`
    """

    type: Literal["audio.ack"]
    samples: Annotated[int, Field(ge=0)]


@with_config(CLOSED)
class SessionUpdated(_Numbered):
    """the answer to session.update; all settings that hold now"""

    type: Literal["session.updated"]
    settings: SessionSettings


@with_config(CLOSED)
class SpeechStarted(_OfUtterance):
    """an utterance is under way; it begins at start_ms with up to 300 ms of pre-roll, its level rises to that of speech
    at speech_start_ms
    """

    type: Literal["speech.started"]
    start_ms: Time
    speech_start_ms: Time


@with_config(CLOSED)
class Mood(_OfUtterance):
    """every mood_interval_ms during speech, first within 500 ms of its start; how the last 3 s at most sound"""

    type: Literal["mood"]
    start_ms: Time
    end_ms: Time
    audio_sentiment: Sentiment


@with_config(CLOSED)
class TranscriptPartial(_OfUtterance):
    """the words so far, if `partials`; at most one a second, may change, never after the final of its utterance; text
    is null with `redact_text`
    """

    type: Literal["transcript.partial"]
    text: str | None


Cause = Literal["silence", "max_length", "commit", "idle", "finish"]


@with_config(CLOSED)
class SpeechEnded(_OfUtterance):
    """the endpoint of an utterance"""

    type: Literal["speech.ended"]
    end_ms: Time
    cause: Cause


class _Verdict(_OfUtterance):
    start_ms: Time
    end_ms: Time
    text: Annotated[str | None, Field(description="null without words and with `redact_text`")]
    text_sentiment: Sentiment | None
    audio_sentiment: Sentiment
    audio_ears: AudioEars
    fused_sentiment: Sentiment
    fused_score: Annotated[float, Field(ge=-1, le=1)]
    alpha: Annotated[Share, Field(description="the weight that the words had; 0 without words")]
    abstain: Annotated[
        bool,
        Field(
            description="the label is doubtful: the fused confidence is under the calibrated floor, words and voice "
            "contradict each other, or nobody seems to have spoken (reason hallucination)"
        ),
    ]
    mode: Literal["fused", "audio_only"]
    agreement: Annotated[
        bool | None,
        Field(
            description="true: words and voice have the same label; false: they lean to opposite poles; null: there "
            "are no words, or only one of the two says anything (the other is neutral or undecided)"
        ),
    ]
    speech_rate_wpm: Annotated[int, Field(ge=0)] | None
    prosody: NotRequired[Annotated[Prosody, Field(description="only with `prosody` in the settings")]]


@with_config(CLOSED)
class UtteranceProvisional(_Verdict):
    """the words are not there 1000 ms after the endpoint; what the voice alone says"""

    type: Literal["utterance.provisional"]
    reason: Annotated[Literal[Reason.PENDING], Field(description=Reason.PENDING.meaning)]


@with_config(CLOSED)
class UtteranceFinal(_Verdict):
    """the verdict; exactly one for each utterance, in order"""

    type: Literal["utterance.final"]
    reason: Annotated[FinalReason | None, Field(description=_WHY)]
    words: NotRequired[
        Annotated[
            list[SpokenWord],
            Field(description="only with `word_times`: those of `text`; empty without words and with `redact_text`"),
        ]
    ]
    timings: Timings


@with_config(CLOSED)
class Pong(_Numbered):
    """the answer to ping"""

    type: Literal["pong"]
    id: Any


@with_config(OPEN)
class Error(_Numbered):
    """a refusal; a fatal one always comes before the close that it explains"""

    type: Literal["error"]
    code: ErrorCode
    message: str
    fatal: bool
    retry_after_s: NotRequired[float]


Limited = Literal["session_expired", "server_draining", "too_far_behind", "message_too_large"]
Ending = Literal["finished", Limited, "quota_exceeded", "unauthorized", "damaged_audio"]


@with_config(CLOSED)
class SessionClosed(_Numbered):
    """after session.finish, a time-out or a drain; the last message"""

    type: Literal["session.closed"]
    reason: Ending
    totals: Totals
    trajectory: list[TrajectoryPoint]
    notes: NotRequired[Annotated[list[Note], Field(description="only where there is something to say")]]


ServerMessage = Annotated[
    SessionCreated
    | SessionResumed
    | AudioAck
    | SessionUpdated
    | SpeechStarted
    | Mood
    | TranscriptPartial
    | SpeechEnded
    | UtteranceProvisional
    | UtteranceFinal
    | Pong
    | Error
    | SessionClosed,
    Field(discriminator="type"),
]
SERVER_MESSAGES = (
    *(SessionCreated, SessionResumed, AudioAck, SessionUpdated, SpeechStarted, Mood, TranscriptPartial, SpeechEnded),
    *(UtteranceProvisional, UtteranceFinal, Pong, Error, SessionClosed),
)
