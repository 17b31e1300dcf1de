"""`POST /api/transcribe`: the words of a whole recording, for clients that want nothing else.

The session's own VAD finds the utterances and each is transcribed by itself, one after the other.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Send

from serving.files.body import Refusal
from serving.files.upload import Upload
from serving.guard.refusal import RETRY_AFTER_S
from serving.service import Service
from serving.workers.queue import REASONS, reason_of
from serving.workers.scheduler import Job
from undertone.protocol import ErrorCode
from undertone.stream.session import Output, Session
from undertone.stream.settings import SessionSettings
from undertone.stream.utterance import Speculation, Stretch, Utterance
from undertone.words.reading import Words
from undertone.words.reasons import REJECTIONS, Reason

SETTINGS = ("language", "endpoint_silence_ms", "max_utterance_ms", "word_times")
QUIET = {"mood_interval_ms": 2000}  # nobody hears the moods


def require_recogniser(service: Service) -> None:
    """Raise the `Refusal` of a server without speech recognition."""
    if service.asr["engine"] == "none":
        why = service.asr.get("reason") or "none was set up"
        raise Refusal(503, Reason.ASR_UNAVAILABLE, f"this server has no speech recognition: {why}")


def require_language(service: Service, language: str | None) -> None:
    """Raise the `Refusal` of a language that the recogniser does not know."""
    if why := service.no_language(language):
        raise Refusal(422, ErrorCode.INVALID_SETTING, f"language: {why}")


def require_length(service: Service, utterance_ms: int | None) -> None:
    """Raise the `Refusal` of utterances that are longer than this server's."""
    if why := service.too_long(utterance_ms):
        raise Refusal(422, ErrorCode.INVALID_SETTING, f"max_utterance_ms: {why}")


async def transcribe(service: Service, settings: Mapping[str, Any], upload: Upload, send: Send) -> Response:
    """Return `{"text", "segments", "language", "asr"}`; segments have seconds of the recording. With `word_times` there
    are `words` as well, in the same seconds.

    `notes` stand beside them where there is something to say of the recording, as in `session.closed`.

    Raises:
        Refusal: the recogniser failed.
        RefusedError: the slot has to be given back.
    """
    assert service.engine is not None
    session = Session(service.engine, service.settings.updated({**QUIET, **settings}), service.speculates)
    told = _Transcript(service, session.settings, upload.slot.answered)
    with service.sessions.observed("upload", lambda: session.heard_samples, lambda: session.totals):
        async for pcm in upload:
            if upload.slot.ending.is_set():
                raise upload.slot.why
            await told.add(await service.upload_threads.run(session.feed, pcm))
        await told.add(await service.upload_threads.run(session.finish))
    notes = [*upload.notes, *session.notes]
    return JSONResponse({**told.as_dict(), **({"notes": notes} if notes else {})})


class _Transcript:
    """The words so far. What finals take their words from, these do as well: from what was heard ahead, if it holds."""

    def __init__(self, service: Service, settings: SessionSettings, answered: Callable[[], object]) -> None:
        self._service, self._settings, self._answered = service, settings, answered
        self._language, self._id = settings.language, uuid.uuid4().hex
        self._segments: list[dict[str, Any]] = []
        self._timed: list[dict[str, Any]] = []
        self._ahead: Stretch | None = None

    async def add(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Speculation):
                self._ahead = output
            elif isinstance(output, Utterance):
                await self._transcribe(output)

    async def _transcribe(self, utterance: Utterance) -> None:
        ahead = utterance.speculation_lead_ms is not None and self._ahead
        words = await self._words(utterance, ahead or utterance)
        self._language = self._language or words.language
        self._answered()
        self._segments += [_in_recording(segment, utterance) for segment in words.segments]
        self._timed += [_in_recording(word, utterance) for word in words.words]

    async def _words(self, utterance: Utterance, stretch: Stretch) -> Words:
        where = f"the words from {utterance.start_ms / 1000:.1f} to {utterance.end_ms / 1000:.1f} s could not be found"
        try:
            known = self._settings.language, stretch.speech_ms, stretch.speech_prob
            job = Job(session=self._id, background=True)
            timed = self._settings.word_times
            words = await self._service.transcribe(stretch.samples, *known, job, word_times=timed)
        except tuple(REASONS) as error:
            raise Refusal(503, reason_of(error), where, RETRY_AFTER_S) from error
        if words.reason and words.reason not in REJECTIONS:
            raise Refusal(503, words.reason, where, RETRY_AFTER_S)
        return words

    def as_dict(self) -> dict[str, Any]:
        text = " ".join(segment["text"] for segment in self._segments)
        timed = {"words": self._timed} if self._settings.word_times else {}
        return {"text": text, "segments": self._segments, **timed, "language": self._language, "asr": self._service.asr}


def _in_recording(segment: dict[str, Any], utterance: Utterance) -> dict[str, Any]:
    begins_s, ends_s = utterance.start_ms / 1000, utterance.end_ms / 1000
    start_s, end_s = (round(min(begins_s + segment[end], ends_s), 3) for end in ("start_s", "end_s"))
    return {**segment, "start_s": start_s, "end_s": end_s}
