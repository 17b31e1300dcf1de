"""`GET /metrics` for Prometheus, `GET /ready` for whoever sends callers here, `GET /health` for whoever restarts us."""

import asyncio
from typing import Any

from fastapi import FastAPI
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from serving.observe.observer import Observer
from serving.observe.readiness import ready


def add_observation(app: FastAPI, observer: Observer) -> None:
    """Serve what `observer` knows on `app`."""

    async def on_metrics(request: Request) -> Response:
        watched = observer.watched
        watched.processes = await asyncio.to_thread(observer.processes)
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(observer.metrics.registry), media_type=media_type)

    async def on_ready() -> Response:
        return await ready(observer.watched.admission, observer.workers_ready)

    async def on_health() -> Response:
        """Tell whether the models are loaded, every worker runs, and nobody goes down."""
        admission = observer.watched.admission
        well = admission.is_open and not admission.draining and await observer.workers_ready()
        return PlainTextResponse("ok" if well else "not ready", 200 if well else 503)

    unwell: dict[int | str, dict[str, Any]] = {503: {"description": "not ready", "content": {"text/plain": {}}}}
    app.add_api_route("/health", on_health, methods=["GET"], response_class=PlainTextResponse, responses=unwell)
    for path, route in (("/metrics", on_metrics), ("/ready", on_ready)):
        app.add_api_route(path, route, methods=["GET"], response_class=Response, include_in_schema=False)
