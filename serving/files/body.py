"""An uploaded recording: taken from a request into a temporary file, then decoded piece by piece.

A body comes as it is, or as the field `file` of a form. It is bounded while it comes, never whole in memory, and its
file has no name: it is gone with the last one who has it open, whatever happens to the server.

Refusal   why a request gets an HTTP error; its body is {"error": {"code", "message"}}
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from serving.admission import Slot
from serving.files.named import fetched, names_one
from serving.files.promise import Promise, file_name
from serving.guard.refusal import RETRY_AFTER_S
from serving.remote.errors import RemoteError
from serving.remote.fetch import Remote
from serving.settings import ServerLimits
from serving.web.errors import error_response
from undertone.audio import Samples
from undertone.audio_file import (
    AudioFileError,
    AudioTooLongError,
    DamagedAudioError,
    EmptyAudioError,
    NotAudioError,
    Note,
    decoded,
)
from undertone.protocol import ErrorCode

log = logging.getLogger("undertone.http")

FIELD = "file"
_IN_MEMORY_BYTES = 1 << 20


class Refusal(Exception):
    """A request is refused with `status`; `code` is for programs, the message for people."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s

    def response(self) -> Response:
        """Return the answer that says so."""
        return error_response(self.status, self.code, str(self), retry_after_s=self.retry_after_s)


_AUDIO_FAULTS = {NotAudioError: 415, EmptyAudioError: 422, DamagedAudioError: 422, AudioTooLongError: 413}


def fault_of(error: AudioFileError) -> tuple[int, str]:
    """Return HTTP status and code of what is wrong with a recording."""
    return _AUDIO_FAULTS[type(error)], error.code


@contextlib.contextmanager
def _stored() -> Iterator[None]:
    """Store an upload inside; raises the `Refusal` of one that finds no room."""
    try:
        yield
    except OSError as full:
        log.error("an upload cannot be stored: %s", full.strerror or full)
        raise Refusal(503, "no_room", "the server has no room for an upload now", RETRY_AFTER_S) from None


class Recording:
    """A decoded upload, a second at a time; close it when nobody listens any more.

    `notes` say what was done to it and what is missing; they are complete at its end. `fields` came with it in a form.
    """

    def __init__(self, file: IO[bytes], name: str, max_s: float) -> None:
        file.seek(0)
        self.notes: list[Note] = []
        self.fields: list[tuple[str, str]] = []
        self._blocks = decoded(file.fileno(), name, max_s, self.notes)
        self._lock = threading.Lock()  # a listener may leave while a thread decodes

    def next(self) -> Samples | None:
        """Return the next samples, (n,) int16 at 16 kHz, None at the end.

        Raises:
            AudioFileError: one of those that `fault_of` knows.
        """
        with self._lock:
            return next(self._blocks, None)

    def close(self) -> None:
        """Let go of the file; returns when no thread reads it."""
        with self._lock:
            self._blocks.close()


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


@contextlib.asynccontextmanager
async def received(
    request: Request, limits: ServerLimits, slot: Slot, remote: Remote, fields: bool = False
) -> AsyncIterator[Recording]:
    """Take in the recording that `request` brings, or names where `remote` may fetch it, as long as `slot` may be held.

    Raises:
        Refusal: too large, too slow, an empty body, a form without a file, or an address that brings nothing.
        RefusedError: the slot has to be given back, or the key of the caller may send no more.
        ClientDisconnect: the client is gone.
    """
    body = _bounded(request, request.stream(), limits, slot)
    if names_one(request):
        named = fetched(request, body, remote, limits.max_upload_bytes)
        body = _bounded(request, named, limits, slot)
    form = _is_form(request)
    found: list[tuple[str, str]] = []
    with _stored():
        upload = await (_from_form(request, body, found if fields else None) if form else _as_it_is(body))
    try:
        if not upload.size:
            raise Refusal(400, "empty_upload", f"the {'file' if form else 'body'} is empty: send a recording")
        with _stored():
            recording = Recording(upload.file, file_name(upload.filename), limits.max_file_s)
        recording.fields = found
        try:
            yield recording
        finally:
            await asyncio.to_thread(recording.close)
    finally:
        with contextlib.suppress(OSError):  # of what found no room
            await upload.close()


