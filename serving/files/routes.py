"""The HTTP routes for whole recordings, `POST /predict` and `POST /api/transcribe`, and the settings in their query."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from serving.admission import Admission
from serving.files.body import Refusal
from serving.files.openapi import OF_FILES, predict_route, transcribe_route
from serving.files.predict import predict
from serving.files.transcribe import SETTINGS, require_language, require_length, require_recogniser, transcribe
from serving.files.upload import UploadResponse
from serving.guard.policy import UrlRules
from serving.remote.fetch import Remote
from serving.service import Service
from undertone.stream.settings import SessionSettings, SettingError


def add_routes(app: FastAPI, admission: Admission, service: Service, remote: Remote | None = None) -> None:
    """Serve whole recordings on `app`: whom `admission` lets in, with what `service` has, from where `remote` may."""
    elsewhere = remote or Remote(UrlRules())

    async def on_predict(request: Request) -> Response:
        try:
            settings = chosen_settings(request, OF_FILES)
        except Refusal as refused:
            return refused.response()
        return UploadResponse(admission, service, partial(predict, service, settings), elsewhere)

    async def on_transcribe(request: Request) -> Response:
        try:
            settings = chosen_settings(request, SETTINGS)
            require_recogniser(service)
            require_language(service, settings.get("language"))
            require_length(service, settings.get("max_utterance_ms"))
        except Refusal as refused:
            return refused.response()
        return UploadResponse(admission, service, partial(transcribe, service, settings), elsewhere)

    taken: dict[str, Any] = {"methods": ["POST"], "response_class": Response}
    app.add_api_route("/predict", on_predict, **taken, **predict_route())
    app.add_api_route("/api/transcribe", on_transcribe, **taken, **transcribe_route(SETTINGS))


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
        chosen[name] = text if name in ("language", "speaker") else _value(text)
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
            return value if math.isfinite(value) else text
        except (ValueError, OverflowError):  # of a number with hundreds of digits
            continue
    return text
