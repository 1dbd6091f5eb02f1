"""``/metrics``, for Prometheus. Behind the token, like everything else: what a server spends is nobody else's to know."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from outrider.web.desk import Desk


def metrics_route(desk: Desk) -> Route:
    """The address; there is nothing unless the desk's telemetry has something to be scraped."""

    async def metrics(request: Request) -> Response:
        scraped = desk.telemetry.scraped
        if scraped is None:
            raise HTTPException(404, "nothing is counted here; start the server with --metrics")
        return Response(scraped.text(), headers={"Content-Type": scraped.content_type})

    return Route("/metrics", metrics)
