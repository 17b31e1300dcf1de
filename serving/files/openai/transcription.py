"""Hears a recording as `/predict` does and tells it as OpenAI does: at its end, or utterance by utterance (`stream`).

A stream is Server-Sent Events: `transcript.text.delta` for each utterance, `transcript.text.done`, or an `error`.
"""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Send

from serving.files.body import Refusal
from serving.files.lines import Lines, ReadsNothingError
from serving.files.openai.fields import FieldRefusal, fields_of
from serving.files.openai.formats import answer, joined, segment, usage, word
from serving.files.transcribe import QUIET
from serving.files.upload import Upload
from serving.guard.refusal import RETRY_AFTER_S, RefusedError
from serving.service import Service
from serving.sessions.session import ServedSession
from serving.sessions.subscribers import each_final
from undertone.audio import RATE_HZ
from undertone.audio_file import AudioFileError
from undertone.protocol import ErrorCode, Message
from undertone.words.reading import Words
from undertone.words.reasons import REJECTIONS

log = logging.getLogger("undertone.http")
Tell = Callable[[dict[str, Any]], Awaitable[None]]


async def transcription(service: Service, upload: Upload, send: Send) -> ASGIApp:
    """Return the response to the recording and fields of `upload`, or the end of the stream that was sent.

    Raises:
        Refusal: a field is wrong, or the recogniser failed.
        RefusedError: the slot has to be given back.
    """
    fields, settings = fields_of(upload.fields, service.asr.get("model"))
    if why := service.no_language(settings.get("language")):
        raise FieldRefusal("language", f"language: {why}")
    if why := service.too_long(settings.get("max_utterance_ms")):
        raise FieldRefusal("max_utterance_ms", f"max_utterance_ms: {why}")
    if fields.stream:
        return await _streamed(service, settings, upload, send)
    heard = _Heard(service, settings, upload)
    await heard.listen()
    words = heard.words if fields.word_times else None
    return answer(fields.response_format, heard.segments, heard.session.language, heard.duration_s, words)


async def _streamed(service: Service, settings: dict[str, Any], upload: Upload, send: Send) -> ASGIApp:
    lines = Lines(send, service.limits.send_timeout_s, "text/event-stream", b"data: ", b"\n\n")

    async def tell(found: dict[str, Any]) -> None:
        space = " " if found["id"] else ""
        verdict = {name: found[name] for name in ("start", "end", "sentiment")}
        await lines.send({"type": "transcript.text.delta", "delta": space + found["text"], **verdict})

    heard = _Heard(service, settings, upload, tell)
    try:
        await heard.listen()
        done = {"type": "transcript.text.done", "text": joined(heard.segments), "usage": usage(heard.duration_s)}
        await lines.send(done)
    except (Refusal, RefusedError, AudioFileError) as error:
        if not lines.begun:
            raise
        await _last(lines, error.code, str(error))
    except ReadsNothingError:
        log.warning("session %s: the client reads nothing, given up", heard.session.id)
        raise ClientDisconnect from None
    except Exception:
        if not lines.begun:
            raise
        log.exception("session %s: internal error", heard.session.id)
        message = f"an internal error; the log has it as session {heard.session.id}"
        await _last(lines, ErrorCode.INTERNAL, message)
    return lines.end


async def _last(lines: Lines, code: str, message: str) -> None:
    with contextlib.suppress(ReadsNothingError):
        await lines.send({"error": {"code": code, "message": message}})


class _Session(ServedSession):
    """A session that remembers the language of its words."""

    language: str | None = None

    async def _transcribe(self, *about: Any) -> Words:
        words = await super()._transcribe(*about)
        self.language = self.language or self.settings.language or words.language
        return words


class _Heard:
    """What was heard so far: `segments` of those utterances that have words, each told to `tell`; their `words` where
    their times are wanted.
    """

    def __init__(self, service: Service, settings: dict[str, Any], upload: Upload, tell: Tell | None = None) -> None:
        self._settings, self._upload, self._tell = settings, upload, tell
        self.segments: list[dict[str, Any]] = []
        self.words: list[dict[str, Any]] = []
        self.session = _Session(service, self._take, live=False)
        self.session.subscribers.insert(0, each_final(upload.slot.answered))

    @property
    def duration_s(self) -> float:
        """How much was heard."""
        return self.session.session.heard_samples / RATE_HZ

    async def listen(self) -> None:
        """Hear the recording to its end."""
        try:
            self.session.update({**QUIET, **self._settings})
            async for pcm in self._upload:
                if self._upload.slot.ending.is_set():
                    raise self._upload.slot.why
                await self.session.hear(pcm)
            await self.session.close("finished")
        except Exception as failed:
            self.session.cancel(getattr(failed, "code", ErrorCode.INTERNAL))
            raise
        finally:
            self.session.cancel()

    async def _take(self, message: Message) -> None:
        if message["type"] != "utterance.final":
            return
        if message["text"] is None and message["reason"] not in REJECTIONS:
            where = f"from {message['start_ms'] / 1000:.1f} to {message['end_ms'] / 1000:.1f} s"
            raise Refusal(503, str(message["reason"]), f"the words {where} could not be found", RETRY_AFTER_S)
        if message["text"]:
            self.segments.append(segment(len(self.segments), dict(message)))
            self.words += map(word, message.get("words", ()))
            if self._tell:
                await self._tell(self.segments[-1])
