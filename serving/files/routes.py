"""The HTTP routes for whole recordings, `POST /predict` and `POST /api/transcribe`, and the settings in their query."""

import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from serving.admission import Admission
from serving.files.body import Refusal
from serving.files.openapi import predict_route, transcribe_route
from serving.files.predict import predict
from serving.files.transcribe import SETTINGS, require_language, require_recogniser, transcribe
from serving.files.upload import UploadResponse
from serving.service import Service
from undertone.stream.settings import SessionSettings, SettingError

_OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE"]


def add_routes(app: FastAPI, admission: Admission, service: Service) -> None:
    """Serve whole recordings on `app`: whom `admission` lets in, with what `service` has."""

    async def on_predict(request: Request) -> Response:
        try:
            settings = chosen_settings(request, list(SessionSettings.model_fields))
        except Refusal as refused:
            return refused.response()
        return UploadResponse(admission, service, partial(predict, service, settings))

    async def on_transcribe(request: Request) -> Response:
        try:
            settings = chosen_settings(request, SETTINGS)
            require_recogniser(service)
            require_language(service, settings.get("language"))
        except Refusal as refused:
            return refused.response()
        return UploadResponse(admission, service, partial(transcribe, service, settings))

    _add(app, "/predict", on_predict, predict_route())
    _add(app, "/api/transcribe", on_transcribe, transcribe_route(SETTINGS))


def _add(app: FastAPI, path: str, endpoint: Callable[[Request], Awaitable[Response]], about: dict[str, Any]) -> None:
    app.add_api_route(path, endpoint, methods=["POST"], response_class=Response, **about)
    app.add_api_route(path, _wrong_method, methods=_OTHER_METHODS, include_in_schema=False)


def chosen_settings(request: Request, known: Sequence[str]) -> dict[str, Any]:
    """Return the settings in the query of `request`, with the names and ranges of `session.update`.

    Raises:
        Refusal: one is unknown, given twice, or out of range; the message names it.
    """
    chosen: dict[str, Any] = {}
    for name, text in request.query_params.multi_items():
        if name not in known:
            raise Refusal(422, "invalid_setting", f"unknown setting {name!r}; known are {', '.join(known)}")
        if name in chosen:
            raise Refusal(422, "invalid_setting", f"{name} is given twice")
        chosen[name] = text if name == "language" else _value(text)
    try:
        SessionSettings().updated(chosen)
    except SettingError as error:
        raise Refusal(422, "invalid_setting", str(error)) from None
    return chosen


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return text


async def _wrong_method(request: Request) -> Response:
    response = Refusal(405, "wrong_method", f"{request.url.path} takes POST, not {request.method}").response()
    response.headers["Allow"] = "POST"
    return response
