"""The routes under /v1, and what /openapi.json says of them."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from serving.admission import Admission
from serving.files.body import Refusal
from serving.files.openai.fields import SETTINGS, Fields
from serving.files.openai.transcription import transcription
from serving.files.openapi import refusal, refusals
from serving.files.transcribe import require_recogniser
from serving.files.upload import UploadResponse
from serving.remote.fetch import Remote
from serving.service import Service
from undertone.protocol.schemas import changes_schema

PATH = "/v1/audio/transcriptions"


def add_openai_routes(app: FastAPI, admission: Admission, service: Service, remote: Remote) -> None:
    """Serve recordings in OpenAI's shape on `app`."""

    async def on_transcription() -> Response:
        try:
            require_recogniser(service)
        except Refusal as refused:
            return refused.response()
        return UploadResponse(admission, service, partial(transcription, service), remote, fields=True)

    async def on_models(request: Request) -> Response:
        names = dict.fromkeys([service.asr.get("model") or "none", "whisper-1"])
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "undertone"} for name in names]
        return JSONResponse({"object": "list", "data": models})

    app.add_api_route(PATH, on_transcription, methods=["POST"], response_class=Response, **_described())
    app.add_api_route("/v1/models", on_models, methods=["GET"], response_class=Response, include_in_schema=False)


def _described() -> dict[str, Any]:
    settings = {name: changes_schema()[name] for name in SETTINGS}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    properties = {"file": file, **Fields.model_json_schema()["properties"], **settings}
    form = {"type": "object", "required": ["file"], "properties": properties}
    body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    words = {"schema": {"type": "object", "required": ["text"]}}
    text = {"schema": {"type": "string"}}
    content = {"application/json": words, "text/plain": text, "text/vtt": text, "text/event-stream": text}
    told = {"description": "The words, in the format that is asked for", "content": content}
    summary = "The words of a recording in the shape of OpenAI's API, their verdicts beside"
    responses = {200: told, **refusals(), 404: refusal("a model that is not served: model_not_found")}
    return {"summary": summary, "responses": responses, "openapi_extra": {"requestBody": body}}
