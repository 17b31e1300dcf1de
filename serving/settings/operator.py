"""The settings of `undertone serve`, each once: its name, its default, its check and its help.

A flag `--asr-model`, a variable `UNDERTONE_ASR_MODEL` and a line `asr_model = "tiny.en"` of a file are the same
setting; serving/settings/sources.py gathers them.
"""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from serving.guard.policy import Access
from serving.logs import FORMATS, LEVELS, LogSettings
from serving.observe.recording.policy import RecordPolicy
from serving.promoted import default_release
from serving.settings import checks
from serving.settings.access import AccessSettings
from serving.settings.capacity import bundled, cores, read_card
from serving.settings.limits import Recognition, ServerLimits, worker_per_core
from serving.workers.scheduler import QueueLimits
from undertone.words.languages import ENGLISH, refusal
from undertone.words.settings import FALLBACKS, WINDOWS, AsrSettings

HOSTS = ("127.0.0.1", "0.0.0.0", "::")  # what LitServe accepts
PREFIX = "UNDERTONE_"  # UNDERTONE_DATA names the mirror of the trainings: no setting may be called `data`

_ASR, _LIMITS = AsrSettings(), ServerLimits()
Seconds = Annotated[float, BeforeValidator(checks.seconds)]


def _one_of(*known: str, default: str, about: str) -> Any:
    return Field(default=default, description=about, json_schema_extra={"metavar": "{" + ",".join(known) + "}"})


def _setting(default: Any, about: str, metavar: str | None = None) -> Any:
    return Field(default=default, description=about, json_schema_extra={"metavar": metavar} if metavar else None)


_Long = Annotated[float, BeforeValidator(partial(checks.seconds, most_s=86_400))]
_Switch = Annotated[str, BeforeValidator(checks.choice("on", "off"))]
_AtOnce = Annotated[int, BeforeValidator(checks.at_least_one)]


