"""One session from `session.created` to its close, between a client and its `ServedSession`.

It lives in a task of its own, and goes over one WebSocket after the other where its client comes back after a loss. The
wire is described in asyncapi.yaml. What is heard and answered is in serving/sessions/session.py.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket

from serving.admission import Admission, Slot, caller
from serving.guard.grant import Grant
from serving.guard.refusal import RefusedError
from serving.guard.socket_refusal import close_code, tell_refusal
from serving.live.inbox import PCM_BYTES_PER_S, Cut, Drain, Frame, Inbox
from serving.live.outbox import Outbox
from serving.live.resumption import Resumption, Secret
from serving.live.socket import LostError, Socket
from serving.service import Service
from serving.sessions.session import ServedSession
from serving.sessions.subscribers import each_final
from undertone.audio import RATE_HZ
from undertone.protocol import (
    ErrorCode,
    Message,
    MessageError,
    Ping,
    SessionFinish,
    SessionResume,
    SessionUpdate,
    audio_ack,
    error,
    pong,
    read,
    session_resumed,
    session_updated,
)
from undertone.stream.settings import SettingError

log = logging.getLogger("undertone.live")

_ACK_SAMPLES = RATE_HZ
_NOTICED_S = 1.0  # for us to see that a connection broke which its client has seen to break


class Closing(Exception):
    """The session comes to its end: in order, or for `code`, with an error frame of `message` before the close."""

    def __init__(
        self, code: ErrorCode | None = None, message: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.retry_after_s = code, message, retry_after_s


@dataclass
class _Clock:
    """When the session began, when anything last came, and until when more audio is awaited: `time.monotonic`, s."""

    began_s: float
    heard_s: float
    audio_until_s: float


async def serve_connection(
    websocket: WebSocket, admission: Admission, service: Service, resumption: "Resumption[Connection]"
) -> None:
    """Admit the client, let it go on with its session (`?resume=`), or refuse it with a reason; return when it is done
    with this socket.
    """
    await websocket.accept()
    socket = Socket(websocket, service.limits.send_timeout_s)
    try:
        if session_id := websocket.query_params.get("resume"):
            admission.check_draining("live")
            connection = await resumption.resume(socket, session_id)
            service.metrics.resumed.inc()
        else:
            connection = _begin(socket, admission, service, resumption)
    except RefusedError as refused:
        service.metrics.refused("live", refused.code)
        await tell_refusal(websocket, refused)
    except LostError:
        log.info("a client was gone again before its session went on")
    else:
        await connection.stay(socket)


def _begin(
    socket: Socket, admission: Admission, service: Service, resumption: "Resumption[Connection]"
) -> "Connection":
    with contextlib.ExitStack() as held:
        slot = held.enter_context(admission.admit(caller("live", socket.websocket)))
        connection = Connection(socket, service, slot, resumption)
        connection.start(held.pop_all())
    return connection


class Connection:
    """The state of one admitted client."""

    def __init__(self, socket: Socket, service: Service, slot: Slot, resumption: "Resumption[Connection]") -> None:
        self._limits, self._slot, self._resumption = service.limits, slot, resumption
        self._outbox = Outbox(self._cut, keeps=bool(resumption.within_s))
        self._send = self._outbox.send
        self._session = ServedSession(service, self._send)
        self._session.subscribers.insert(0, each_final(slot.answered))
        self._inbox = Inbox(self._session.working_s)
        self._clock = _Clock(*(3 * [time.monotonic()]))
        self._session.observed.arrived_s = lambda: self._inbox.audio_s
        self._secret = Secret()
        self._changed, self._is_over, self._code = asyncio.Event(), False, close_code(None)
        self._heard_samples = self._acked_samples = 0
        slot.when_ending(self._end)
        self._inbox.attach(socket)
        self._outbox.attach(socket)

    @property
    def grant(self) -> Grant:
        """Whose session it is."""
        return self._slot.grant

    def start(self, held: contextlib.ExitStack) -> None:
        """Serve the client in a task, with what is `held` for it."""
        self._task = asyncio.create_task(self.run(held))

    async def stay(self, socket: Socket) -> None:
        """Return when the session is done with `socket`; the session ends with the task that waits for it."""
        try:
            await socket.over()
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait([self._task])
            raise

    async def run(self, held: contextlib.AbstractContextManager[object]) -> None:
        """Serve the client until either side ends the session, with what is `held` for it; never raises."""
        try:
            with self._resumption.reachable(self._session.id, self):
                with held:
                    await self._send(self._created())
                    await self._serve()
                if self._is_over:
                    await self._part()
        except LostError as lost:
            log.info("session %s: the client is gone (%s)", self._session.id, lost.reason)
            self._session.cancel(lost.reason)
        except Exception:
            log.exception("session %s: internal error", self._session.id)
            self._session.cancel(ErrorCode.INTERNAL)
            await self._fail()
        finally:
            self._session.cancel()
            self._inbox.close()
            self._outbox.detach()

    async def accepts(self, secret: str) -> bool:
        """Tell whether `secret` is that of the session; one that was used only where nothing came of it."""
        if self._secret.is_spent(secret):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_NOTICED_S):
                    await self._noticed()
        return self._secret.holds(secret, spare=self._outbox.is_cut and self._inbox.is_unused)

    async def resume(self, socket: Socket, secret: str, after_seq: int) -> None:
        """Go on over `socket`, where the client has seen the messages up to `after_seq`.

        Raises:
            MissedError: what it missed is no longer there; the session is as before.
            LostError: the socket was lost meanwhile.
        """
        await self._outbox.resume(socket, after_seq, lambda: self._resumed(secret))
        self._inbox.attach(socket)
        self._changed.set()
        log.info("session %s: the client is back", self._session.id)

    def _resumed(self, secret: str) -> tuple[Message, Message] | None:
        if self._is_over:
            return None
        self._secret.use(secret)
        offer = self._resumption.offer(self._secret.current)
        message = session_resumed(self._session.id, self._inbox.samples, offer)
        return message, audio_ack(self._acked_samples)  # a secret and a place of the past are told to nobody

    def _created(self) -> Message:
        offer = self._resumption.offer(self._secret.current) if self._resumption.within_s else None
        return {**self._session.created(), "resume": offer}

    async def _serve(self) -> None:
        try:
            while True:
                await self._step()
        except Drain:
            await self._close(_closing(self._slot.why))
        except Closing as closing:
            await self._close(closing)

    async def _step(self) -> None:
        if self._outbox.is_cut:
            await self._until_back()
        try:
            frame = await self._inbox.next(self._patience_s())
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
            await self._audio(frame.data, frame.early)
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

    async def _audio(self, data: bytes, early: bool) -> None:
        if not data or len(data) % 2:
            message = f"a frame of {len(data)} bytes was ignored: 16-bit samples come in pairs of bytes"
            await self._send(error(ErrorCode.ODD_FRAME_LENGTH, message))
            return
        await self._session.hear(data, early)
        await self._acknowledge(len(data) // 2)
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
        elif isinstance(message, SessionResume):
            told = "session.resume is the first message of a connection with ?resume="
            await self._send(error(ErrorCode.INVALID_MESSAGE, told))
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

    async def _acknowledge(self, samples: int) -> None:
        self._heard_samples += samples
        if self._resumption.within_s and self._heard_samples - self._acked_samples >= _ACK_SAMPLES:
            self._acked_samples = self._heard_samples
            await self._send(audio_ack(self._heard_samples))

    async def _until_back(self) -> None:
        with self._resumption.place(self._is_over) as is_free, self._session.on_hold():
            if not (is_free and self._outbox.keeps):
                raise LostError(self._outbox.why_cut)
            lost_s = time.monotonic()
            await self._wait_for_client()
        self._clock.heard_s = now_s = time.monotonic()
        self._clock.audio_until_s += now_s - lost_s

    async def _wait_for_client(self) -> None:
        log.info("session %s: the connection was lost, waiting for the client", self._session.id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._resumption.within_s):
                while self._outbox.is_cut and not self._slot.ending.is_set():
                    self._changed.clear()
                    await self._changed.wait()
        if self._outbox.is_cut:
            raise LostError(self._slot.why.code if self._slot.ending.is_set() else self._outbox.why_cut)

    async def _noticed(self) -> None:
        while not self._outbox.is_cut:
            await asyncio.sleep(0.02)

    def _cut(self, socket: Socket) -> None:
        self._outbox.keeps = self._outbox.keeps and not socket.is_left
        self._inbox.wake()
        self._changed.set()

    def _end(self) -> None:
        self._inbox.drain()
        self._changed.set()

    async def _close(self, closing: Closing) -> None:
        await self._session.close(closing.code or "finished", closing.message, retry_after_s=closing.retry_after_s)
        self._code, self._is_over = close_code(closing.code), True

    async def _part(self) -> None:
        """Close, once more where the client was lost before it had everything and comes back for it."""
        while not await self._outbox.close(self._code) and self._outbox.keeps:
            self._outbox.detach()
            await self._until_back()

    async def _fail(self) -> None:
        message = f"an internal error; the log has it as session {self._session.id}"
        with contextlib.suppress(Exception):
            await self._send(error(ErrorCode.INTERNAL, message, fatal=True))
            await self._outbox.close(close_code(ErrorCode.INTERNAL))


def _closing(why: RefusedError) -> Closing:
    return Closing(why.code, str(why), why.retry_after_s)
