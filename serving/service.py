"""What all sessions of the API process share: the engine, the threads, and the way to the workers with the words."""

import asyncio
import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from serving.logs import subject
from serving.observe.metrics import Metrics
from serving.observe.recording.policy import RecordPolicy
from serving.observe.recording.recorder import Recorder
from serving.observe.sessions import Sessions
from serving.settings import Recognition, ServerLimits
from serving.short_calls import ShortCalls
from serving.threads import Threads
from serving.workers.pressure import NO_WORDS, Pressure
from serving.workers.queue import WorkerLostError, WorkerQueue
from serving.workers.scheduler import Job, OverloadError
from serving.workers.words import NO_ASR, kind_of
from undertone.audio import RATE_HZ, Samples
from undertone.manifest import MANIFEST_NAME, EarSettings, describe
from undertone.release import Release, open_release
from undertone.stream.settings import SessionSettings
from undertone.voice.baseline import no_baseline
from undertone.voice.ear import describe_ear
from undertone.words.languages import refusal as language_refusal
from undertone.words.reading import Words

log = logging.getLogger("undertone.service")

_DESCRIBE_TIMEOUT_S = 30.0
_UPLOADS_NICENESS = 10
_PATH = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\":;,]+[/\\])*([^\s/\\'\":;,]+)")


def without_folders(value: Any) -> Any:
    """Return a text with every absolute path of this machine cut to its last name, anything else as it is.

    >>> without_folders("/srv/models/small.en")
    'small.en'
    """
    if not isinstance(value, str):
        return value
    return Path(value).name if Path(value).is_absolute() else _PATH.sub(r"\1", value)


