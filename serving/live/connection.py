"""One WebSocket session from `session.created` to its close, between a client and its `Talk`.

The wire is described in asyncapi.yaml. What is heard and answered is in serving/sessions/session.py.
"""

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from serving.admission import Desk
from serving.live.inbox import Drain, Frame, Gone, Inbox
from serving.sessions.session import Talk
from undertone.protocol import ErrorCode, Message, MessageError, Ping, SessionFinish, SessionUpdate, error, pong, read
from undertone.stream.settings import SettingError

log = logging.getLogger("undertone.conversation")

IDLE_SPEECH_S = 1.0  # no frame for so long while in speech ends the utterance
SEND_TIMEOUT_S = 30.0
RETRY_AFTER_S = 5


class Closing(Exception):
    """The session comes to its end: `reason` for session.closed, the close `code`, the error frame before it if any."""

    def __init__(self, reason: str, code: int = 1000, message: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.code, self.message = reason, code, message


@dataclass
class _Clock:
    """When the session began, when anything last came and when audio did, in `time.monotonic` seconds."""

    began_s: float
    heard_s: float
    audio_s: float


async def converse(websocket: WebSocket, desk: Desk) -> None:
    """Admit the client or refuse it with a reason, then run its session to the end."""
    await websocket.accept()
    if refusal := desk.refusal():
        code, message, close_code = refusal
        await websocket.send_json(error(code, message, fatal=True, retry_after_s=RETRY_AFTER_S))
        await websocket.close(close_code)
        return
    conversation = Conversation(websocket, desk)
    desk.enter(conversation)
    try:
        await conversation.run()
    finally:
        desk.leave(conversation)


class Conversation:
    """The state of one admitted client."""

    def __init__(self, websocket: WebSocket, desk: Desk) -> None:
        self._websocket, self._limits = websocket, desk.limits
        self._talk = Talk(desk, self._send)
        self._inbox = Inbox(websocket, self._talk.working_s)
        self._sending = asyncio.Lock()
        self._clock = _Clock(*(3 * [time.monotonic()]))

    def drain(self) -> None:
        """Answer what was heard so far, then close (the server is going down)."""
        self._inbox.drain()

    async def run(self) -> None:
        """Serve the client until either side ends the session; never raises."""
        try:
            await self._send(self._talk.created())
            await self._serve()
        except (Gone, WebSocketDisconnect):
            log.info("session %s: the client is gone", self._talk.id)
        except TimeoutError:
            log.warning("session %s: the client reads nothing, closed", self._talk.id)
        except Exception:
            log.exception("session %s: internal error", self._talk.id)
            await self._fail()
        finally:
            self._talk.cancel()
            self._inbox.close()

    async def _serve(self) -> None:
        try:
            while True:
                await self._step()
        except Drain:
            await self._close(Closing("server_draining", 1012, "the server is going down; connect again in a moment"))
        except Closing as closing:
            await self._close(closing)

    async def _step(self) -> None:
        try:
            frame = await self._inbox.next(self._patience_s())
        except TimeoutError:
            await self._out_of_patience()
            return
        if self._talk.working_s() - frame.arrived_s > self._limits.max_wait_s:
            raise Closing("too_far_behind", 4408, f"audio waited over {self._limits.max_wait_s:g} s unread")
        self._check_age(time.monotonic())
        if frame.data is not None:
            await self._audio(frame.data)
        else:
            await self._text(frame)
        self._clock.heard_s = time.monotonic()

    def _patience_s(self) -> float:
        clock, limits = self._clock, self._limits
        ends_s = min(clock.heard_s + limits.idle_session_s, clock.began_s + limits.max_session_s)
        if self._talk.session.in_speech:
            ends_s = min(ends_s, clock.audio_s + IDLE_SPEECH_S)
        return ends_s - time.monotonic()

    async def _out_of_patience(self) -> None:
        now_s, limits = time.monotonic(), self._limits
        self._check_age(now_s)
        if self._talk.session.in_speech and now_s - self._clock.audio_s >= IDLE_SPEECH_S:
            await self._talk.end_utterance("idle")
        elif now_s - self._clock.heard_s >= limits.idle_session_s:
            raise Closing("session_expired", 4410, f"nothing came for {limits.idle_session_s:g} s")

    def _check_age(self, now_s: float) -> None:
        limit_s = self._limits.max_session_s
        if now_s - self._clock.began_s >= limit_s:
            raise Closing("session_expired", 4410, f"a session lasts {limit_s:g} s at most")

    async def _audio(self, data: bytes) -> None:
        limit = self._limits.max_frame_bytes
        if len(data) > limit:
            raise Closing("message_too_large", 1009, f"a frame of {len(data)} bytes; {limit} are allowed")
        if not data or len(data) % 2:
            message = f"a frame of {len(data)} bytes was ignored: 16-bit samples come in pairs of bytes"
            await self._send(error(ErrorCode.ODD_FRAME_LENGTH, message))
            return
        await self._talk.hear(data)
        self._clock.audio_s = time.monotonic()

    async def _text(self, frame: Frame) -> None:
        try:
            message = read(frame.text or "")
        except MessageError as refused:
            await self._send(error(ErrorCode.INVALID_MESSAGE, str(refused)))
            return
        if isinstance(message, SessionFinish):
            raise Closing("finished")
        if isinstance(message, SessionUpdate):
            await self._update(message.changes)
        elif isinstance(message, Ping):
            await self._send(pong(message.id))
        else:
            await self._commit()

    async def _update(self, changes: dict[str, Any]) -> None:
        try:
            self._talk.update(changes)
        except SettingError as refused:
            await self._send(error(ErrorCode.INVALID_SETTING, str(refused)))

    async def _commit(self) -> None:
        if not await self._talk.end_utterance("commit"):
            await self._send(error(ErrorCode.INVALID_MESSAGE, "nothing to commit: no speech is under way"))

    async def _close(self, closing: Closing) -> None:
        await self._talk.close(closing.reason, closing.message)
        await self._websocket.close(closing.code)

    async def _fail(self) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            message = f"an internal error; the log has it as session {self._talk.id}"
            await self._send(error(ErrorCode.INTERNAL, message, fatal=True))
            await self._websocket.close(1011)
        except Exception:
            log.info("session %s: the client was gone before it could be told", self._talk.id)

    async def _send(self, message: Message) -> None:
        async with self._sending:
            async with asyncio.timeout(SEND_TIMEOUT_S):  # wait_for can swallow a cancellation (cpython#86296)
                await self._websocket.send_text(json.dumps(message))
