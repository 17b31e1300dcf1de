"""A recording in S3, at the endpoint and with the credentials that the environment of the server names (AWS_...)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, TypeVar

from serving.remote.allowed import Place
from serving.remote.errors import RemoteError, not_there, too_slow, unreachable

log = logging.getLogger("undertone.remote")

T = TypeVar("T")

_PIECE_BYTES = 1 << 20
_SETTINGS = {"connect_timeout": 5, "read_timeout": 15, "retries": {"total_max_attempts": 2}}


async def pieces(place: Place, most_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield the bytes at `place`.

    Raises:
        RemoteError: it is not there, too large, or cannot be had.
    """
    file = await _asked(lambda: _opened(place))
    try:
        if file.size > most_bytes:
            raise not_there(f"the recording has over {most_bytes} bytes")
        while piece := await _asked(lambda: file.read(_PIECE_BYTES)):
            yield piece
    finally:
        with suppress(OSError):
            file.close()


def _opened(place: Place) -> Any:
    # Loading it takes a second: the event loop must not wait for that, nor for what it reads.
    from s3fs import S3FileSystem

    storage = S3FileSystem(config_kwargs=_SETTINGS)
    storage.invalidate_cache()
    return storage.open(f"{place.host}{place.path}", "rb", block_size=_PIECE_BYTES, cache_type="none")


async def _asked(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except Exception as error:
        raise _told(error) from None


def _told(error: Exception) -> RemoteError:
    if isinstance(error, FileNotFoundError):
        return not_there("the storage has no such recording")
    if isinstance(error, PermissionError):
        return not_there("the storage does not give this recording")
    log.warning("storage gives no recording: %s", type(error).__name__)  # its text may name what is inside
    return too_slow() if isinstance(error, TimeoutError) else unreachable()
