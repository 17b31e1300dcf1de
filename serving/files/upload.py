"""One upload from its admission to its last byte: a slot of the desk, a temporary file, an answer.

Everything that a visit holds is let go of when it ends, also when the client hangs up in the middle.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.admission import Desk
from serving.files.body import Recording, Refusal, fault_of, received
from undertone.audio import Samples
from undertone.audio_file import AudioFileError

log = logging.getLogger("undertone.http")

RETRY_AFTER_S = 5
DRAINING = "the server is going down; send it again in a moment"


class Visit:
    """The slot of one upload; `leaving` once the server goes down."""

    def __init__(self) -> None:
        self.leaving = False

    def drain(self) -> None:
        """Take in no more."""
        self.leaving = True

    def check(self) -> None:
        """Raise the `Refusal` of a server that goes down."""
        if self.leaving:
            raise Refusal(503, "server_draining", DRAINING, RETRY_AFTER_S)


@contextmanager
def admitted(desk: Desk) -> Iterator[Visit]:
    """Take a slot of the desk for as long as the block lasts.

    Raises:
        Refusal: there is none.
    """
    if refusal := desk.refusal():
        raise Refusal(503, refusal[0], refusal[1], RETRY_AFTER_S)
    visit = Visit()
    desk.enter(visit)
    try:
        yield visit
    finally:
        desk.leave(visit)


class Heard:
    """The samples of a recording, decoded on the threads of the desk; the first piece was already checked."""

    def __init__(self, desk: Desk, recording: Recording, first: Samples | None) -> None:
        self._desk, self._recording, self._first = desk, recording, first

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What was done to the recording so far, for the client."""
        return [note.as_dict() for note in self._recording.notes]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield PCM as a session takes it; raises `AudioFileError` where the recording breaks."""
        piece = self._first
        while piece is not None:
            yield piece.astype("<i2", copy=False).tobytes()
            piece = await self._desk.compute(self._recording.next)


Answer = Callable[[Visit, Heard, Send], Awaitable[ASGIApp]]


class Answered(Response):
    """The response to an upload: `answer` gets what was heard and returns the response, or the end of what it sent.

    That comes after the slot is free: whoever sends one recording after the other needs no second slot.
    """

    def __init__(self, desk: Desk, answer: Answer) -> None:
        super().__init__()
        self._desk, self._answer = desk, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the visit; never raises for what the client did."""
        response: ASGIApp
        try:
            response = await self._respond(Request(scope, receive), send)
        except Refusal as refused:
            response = refused.response()
        except ClientDisconnect:
            log.info("%s: the client is gone", scope["path"])
            return
        except Exception:
            visit_id = uuid.uuid4().hex
            log.exception("visit %s: internal error", visit_id)
            response = Refusal(500, "internal", f"an internal error; the log has it as visit {visit_id}").response()
        await response(scope, receive, send)

    async def _respond(self, request: Request, send: Send) -> ASGIApp:
        with admitted(self._desk) as visit:
            async with received(request, self._desk.limits, visit.check) as recording:
                return await _while_connected(request.receive, self._heard(visit, recording, send))

    async def _heard(self, visit: Visit, recording: Recording, send: Send) -> ASGIApp:
        try:
            first = await self._desk.compute(recording.next)
            return await self._answer(visit, Heard(self._desk, recording, first), send)
        except AudioFileError as error:
            raise Refusal(*fault_of(error), str(error)) from None


async def _while_connected(receive: Receive, work: Coroutine[Any, Any, ASGIApp]) -> ASGIApp:
    working, gone = asyncio.create_task(work), asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
