"""`POST /predict`: a whole recording through one session, its events as lines of JSON (NDJSON) while they come.

The events are those of the WebSocket, see asyncapi.yaml. The last line is always `session.closed` or a fatal `error`:
LitServe and Starlette end a streaming body silently when something fails in it.
"""

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Send

from serving.files.body import Refusal
from serving.files.lines import Lines, ReadsNothingError
from serving.files.upload import Upload
from serving.service import Service
from serving.sessions.session import ServedSession
from serving.sessions.subscribers import each_final
from undertone.audio_file import AudioFileError
from undertone.protocol import ErrorCode, error
from undertone.stream.settings import SettingError

log = logging.getLogger("undertone.http")


async def predict(service: Service, settings: Mapping[str, Any], upload: Upload, send: Send) -> ASGIApp:
    """Let a session with `settings` hear the recording and send its events; return what ends them.

    Raises:
        Refusal: this server cannot do one of the settings; nothing was sent.
    """
    lines = Lines(send, service.limits.send_timeout_s)
    session = ServedSession(service, lines.send, live=False)
    session.subscribers.insert(0, each_final(upload.slot.answered))
    try:
        session.update(dict(settings))
        await lines.send(session.created())
        await _listen(session, upload, lines)
    except SettingError as refused:
        session.cancel(ErrorCode.INVALID_SETTING)
        raise Refusal(422, ErrorCode.INVALID_SETTING, str(refused)) from None
    except ReadsNothingError as given_up:
        log.warning("session %s: the client reads nothing, given up", session.id)
        session.cancel(given_up.code)
        raise ClientDisconnect from None
    except Exception:
        log.exception("session %s: internal error", session.id)
        session.cancel(ErrorCode.INTERNAL)
        message = f"an internal error; the log has it as session {session.id}"
        with contextlib.suppress(ReadsNothingError):
            await lines.send(error(ErrorCode.INTERNAL, message, fatal=True))
    finally:
        session.cancel()
    return lines.end


async def _listen(session: ServedSession, upload: Upload, lines: Lines) -> None:
    try:
        async for pcm in upload:
            if upload.slot.ending.is_set():
                why = upload.slot.why
                await session.close(why.code, str(why), retry_after_s=why.retry_after_s)
                return
            await session.hear(pcm)
    except AudioFileError as broken:
        await session.end_utterance("finish")
        await session.settle()
        session.cancel(broken.code)
        await lines.send(error(ErrorCode[broken.code.upper()], str(broken), fatal=True))
        return
    await session.close("finished", notes=upload.notes)