async def _bounded(
    request: Request, pieces: AsyncGenerator[bytes, None], limits: ServerLimits, slot: Slot
) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    _check_size(size, limits)
    promise = Promise(0 if names_one(request) else size, limits, _is_form(request))
    taken, began_s = 0, time.monotonic()
    async with contextlib.aclosing(pieces):
        while (piece := await _next_piece(pieces, _Patience.of(limits, taken, began_s), slot)) is not None:
            taken += len(piece)
            _check_size(taken, limits)
            slot.received(len(piece))
            if wrong := await promise.broken(piece, taken):
                raise Refusal(413, ErrorCode.AUDIO_TOO_LONG, wrong)
            yield piece


class _Patience(NamedTuple):
    """How many seconds the next piece may take, and what is said of one that takes longer."""

    lasts_s: float
    why: str

    @classmethod
    def of(cls, limits: ServerLimits, taken: int, began_s: float) -> "_Patience":
        rate = limits.min_upload_bytes_per_s
        left_s = began_s - time.monotonic()
        return min(
            cls(limits.idle_session_s, f"nothing came for {limits.idle_session_s:g} s"),
            cls(left_s + limits.max_upload_s, f"an upload may take {limits.max_upload_s:g} s"),
            cls(left_s + limits.upload_grace_s + taken / rate, f"an upload must bring {rate} bytes a second"),
        )


async def _next_piece(pieces: AsyncGenerator[bytes, None], patience: _Patience, slot: Slot) -> bytes | None:
    """Return the next piece, None at the end; a client that sends nothing holds up neither us nor our end."""
    coming, told = asyncio.ensure_future(anext(pieces, None)), asyncio.ensure_future(slot.ending.wait())
    try:
        await asyncio.wait({coming, told}, timeout=max(0, patience.lasts_s), return_when=asyncio.FIRST_COMPLETED)
        if slot.ending.is_set():
            raise slot.why
        if not coming.done():
            raise Refusal(408, "upload_timeout", patience.why)
        return coming.result()
    except RemoteError as error:
        raise Refusal(error.status, error.code, str(error)) from None
    finally:
        coming.cancel()
        told.cancel()
        await asyncio.gather(coming, told, return_exceptions=True)


def _check_size(size: int, limits: ServerLimits) -> None:
    if size > limits.max_upload_bytes:
        raise Refusal(413, "upload_too_large", f"an upload may have {limits.max_upload_bytes} bytes")


async def _as_it_is(body: AsyncGenerator[bytes, None]) -> UploadFile:
    file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
    upload = UploadFile(file, size=0)  # type: ignore[arg-type]  # as Starlette does
    try:
        async for piece in body:
            await upload.write(piece)
    except BaseException:
        file.close()
        raise
    return upload


async def _from_form(
    request: Request, body: AsyncGenerator[bytes, None], fields: list[tuple[str, str]] | None = None
) -> UploadFile:
    try:
        form = await MultiPartParser(_boundary_alone(request), body, max_files=1, max_fields=16).parse()
    except MultiPartException as error:
        raise Refusal(400, "invalid_form", f"the form cannot be read: {error.message}") from None
    upload = form.get(FIELD)
    others = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    if fields is not None and isinstance(upload, UploadFile) and len(form.multi_items()) == 1 + len(others):
        fields += others
        return upload
    if isinstance(upload, UploadFile) and len(form.multi_items()) == 1:
        return upload
    await form.close()
    wanted = f"the recording goes into one form field named {FIELD!r}, with a file name"
    found = ", ".join(repr(name) for name, _ in form.multi_items()) or "nothing"
    raise Refusal(400, "invalid_form", f"{wanted}, and settings into the query; the form holds {found}")


def _boundary_alone(request: Request) -> Headers:
    # The names of fields and files are UTF-8, whatever `charset` says: some of its values raise what nobody expects.
    kind, options = parse_options_header(request.headers["content-type"])
    if not (boundary := options.get(b"boundary")):
        raise MultiPartException("its content type has no boundary")
    quoted = boundary.decode("latin-1").replace("\\", r"\\").replace('"', r"\"")
    return Headers({"content-type": f'{kind.decode("latin-1")}; boundary="{quoted}"'})