class OperatorSettings(AccessSettings):
    """What an operator may set; durations in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    release: Path = _setting(default_release(), "release folder")
    host: Annotated[str, BeforeValidator(checks.choice(*HOSTS))] = _one_of(*HOSTS, default=HOSTS[0], about="address")
    port: Annotated[int, BeforeValidator(checks.port)] = _setting(8000, "port, 1024 to 65535")
    max_sessions: Annotated[int | Literal["auto"], BeforeValidator(checks.sessions)] = _setting(
        "auto", "sessions at once; auto: as many as the capacity card says for these cores", "N|auto"
    )
    capacity: Annotated[Path, BeforeValidator(checks.capacity_card)] | None = _setting(
        None, "card by `benchmarks/streams.py --ramp` for --max-sessions auto (default: that of the package)", "FILE"
    )
    max_uploads: _AtOnce = _setting(_LIMITS.max_uploads, "recordings over HTTP at once, beside the sessions")
    max_session_s: _Long = _setting(_LIMITS.max_session_s, "that a session may last", "S")
    idle_session_s: _Long = _setting(_LIMITS.idle_session_s, "without a message in a session, then it ends", "S")
    idle_zeros_s: _Long = _setting(
        _LIMITS.idle_zeros_s, "of nothing but zeros, as a microphone that is off sends, then a session ends", "S"
    )
    idle_speech_s: Seconds = _setting(
        _LIMITS.idle_speech_s, "without audio in a sentence, then it counts as ended", "S"
    )
    max_utterance_s: Annotated[float, BeforeValidator(partial(checks.seconds, least_s=2, most_s=30))] = _setting(
        _LIMITS.max_utterance_s, "the longest utterance that a session may ask for, and hold in memory", "S"
    )
    max_wait_s: Seconds = _setting(_LIMITS.max_wait_s, "that audio may wait to be heard, then its session ends", "S")
    max_unread_s: _Long = _setting(
        _LIMITS.max_unread_s, "of audio that a session may send ahead of its time, then no more is read", "S"
    )
    max_queue_session_s: _Long = _setting(
        _LIMITS.queue.session_s, "of speech of one session that may wait for words, then the voice alone", "S"
    )
    max_queue_s: _Long = _setting(_LIMITS.queue.total_s, "of speech of all sessions that may wait for words", "S")
    max_queue_age_s: Seconds = _setting(
        _LIMITS.queue.age_s,
        "that the words of what was just said may take while others wait, then the voice alone",
        "S",
    )
    max_upload_mb: Annotated[float, BeforeValidator(checks.megabytes)] = _setting(
        round(_LIMITS.max_upload_bytes / 1e6), "of an upload, 10^6 bytes each", "MB"
    )
    max_file_s: _Long = _setting(_LIMITS.max_file_s, "of sound in an upload", "S")
    max_upload_s: _Long = _setting(_LIMITS.max_upload_s, "for the body of an upload, in all", "S")
    min_upload_bytes_per_s: Annotated[int, BeforeValidator(checks.whole(1, 1 << 30))] = _setting(
        _LIMITS.min_upload_bytes_per_s, "the least rate of an upload, over all of it", "N"
    )
    upload_grace_s: Seconds = _setting(_LIMITS.upload_grace_s, "before that rate counts", "S")
    send_timeout_s: Seconds = _setting(
        _LIMITS.send_timeout_s, "for a client that reads nothing, then it is given up", "S"
    )
    max_head_s: Seconds = _setting(_LIMITS.max_head_s, "for the head of a request", "S")
    resume_s: Annotated[float, BeforeValidator(checks.seconds_or_zero)] = _setting(
        _LIMITS.resume_s, "that a session waits for a client whose connection was lost; 0: it ends at once", "S"
    )
    max_waiting: Annotated[int, BeforeValidator(checks.whole(0, 1_000_000))] | None = _setting(
        _LIMITS.max_waiting_sessions, "sessions that may wait so at once (default: all of them)", "N"
    )
    drain_s: Seconds = _setting(_LIMITS.drain_s, "for sessions to end in, when the server goes down", "S")
    allow_origins: Annotated[str, BeforeValidator(checks.origins)] | None = _setting(
        None, "web pages of elsewhere that may use the HTTP routes, such as https://example.org (default: none)", "LIST"
    )
    log_level: Annotated[str, BeforeValidator(checks.choice(*LEVELS))] = _one_of(
        *LEVELS, default="info", about="the least that is logged"
    )
    log_format: Annotated[str, BeforeValidator(checks.choice(*FORMATS))] = _one_of(
        *FORMATS, default="text", about="lines for people, or one JSON object a line"
    )
    otlp_endpoint: Annotated[str, BeforeValidator(checks.http_url)] | None = _setting(
        None, "send spans there by OTLP over HTTP, such as http://collector:4318/v1/traces (default: no spans)", "URL"
    )
    record: Annotated[str, BeforeValidator(checks.store)] | None = _setting(
        None, "keep sessions that consent (`record` of session.update) there, see docs/operate.md", "DIR|URL"
    )
    record_max_mb: Annotated[float, BeforeValidator(checks.above_zero)] | None = _setting(
        None, "of recordings in all, then no more are taken (default: no bound)", "MB"
    )
    record_keep_days: Annotated[float, BeforeValidator(checks.above_zero)] | None = _setting(
        None, "then a recording is deleted (default: kept)", "DAYS"
    )
    asr_model: Annotated[str, BeforeValidator(checks.model)] = _setting(_ASR.model, "Whisper", "NAME|FOLDER|none")
    asr_fallback: Annotated[str, BeforeValidator(checks.choice(*FALLBACKS))] = _one_of(
        *FALLBACKS, default=_ASR.fallback, about="where the model cannot be loaded"
    )
    asr_hub_wait_s: Seconds = _setting(_ASR.hub_wait_s, "then the fallback", "S")
    asr_language: Annotated[str, BeforeValidator(checks.language)] | None = _setting(
        _ASR.language, "such as en (default: as the model says, or detected)", "CODE"
    )
    asr_window: Annotated[str, BeforeValidator(checks.choice(*WINDOWS))] = _one_of(
        *WINDOWS, default=_ASR.window, about="what the encoder sees"
    )
    asr_threads: Annotated[int, BeforeValidator(checks.whole(1, 64))] = _setting(_ASR.threads, "of each worker", "N")
    asr_workers: Annotated[int, BeforeValidator(checks.workers)] = Field(
        default_factory=worker_per_core,
        description="processes for finals; auto: one for each core, 8 at most (default: auto)",
        json_schema_extra={"metavar": "N|auto"},
    )
    asr_timeout_s: Seconds = _setting(_LIMITS.words_timeout_s, "then the voice alone", "S")
    partial_workers: Annotated[int, BeforeValidator(checks.whole(0, 64))] = _setting(
        Recognition.partial_workers, "processes for words while they are spoken; 0: no partials", "N"
    )
    worker_max_mb: Annotated[int, BeforeValidator(checks.whole(1, 1 << 20))] | None = _setting(
        None, "a worker that takes more memory is started anew between two utterances (default: never)", "MB"
    )
    start_workers: Annotated[str, BeforeValidator(checks.choice("asked", "all"))] = _one_of(
        *("asked", "all"), default="asked", about="the first alone and the others when it is busy, or all at once"
    )
    speculation: _Switch = _one_of(
        *("on", "off"), default="on", about="ask for the words in a pause, before it ends the utterance"
    )
    asr_gates: _Switch = _one_of("on", "off", default="on", about="off: for measurements, all words are believed")
    asr_max_new_tokens: Annotated[int, BeforeValidator(checks.whole(1, 448))] | None = _setting(
        _ASR.max_new_tokens, "for measurements: the most of an utterance, by default as its length says", "N"
    )

    @field_validator("asr_language")
    @classmethod
    def _known_to_the_model(cls, language: str | None, others: ValidationInfo) -> str | None:
        model = others.data.get("asr_model", "")
        if model.endswith(".en") and (wrong := refusal(language, ENGLISH)):
            raise ValueError(f"{language} with the model {model}: {wrong}")
        return language

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what serving/settings/sources.py has gathered, and nothing beside it."""
        return (init_settings,)

    @property
    def limits(self) -> ServerLimits:
        """What the server allows."""
        return ServerLimits(
            max_sessions=self.sessions,
            max_uploads=self.max_uploads,
            max_session_s=self.max_session_s,
            idle_session_s=self.idle_session_s,
            idle_zeros_s=self.idle_zeros_s,
            idle_speech_s=self.idle_speech_s,
            max_utterance_s=self.max_utterance_s,
            max_wait_s=self.max_wait_s,
            max_unread_s=self.max_unread_s,
            max_upload_bytes=round(1e6 * self.max_upload_mb),
            max_file_s=self.max_file_s,
            max_upload_s=self.max_upload_s,
            min_upload_bytes_per_s=self.min_upload_bytes_per_s,
            upload_grace_s=self.upload_grace_s,
            drain_s=self.drain_s,
            resume_s=self.resume_s,
            max_waiting_sessions=self.max_waiting,
            send_timeout_s=self.send_timeout_s,
            max_head_s=self.max_head_s,
            words_timeout_s=self.asr_timeout_s,
            queue=QueueLimits(self.max_queue_session_s, self.max_queue_s, self.max_queue_age_s),
        )

    @property
    def sessions(self) -> int:
        """How many sessions there may be at once."""
        if self.max_sessions != "auto":
            return self.max_sessions
        return read_card(self.capacity or bundled()).sessions(self.asr_model, cores())

    @property
    def origins(self) -> tuple[str, ...]:
        """Whose pages may call us."""
        return tuple(self.allow_origins.split(",")) if self.allow_origins else ()

    @property
    def access(self) -> Access:
        """Who may use the server."""
        return self.access_from(self.origins)

    @property
    def record_policy(self) -> RecordPolicy | None:
        """Where sessions that consent are kept; None: nowhere."""
        return RecordPolicy(self.record, self.record_max_mb, self.record_keep_days) if self.record else None

    @property
    def log(self) -> LogSettings:
        """How the server logs."""
        return LogSettings(self.log_level, self.log_format)

    @property
    def recognition(self) -> Recognition:
        """How words are found."""
        return Recognition(
            asr=None if self.asr_model == "none" else self._asr,
            workers=self.asr_workers,
            partial_workers=self.partial_workers,
            speculation=self.speculation == "on",
            worker_max_mb=self.worker_max_mb,
            start_all=self.start_workers == "all",
        )

    @property
    def _asr(self) -> AsrSettings:
        return AsrSettings(
            model=self.asr_model,
            fallback=self.asr_fallback,
            language=self.asr_language,
            threads=self.asr_threads,
            window=self.asr_window,
            hub_wait_s=self.asr_hub_wait_s,
            max_new_tokens=self.asr_max_new_tokens,
            gates=self.asr_gates == "on",
        )
