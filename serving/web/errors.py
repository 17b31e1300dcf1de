"""Errors as JSON, `{"error": {"code", "message"}}`: also those for which FastAPI and Starlette have other forms."""

import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from undertone.protocol import ErrorCode, written

log = logging.getLogger("undertone.http")

_CODES = {404: "not_found", 405: "wrong_method"}
_QUOTED = 80  # characters of what a client sent


def error_response(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    retry_after_s: int | None = None,
) -> Response:
    """Return the answer that says what is wrong: `code` for programs, `message` for people.

    It makes sense to come again after `retry_after_s` seconds; body and headers say so, None: it does not.
    """
    again = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    body = error_body(code, message, retry_after_s)
    return Response(body, status, {**(headers or {}), **again} or None, "application/json")


def error_body(code: str, message: str, retry_after_s: int | None = None) -> bytes:
    """Return the body of such an answer."""
    again = {} if retry_after_s is None else {"retry_after_s": retry_after_s}
    return written({"error": {"code": code, "message": message, **again}}).encode()


def answer_in_json(app: FastAPI) -> None:
    """Let every error of `app` be JSON."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Exception, _on_fault)
    app.router.redirect_slashes = False  # it builds URLs of whatever the client calls our host


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    code = _CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
    where = f"{request.method} {request.url.path[:_QUOTED]}"
    messages = {404: f"there is no {where}; see /docs", 405: f"{where} is not taken; see /docs"}
    return error_response(status, code, messages.get(status, str(error.detail)), error.headers)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    return error_response(422, "invalid_request", f"{fault['loc'][-1]}: {fault['msg']}")


async def _on_fault(request: Request, error: Exception) -> Response:
    request_id = uuid.uuid4().hex
    log.error("request %s: internal error", request_id)  # the traceback follows: Starlette raises the error again
    return error_response(500, ErrorCode.INTERNAL, f"an internal error; the log has it as request {request_id}")