class Service:
    """One per API process; every method runs in its event loop. There is no engine until `open` has loaded it.

    `asr` says which recogniser the workers loaded and why, `ear` whether the voice is heard in its encoder too;
    `metrics` and `sessions` observe what goes on. Live audio and uploads are computed on threads of their own.
    """

    def __init__(
        self, release: Path, limits: ServerLimits, recognition: Recognition, record: RecordPolicy | None = None
    ) -> None:
        self.release = release
        self.limits = limits
        self.asr: dict[str, Any] = dict(NO_ASR)
        self.ear: dict[str, Any] = {"active": False, "reason": NO_ASR["reason"]}
        self.engine: Release | None = None
        cores = os.cpu_count() or 1
        # Two of them take the interpreter from each other, and the cores from the words.
        self.live_threads = Threads("live", max(1, cores // 2))
        self.live_calls = ShortCalls(self.live_threads)
        self.upload_threads = Threads("upload", max(1, cores // 2), _UPLOADS_NICENESS)
        self._loading_threads = Threads("loading", 1)
        self.metrics = Metrics()
        self.sessions = Sessions(self.metrics)
        self.pressure = Pressure()
        self.recorder = Recorder(record, self.metrics.registry)
        self._recognition = recognition
        self._words: WorkerQueue | None = None
        self._partials: WorkerQueue | None = None
        self._describing: asyncio.Task[None] | None = None
        self._manifest_sha256 = ""

    async def open(self, words: WorkerQueue, partials: WorkerQueue | None) -> None:
        """Load and warm the models, off the event loop, and await the workers.

        Raises:
            undertone.manifest.ReleaseError: the release is not whole.
            WorkerError: a worker cannot be set up.
        """
        self._words, self._partials = words, partials
        self.pressure.words = words.pressure
        engine = await self._loading_threads.run(open_release, self.release)
        for queue in filter(None, (words, partials)):
            await queue.until_ready()
        self.engine = engine
        self._manifest_sha256 = describe(self.release / MANIFEST_NAME).sha256
        await self._describe(words)
        log.info("release %s is loaded and warm", engine.manifest.version)

    async def _describe(self, words: WorkerQueue) -> None:
        await words.until_ready()
        described = await words.submit({"describe": True}, _DESCRIBE_TIMEOUT_S)
        self.told(described)
        log.info("speech recognition: %s", " ".join(f"{name}={value!r}" for name, value in self.asr.items()))

    def told(self, described: Mapping[str, Any]) -> None:
        """Take what a worker says of its recogniser, `Recogniser.description`."""
        self.asr.update({name: without_folders(value) for name, value in described.items()})
        self.ear.clear()
        self.ear.update(describe_ear(self._ear_settings, self.asr["sha256"]))

    async def _describe_again(self, words: WorkerQueue) -> None:
        try:
            await self._describe(words)
        except Exception as error:
            log.warning("no worker says which model it loaded: %r", error)

    @property
    def about(self) -> dict[str, str | None]:
        """Which release is loaded, and which recogniser."""
        version = self.engine.manifest.version if self.engine else None
        return {"version": version, "asr_engine": self.asr["engine"], "asr_model": self.asr.get("model")}

    @property
    def provenance(self) -> dict[str, Any]:
        """What a recording says of that by which it was heard: release, recogniser, and how this is set."""
        asr = self._recognition.asr
        set_so = {name: without_folders(value) for name, value in asdict(asr).items()} if asr else None
        release = {"version": self.about["version"], "manifest_sha256": self._manifest_sha256}
        return {"release": release, "asr": dict(self.asr), "recogniser": set_so}

    @property
    def _ear_settings(self) -> EarSettings | None:
        return self.engine.manifest.ear if self.engine else None

    @property
    def speculates(self) -> bool:
        """Whether sessions ask for words ahead of an endpoint."""
        return self._recognition.speculation and self.asr["engine"] != "none"

    @property
    def no_partials(self) -> str | None:
        """Why there are no partials here; None where there are."""
        if self.asr["engine"] == "none":
            return f"this server has no speech recognition ({self.asr['reason']})"
        if self._partials is None:
            return "this server has no workers for words while they are spoken (see --partial-workers)"
        return None

    def expect_partials(self) -> None:
        """See that a worker is there when somebody speaks who was promised partials."""
        if self._partials:
            self._partials.expect_work()

    @property
    def no_baseline(self) -> str | None:
        """Why no session can have its voice judged against a baseline here; None where one can."""
        return self.ear.get("reason") or no_baseline(self._ear_settings)

    @property
    def no_adaptive_endpoint(self) -> str | None:
        """Why the words cannot tell here when an utterance is over; None where they can."""
        if self.asr["engine"] == "none":
            return f"this server has no speech recognition ({self.asr['reason']})"
        if not self.speculates:
            return "this server asks for no words ahead of an endpoint (see --speculation)"
        return None if self.asr.get("sha256") else f"{self.asr['engine']} does not tell where a sentence ends"

    @property
    def settings(self) -> SessionSettings:
        """What holds in a session that asks for nothing."""
        usual = SessionSettings()
        return usual.updated({"max_utterance_ms": min(usual.max_utterance_ms, self._longest_ms)})

    def too_long(self, utterance_ms: int | None) -> str | None:
        """Why no utterance may have `utterance_ms` here; None where one may."""
        is_long = utterance_ms is not None and utterance_ms > self._longest_ms
        return f"this server hears utterances of {self._longest_ms} ms at most" if is_long else None

    @property
    def _longest_ms(self) -> int:
        return round(1000 * self.limits.max_utterance_s)

    def no_language(self, language: str | None) -> str | None:
        """Why `language` cannot be asked for here; None where it can, and where no engine is there to know any."""
        return language_refusal(language, self.asr["languages"]) if self.asr.get("languages") else None

    async def transcribe(
        self,
        samples: Samples,
        language: str | None = None,
        speech_ms: int | None = None,
        speech_prob: float | None = None,
        job: Job | None = None,
        timeout_s: float | None = None,
        *,
        word_times: bool = False,
    ) -> Words:
        """Return the words of (n,) int16 samples at 16 kHz and what they say of the speaker.

        `speech_ms` is how much of it the gate took for speech, `speech_prob` how clearly it heard it, `job` the rank
        among what waits (default: urgent), `timeout_s` by default `limits.words_timeout_s`. `word_times`: the times of
        each word are wanted.

        Raises:
            TimeoutError, OverloadError, WorkerLostError, WorkerError: see `WorkerQueue.submit`.
        """
        assert self._words is not None
        began_s = time.perf_counter()
        evidence = {"speech_ms": speech_ms, "speech_prob": speech_prob, "word_times": word_times}
        payload = {"samples": samples.tobytes(), "language": language, **evidence, "subject": subject(), "judged": True}
        timeout_s, job = timeout_s or self.limits.words_timeout_s, self._of(samples, language, job)
        if job.is_limited and not job.patience_s and self.pressure.hearing >= NO_WORDS:
            raise OverloadError("live audio is heard too late: the cores are for that")
        try:
            words = Words(**await self._queue_of(job).submit(payload, timeout_s, job))
        except WorkerLostError:  # the next one may not get the same model
            self._describing = asyncio.create_task(self._describe_again(self._words))
            raise
        spent_ms = 1000 * (time.perf_counter() - began_s)
        queue_ms = spent_ms - (words.asr_latency_ms or 0.0) - (words.text_latency_ms or 0.0)
        return replace(words, queue_latency_ms=max(0.0, queue_ms))

    def _queue_of(self, job: Job) -> WorkerQueue:
        """Return where `job` waits: as long as somebody speaks, recordings are left to the workers that yield."""
        assert self._words is not None
        yields = job.background and self.sessions.any_live
        return self._partials if yields and self._partials else self._words

    def give_up_words(self) -> None:
        """Let nobody wait for words any more: the server goes down."""
        for queue in filter(None, (self._words, self._partials)):
            queue.give_up()

    async def transcribe_so_far(
        self,
        samples: Samples,
        job: Job,
        language: str | None = None,
        speech_ms: int | None = None,
        speech_prob: float | None = None,
    ) -> str | None:
        """Return the words of an utterance while it is spoken, from workers that no final waits for.

        Raises:
            TimeoutError, OverloadError, WorkerLostError, WorkerError: see `WorkerQueue.submit`.
        """
        assert self._partials is not None
        evidence = {"speech_ms": speech_ms, "speech_prob": speech_prob}
        payload = {"samples": samples.tobytes(), "language": language, **evidence}
        job = self._of(samples, language, job)
        return Words(**await self._partials.submit(payload, self.limits.words_timeout_s, job)).text

    def _of(self, samples: Samples, language: str | None, job: Job | None) -> Job:
        """Return `job`, or a new one, with what is known of `samples`."""
        job = job or Job()
        job.audio_s = len(samples) / RATE_HZ
        job.kind = kind_of(job.audio_s, language, self._recognition.asr)
        return job
