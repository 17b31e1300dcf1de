"""One session from `session.created` to its close, between a client and its `ServedSession`.

The wire is described in asyncapi.yaml. What is heard and answered is in serving/sessions/session.py; how a session
outlives its socket in serving/live/link.py.
"""

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket

from serving.admission import Admission, Slot, caller
from serving.guard.refusal import RefusedError
from serving.guard.socket_refusal import close_code, tell_refusal
from serving.live.audio_input import AudioInput
from serving.live.inbox import PCM_BYTES_PER_S, Cut, Drain, Frame
from serving.live.link import Link
from serving.live.pace import together_s
from serving.live.resumption import Resumable, Resumption
from serving.live.socket import LostError, Socket
from serving.service import Service
from serving.sessions.session import ServedSession
from serving.sessions.subscribers import each_final
from undertone.encodings.decoders import DecodingError
from undertone.protocol import (
    ErrorCode,
    Message,
    MessageError,
    Ping,
    SessionFinish,
    SessionResume,
    SessionUpdate,
    error,
    pong,
    read,
    session_updated,
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


async def serve_connection(
    websocket: WebSocket, admission: Admission, service: Service, resumption: Resumption
) -> None:
    """Admit the client, let it go on with its session (`?resume=`), or refuse it with a reason; return when the session
    is done with the socket.
    """
    await websocket.accept()
    socket = Socket(websocket, service.limits.send_timeout_s)
    try:
        if session_id := websocket.query_params.get("resume"):
            admission.check_draining("live")
            link = await resumption.resume(socket, session_id)
            service.metrics.resumed.inc()
        else:
            link = await _begin(socket, admission, service, resumption)
    except RefusedError as refused:
        service.metrics.refused("live", refused.code)
        await tell_refusal(websocket, refused)
    except LostError:
        log.info("a client was gone again before its session went on")
    else:
        await link.stay(socket)


async def _begin(socket: Socket, admission: Admission, service: Service, resumption: Resumption) -> Resumable:
    with contextlib.ExitStack() as held:
        slot = held.enter_context(admission.admit(caller("live", socket.websocket)))
        await admission.share(slot)
        return Connection(socket, service, slot, resumption).start(held.pop_all())


class Connection:
    """The state of one admitted client."""

    def __init__(self, socket: Socket, service: Service, slot: Slot, resumption: Resumption) -> None:
        self._limits, self._slot, self._resumption = service.limits, slot, resumption
        self._pressure, self._sessions = service.pressure, service.sessions
        self._session = ServedSession(service, self._send)
        self._session.subscribers.insert(0, each_final(slot.answered))
        self._link = Link(socket, slot, self._session, resumption)
        self._inbox, self._input = self._link.inbox, AudioInput(service)
        self._clock = _Clock(*(4 * [time.monotonic()]))
        self._session.observed.arrived_s = lambda: self._inbox.audio_s

    def start(self, held: contextlib.ExitStack) -> Resumable:
        """Serve the client in a task of its own, with what is `held` for it; return the way to it."""
        self._link.start(self.run(held))
        return self._link

    async def run(self, held: contextlib.AbstractContextManager[object]) -> None:
        """Serve the client until either side ends the session, with what is `held` for it; never raises."""
        code = None
        try:
            with self._resumption.reachable(self._session.id, self._link):
                with held:
                    await self._send({**self._session.created(), "resume": self._link.offer})
                    code = await self._serve()
                if code is not None:  # None: cut off, there is no more time
                    await self._link.part(code)
        except LostError as lost:
            log.info("session %s: the client is gone (%s)", self._session.id, lost.reason)
            self._session.cancel(lost.reason)
        except Exception:
            log.exception("session %s: internal error", self._session.id)
            self._session.cancel(ErrorCode.INTERNAL)
            await self._fail()
        finally:
            self._session.cancel()
            self._link.close()
            self._input.close()

    async def _serve(self) -> int:
        """Return the code of the close."""
        try:
            while True:
                await self._step()
        except Drain:
            return await self._close(_closing(self._slot.why))
        except Closing as closing:
            return await self._close(closing)

    async def _step(self) -> None:
        if waited_s := await self._link.until_back():
            self._clock.heard_s = time.monotonic()
            self._clock.audio_until_s += waited_s
        try:
            frame = await self._inbox.next(self._patience_s(), together_s(self._sessions.live))
        except TimeoutError:
            await self._out_of_patience()
        except Cut:
            return
        else:
            await self._take_frame(frame)

    async def _take_frame(self, frame: Frame) -> None:
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
        unit_bytes = self._input.form.unit_bytes
        if not data or len(data) % unit_bytes:
            why = "16-bit samples come in pairs of bytes" if unit_bytes == 2 else f"a sample has {unit_bytes} bytes"
            await self._send(error(ErrorCode.ODD_FRAME_LENGTH, f"a frame of {len(data)} bytes was ignored: {why}"))
            return
        try:
            async for pcm in self._input.samples(data):
                await self._hear(pcm, frame)
        except DecodingError as broken:
            raise Closing(ErrorCode.DAMAGED_AUDIO, str(broken)) from None
        self._inbox.count_as(self._input.form)
        await self._link.heard(len(data) // unit_bytes)

    async def _hear(self, pcm: bytes, frame: Frame) -> None:
        self._check_sound(pcm)
        self._check_age(time.monotonic())
        await self._session.hear(pcm, frame.early)
        if not frame.early:
            self._pressure.heard(self._session.working_s() - frame.arrived_s)
        all_s = len(pcm) / PCM_BYTES_PER_S
        lasts_s = all_s / self._session.settings.channels  # whoever sends it in real time needs as long for the next
        self._slot.heard(all_s)  # each speaker of a call is work
        if self._slot.is_lost:
            raise _closing(self._slot.why)
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
        elif isinstance(message, SessionResume):
            told = "session.resume is the first message of a connection with ?resume="
            await self._send(error(ErrorCode.INVALID_MESSAGE, told))
        elif isinstance(message, Ping):
            await self._send(pong(message.id))
        else:
            await self._commit()

    async def _update(self, changes: dict[str, Any]) -> None:
        try:
            self._session.update(changes, begun=self._input.is_begun)
        except SettingError as refused:
            await self._send(error(ErrorCode.INVALID_SETTING, str(refused)))
        else:
            if not self._input.is_begun:
                self._input.configure(self._session.settings)
                self._inbox.count_as(self._input.form)
            await self._send(session_updated(self._session.settings))

    async def _commit(self) -> None:
        if not await self._session.end_utterance("commit"):
            await self._send(error(ErrorCode.INVALID_MESSAGE, "nothing to commit: no speech is under way"))

    async def _close(self, closing: Closing) -> int:
        self._inbox.stop()
        with contextlib.suppress(DecodingError):
            async for pcm in self._input.rest():
                await self._session.hear(pcm)
        reason, notes = closing.code or "finished", self._input.notes
        await self._session.close(reason, closing.message, notes, retry_after_s=closing.retry_after_s)
        return close_code(closing.code)

    async def _fail(self) -> None:
        message = f"an internal error; the log has it as session {self._session.id}"
        with contextlib.suppress(Exception):
            internal = ErrorCode.INTERNAL
            await self._link.fail(error(internal, message, fatal=True), close_code(internal))

    async def _send(self, message: Message) -> None:
        await self._link.send(message)


def _closing(why: RefusedError) -> Closing:
    return Closing(why.code, str(why), why.retry_after_s)
