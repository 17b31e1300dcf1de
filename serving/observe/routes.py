"""`GET /metrics` for Prometheus and `GET /ready` for whoever sends callers here."""

import asyncio

from fastapi import FastAPI
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

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

    for path, route in (("/metrics", on_metrics), ("/ready", on_ready)):
        app.add_api_route(path, route, methods=["GET"], response_class=Response, include_in_schema=False)
