"""The HTTP routes for whole recordings, `POST /predict` and `POST /api/transcribe`."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from serving.admission import Admission
from serving.files.body import Refusal
from serving.files.openapi import OF_FILES, predict_route, transcribe_route
from serving.files.predict import predict
from serving.files.query import chosen_settings
from serving.files.transcribe import SETTINGS, require_language, require_length, require_recogniser, transcribe
from serving.files.upload import UploadResponse
from serving.guard.policy import UrlRules
from serving.remote.fetch import Remote
from serving.service import Service


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
