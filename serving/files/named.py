"""A recording that a request names by its address, `{"url": "https://..."}`, and does not bring."""

from collections.abc import AsyncGenerator

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from serving.remote.allowed import MOST_CHARACTERS
from serving.remote.errors import RemoteError
from serving.remote.fetch import Remote

MEDIA_TYPE = "application/json"
MOST_BYTES = 4 * MOST_CHARACTERS


class Named(BaseModel):
    """The body that names a recording."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(max_length=MOST_CHARACTERS, description="https:// or s3://, where the operator allows it")


def names_one(request: Request) -> bool:
    """Tell whether `request` names a recording."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def fetched(
    request: Request, body: AsyncGenerator[bytes, None], remote: Remote, most_bytes: int
) -> AsyncGenerator[bytes, None]:
    """Yield the recording whose address stands in `body`.

    Raises:
        RemoteError: there is no address in it, it is not allowed, or nothing can be had there.
        ClientDisconnect: the client is gone.
    """
    pieces = remote.pieces(remote.place((await _asked(body)).url), most_bytes)
    try:
        async for piece in pieces:
            if await request.is_disconnected():
                raise ClientDisconnect
            yield piece
    finally:
        await pieces.aclose()


async def _asked(body: AsyncGenerator[bytes, None]) -> Named:
    text = b""
    async for piece in body:
        text += piece
        if len(text) > MOST_BYTES:
            raise RemoteError(413, "upload_too_large", f"a body that names a recording may have {MOST_BYTES} bytes")
    try:
        return Named.model_validate_json(text)
    except ValidationError:
        raise RemoteError(422, "invalid_request", 'as JSON a body is {"url": "https://..."} and no more') from None
