"""When a connection gives its client up for being too far behind: what was spoken, never what was sent too early."""

import asyncio
import contextlib
import json
import time

import pytest

from serving.admission import Caller, Slot
from serving.guard.grant import ANONYMOUS
from serving.guard.usage.quotas import Account, Quotas
from serving.live.connection import Connection
from serving.live.resumption import Resumption
from serving.live.socket import Socket
from serving.live.websocket_protocol import CLOSED
from serving.service import Service
from serving.settings import Recognition, ServerLimits

pytestmark = pytest.mark.fast

SECOND = bytes(32_000)
CALLER = Caller("live", "192.0.2.1:1234")


class Wire:
    """Gives out `frames` at once, then a finish, and keeps what it is sent."""

    def __init__(self, frames):
        self._frames, self.sent, self.code = [*frames, json.dumps({"type": "session.finish"})], [], None
        self.scope = {CLOSED: asyncio.get_running_loop().create_future()}

    async def receive(self):
        if not self._frames:
            await asyncio.Event().wait()
        frame = self._frames.pop(0)
        return {"type": "websocket.receive", "bytes" if isinstance(frame, bytes) else "text": frame}

    async def send_text(self, text):
        self.sent.append(json.loads(text))

    async def close(self, code):
        self.code = code
        self.scope[CLOSED].set_result(code)


def begun(engine, release, wire, **limits):
    """Return a session on `wire`, which `run` serves."""
    service = Service(release, ServerLimits(**limits), Recognition(asr=None))
    service.engine = engine
    slot = Slot(CALLER, Account(Quotas(), ANONYMOUS))
    return Connection(Socket(wire, 30.0), service, slot, Resumption(service.limits))


def connected(engine, release, frames, late_s, from_s=0):
    """Return the socket after a session that is `late_s` behind with what it reads once it heard `from_s`."""

    async def scene():
        wire = Wire(frames)
        connection = begun(engine, release, wire, max_wait_s=30.0)
        heard_s = lambda: connection._session.session.heard_samples / 16_000  # noqa: E731
        connection._session.working_s = lambda: time.monotonic() + (late_s if heard_s() >= from_s else 0)
        await connection.run(contextlib.nullcontext())
        return wire

    return asyncio.run(scene())


def test_audio_that_was_spoken_and_waits_too_long_ends_the_session_with_the_reason(engine, tiny_release):
    socket = connected(engine, tiny_release, [SECOND], late_s=31.0)
    assert socket.code == 4408
    assert [message["code"] for message in socket.sent if message["type"] == "error"] == ["too_far_behind"]
    assert connected(engine, tiny_release, [SECOND], late_s=29.0).code == 1000


def test_audio_that_came_before_its_time_may_wait_as_long_as_it_takes(engine, tiny_release):
    socket = connected(engine, tiny_release, 10 * [SECOND], late_s=1000.0, from_s=3)
    assert socket.code == 1000
    assert socket.sent[-1]["totals"]["audio_ms"] == 10_000


def test_where_nobody_is_waited_for_a_broken_connection_ends_the_session_at_once(engine, tiny_release):
    async def scene():
        wire = Wire([])
        wire.receive = asyncio.Event().wait
        connection = begun(engine, tiny_release, wire, resume_s=0.0)
        serving = asyncio.create_task(connection.run(contextlib.nullcontext()))
        await asyncio.sleep(0.05)
        wire.scope[CLOSED].set_result(None)
        async with asyncio.timeout(5):
            await serving
        return wire

    (created,) = asyncio.run(scene()).sent
    assert created["resume"] is None
