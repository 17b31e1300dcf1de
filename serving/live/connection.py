"""One WebSocket session from `session.created` to its close, between a client and its `ServedSession`.

The wire is described in asyncapi.yaml. What is heard and answered is in serving/sessions/session.py.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from serving.admission import Admission, Slot, caller
from serving.guard.refusal import RefusedError
from serving.guard.socket_refusal import close_code, tell_refusal
from serving.live.inbox import PCM_BYTES_PER_S, Drain, Frame, Gone, Inbox
from serving.observe.metrics import READS_NOTHING
from serving.service import Service
from serving.sessions.session import ServedSession
from serving.sessions.subscribers import each_final
from undertone.protocol import (
    ErrorCode,
    Message,
    MessageError,
    Ping,
    SessionFinish,
    SessionUpdate,
    error,
    pong,
    read,
    session_updated,
    written,
)
from undertone.stream.settings import SettingError

log = logging.getLogger("undertone.live")


class Closing(Exception):
    """The session comes to its end: in order, or for `code`, with an error frame of `message` before the close."""

    def __init__(
        self, code: ErrorCode | None = None, message: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.retry_after_s = code, message, retry_after_s


@dataclass
class _Clock:
    """When the session began, when anything and any sound last came, until when more audio is awaited.

    All are of `time.monotonic`, in seconds.
    """

    began_s: float
    heard_s: float
    sounded_s: float
    audio_until_s: float


async def serve_connection(websocket: WebSocket, admission: Admission, service: Service) -> None:
    """Admit the client or refuse it with a reason, then run its session to the end."""
    await websocket.accept()
    try:
        with admission.admit(caller("live", websocket)) as slot:
            await admission.share(slot)
            # In a task of its own: each step would go down through every layer of the application and up again.
            await asyncio.create_task(Connection(websocket, service, slot).run())
    except RefusedError as refused:
        service.metrics.refused("live", refused.code)
        await tell_refusal(websocket, refused)


class Connection:
    """The state of one admitted client."""

    def __init__(self, websocket: WebSocket, service: Service, slot: Slot) -> None:
        self._websocket, self._limits, self._slot = websocket, service.limits, slot
        self._pressure = service.pressure
        self._session = ServedSession(service, self._send)
        self._session.subscribers.insert(0, each_final(slot.answered))
        self._inbox = Inbox(websocket, self._session.working_s, self._limits.max_unread_s)
        self._sending = asyncio.Lock()
        self._clock = _Clock(*(4 * [time.monotonic()]))
        self._session.observed.arrived_s = lambda: self._inbox.audio_s
        slot.when_ending(self._inbox.drain)

    async def run(self) -> None:
        """Serve the client until either side ends the session; never raises."""
        try:
            await self._send(self._session.created())
            await self._serve()
        except (Gone, WebSocketDisconnect):
            log.info("session %s: the client is gone", self._session.id)
        except TimeoutError:
            log.warning("session %s: the client reads nothing, closed", self._session.id)
            self._session.cancel(READS_NOTHING)
        except Exception:
            log.exception("session %s: internal error", self._session.id)
            self._session.cancel(ErrorCode.INTERNAL)
            await self._fail()
        finally:
            self._session.cancel()
            self._inbox.close()

    async def _serve(self) -> None:
        try:
            while True:
                await self._step()
        except Drain:
            await self._close(_closing(self._slot.why))
        except Closing as closing:
            await self._close(closing)

    async def _step(self) -> None:
        try:
            frame = await self._inbox.next(self._patience_s())
        except TimeoutError:
            await self._out_of_patience()
            return
        if not frame.early and self._session.working_s() - frame.arrived_s > self._limits.max_wait_s:
            raise Closing(ErrorCode.TOO_FAR_BEHIND, f"audio waited over {self._limits.max_wait_s:g} s unread")
        self._check_age(time.monotonic())
        if frame.too_large:
            allowed = f"{self._limits.max_frame_bytes} are allowed: send audio in chunks"
            raise Closing(ErrorCode.MESSAGE_TOO_LARGE, f"a frame of {frame.too_large} bytes; {allowed}")
        if frame.data is not None:
            await self._audio(frame.data, frame)
        else:
            await self._text(frame)
        self._clock.heard_s = time.monotonic()

    def _patience_s(self) -> float:
        clock, limits = self._clock, self._limits
        ends_s = min(clock.heard_s + limits.idle_session_s, clock.began_s + limits.max_session_s)
        if self._session.in_speech:
            ends_s = min(ends_s, clock.audio_until_s)
        return ends_s - time.monotonic()

    async def _out_of_patience(self) -> None:
        now_s, limits = time.monotonic(), self._limits
        self._check_age(now_s)
        if self._session.in_speech and now_s >= self._clock.audio_until_s:
            await self._session.end_utterance("idle")
        elif now_s - self._clock.heard_s >= limits.idle_session_s:
            raise Closing(ErrorCode.SESSION_EXPIRED, f"nothing came for {limits.idle_session_s:g} s")

    def _check_age(self, now_s: float) -> None:
        limit_s = self._limits.max_session_s
        if now_s - self._clock.began_s >= limit_s:
            raise Closing(ErrorCode.SESSION_EXPIRED, f"a session lasts {limit_s:g} s at most")

    def _check_sound(self, data: bytes) -> None:
        now_s, limit_s = time.monotonic(), self._limits.idle_zeros_s
        if data.strip(b"\0"):
            self._clock.sounded_s = now_s
        elif now_s - self._clock.sounded_s >= limit_s:
            raise Closing(
                ErrorCode.SESSION_EXPIRED, f"nothing but zeros came for {limit_s:g} s: is the microphone off?"
            )

    async def _audio(self, data: bytes, frame: Frame) -> None:
        if not data or len(data) % 2:
            message = f"a frame of {len(data)} bytes was ignored: 16-bit samples come in pairs of bytes"
            await self._send(error(ErrorCode.ODD_FRAME_LENGTH, message))
            return
        self._check_sound(data)
        await self._session.hear(data, frame.early)
        if not frame.early:
            self._pressure.heard(self._session.working_s() - frame.arrived_s)
        self._slot.heard(len(data) / PCM_BYTES_PER_S)
        if self._slot.is_lost:
            raise _closing(self._slot.why)
        lasts_s = len(data) / PCM_BYTES_PER_S  # whoever sends it in real time needs as long for the next
        self._clock.audio_until_s = time.monotonic() + lasts_s + self._limits.idle_speech_s

    async def _text(self, frame: Frame) -> None:
        try:
            message = read(frame.text or "")
        except MessageError as refused:
            await self._send(error(ErrorCode.INVALID_MESSAGE, str(refused)))
            return
        if isinstance(message, SessionFinish):
            raise Closing
        if isinstance(message, SessionUpdate):
            await self._update(message.changes)
        elif isinstance(message, Ping):
            await self._send(pong(message.id))
        else:
            await self._commit()

    async def _update(self, changes: dict[str, Any]) -> None:
        try:
            self._session.update(changes)
        except SettingError as refused:
            await self._send(error(ErrorCode.INVALID_SETTING, str(refused)))
        else:
            await self._send(session_updated(self._session.settings))

    async def _commit(self) -> None:
        if not await self._session.end_utterance("commit"):
            await self._send(error(ErrorCode.INVALID_MESSAGE, "nothing to commit: no speech is under way"))

    async def _close(self, closing: Closing) -> None:
        self._inbox.stop()
        await self._session.close(closing.code or "finished", closing.message, retry_after_s=closing.retry_after_s)
        await self._websocket.close(close_code(closing.code))

    async def _fail(self) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            message = f"an internal error; the log has it as session {self._session.id}"
            await self._send(error(ErrorCode.INTERNAL, message, fatal=True))
            await self._websocket.close(close_code(ErrorCode.INTERNAL))
        except Exception:
            log.info("session %s: the client was gone before it could be told", self._session.id)

    async def _send(self, message: Message) -> None:
        async with self._sending:
            async with asyncio.timeout(
                self._limits.send_timeout_s
            ):  # wait_for can swallow a cancellation (cpython#86296)
                try:
                    await self._websocket.send_text(written(message))
                except RuntimeError as closed:  # uvicorn closed the socket itself: of a frame far too large, say
                    raise WebSocketDisconnect(1006) from closed
        await asyncio.sleep(0)  # nothing else waits where a thousand messages are answered one after the other


def _closing(why: RefusedError) -> Closing:
    return Closing(why.code, str(why), why.retry_after_s)
