"""One upload from its admission to its last byte: a slot, a temporary file, an answer.

Everything that an upload holds is let go of when it ends, also when the client hangs up in the middle.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.admission import Admission, Slot, caller
from serving.files.body import Recording, Refusal, fault_of, received
from serving.guard.refusal import RefusedError
from serving.remote.fetch import Remote
from serving.service import Service
from serving.threads import Threads
from undertone.audio import RATE_HZ, Samples
from undertone.audio_file import AudioFileError
from undertone.protocol import ErrorCode

log = logging.getLogger("undertone.http")


class Upload:
    """The samples of a recording, decoded on `threads`; the first piece was already checked."""

    def __init__(self, slot: Slot, recording: Recording, first: Samples | None, threads: Threads) -> None:
        self.slot = slot
        self._recording, self._first, self._threads = recording, first, threads

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What was done to the recording so far, for the client."""
        return [note.as_dict() for note in self._recording.notes]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What came with it in its form."""
        return self._recording.fields

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield PCM as a session takes it; raises `AudioFileError` where the recording breaks."""
        piece = self._first
        while piece is not None:
            self.slot.heard(len(piece) / RATE_HZ)
            yield piece.astype("<i2", copy=False).tobytes()
            piece = await self._threads.run(self._recording.next)


Answer = Callable[[Upload, Send], Awaitable[ASGIApp]]


class UploadResponse(Response):
    """The response to an upload: `answer` gets what was decoded and returns the response, or the end of what it sent.

    That comes after the slot is free: whoever sends one recording after the other needs no second slot.
    """

    def __init__(
        self, admission: Admission, service: Service, answer: Answer, remote: Remote, fields: bool = False
    ) -> None:
        super().__init__()
        self._fields = fields
        self._admission, self._service, self._answer, self._remote = admission, service, answer, remote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the upload in and answer it; never raises for what the client did."""
        response: ASGIApp
        try:
            response = await self._respond(Request(scope, receive), send)
        except RefusedError as refused:
            self._service.metrics.refused("upload", refused.code)
            response = Refusal(refused.status, refused.code, str(refused), refused.retry_after_s).response()
        except Refusal as refused:
            log.info("refused %s: %s, %s", scope["path"], refused.code, refused)
            self._service.metrics.refused("upload", refused.code)
            response = refused.response()
        except ClientDisconnect:
            log.info("%s: the client is gone", scope["path"])
            return
        except Exception:
            upload_id = uuid.uuid4().hex
            log.exception("upload %s: internal error", upload_id)
            message = f"an internal error; the log has it as upload {upload_id}"
            response = Refusal(500, ErrorCode.INTERNAL, message).response()
        await response(scope, receive, send)

    async def _respond(self, request: Request, send: Send) -> ASGIApp:
        with self._admission.admit(caller("upload", request)) as slot:
            await self._admission.share(slot)
            async with received(request, self._service.limits, slot, self._remote, self._fields) as recording:
                return await _while_connected(request.receive, self._answered(slot, recording, send))
        raise ClientDisconnect  # cut off in a drain: nobody reads an answer any more

    async def _answered(self, slot: Slot, recording: Recording, send: Send) -> ASGIApp:
        threads = self._service.upload_threads
        try:
            first = await threads.run(recording.next)
            return await self._answer(Upload(slot, recording, first, threads), send)
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
