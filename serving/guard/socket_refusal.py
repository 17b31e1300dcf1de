"""How a socket is told why it was refused: an error frame, then the close code of the same reason."""

from starlette.websockets import WebSocket

from serving.guard.refusal import RefusedError
from undertone.protocol import FINISHED, ErrorCode, error, written


async def tell_refusal(websocket: WebSocket, refused: RefusedError) -> None:
    """Say on an accepted socket why its client was `refused`, and close it."""
    message = error(refused.code, str(refused), fatal=True, retry_after_s=refused.retry_after_s)
    await websocket.send_text(written(message))
    await websocket.close(close_code(refused.code))


def close_code(code: ErrorCode | None) -> int:
    """Return what closes a socket after a fatal error, or after a session that ended in order."""
    return FINISHED if code is None or code.close is None else code.close
