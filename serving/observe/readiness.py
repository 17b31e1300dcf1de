"""`/ready`: whether this server would take another session now, and if not, why. `/health` says that it lives."""

from collections.abc import Awaitable, Callable

from starlette.responses import JSONResponse, Response

from serving.admission import Admission
from serving.guard.refusal import RETRY_AFTER_S
from serving.web.errors import error_response

Words = Callable[[], Awaitable[bool]]


async def ready(admission: Admission, workers_ready: Words) -> Response:
    """Return 200 where models are warm, a slot is free and nobody goes down, else 503 with the reason as its code."""
    if fault := await _fault(admission, workers_ready):
        return error_response(503, *fault, retry_after_s=RETRY_AFTER_S)
    return JSONResponse({"ready": True, "free": {"live": admission.free("live"), "upload": admission.free("upload")}})


async def _fault(admission: Admission, workers_ready: Words) -> tuple[str, str] | None:
    if admission.draining:
        return "server_draining", "the server is going down"
    if not admission.is_open:
        return "loading", "the models are still loading"
    if not admission.free("live"):
        return "server_full", "all sessions are taken"
    if not await workers_ready():
        return "workers_starting", "a worker that died is started anew"
    return None
