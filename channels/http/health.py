"""What machines ask: does the process live, can it take calls, how does it do."""

from typing import Final

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from channels.http.access import Ports, problems
from channels.http.models import Health, ProblemExplained, ReadyState
from channels.http.problem import PROBLEM_PATH, PROBLEMS
from domain.errors import NotKnown

METRICS_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def health_router(version: str) -> APIRouter:
    """Return the routes that need no token.

    Args:
        version: Of Warmline, for /healthz.
    """
    routes = APIRouter(tags=["operation"])

    @routes.get(
        "/healthz",
        summary="Does the process live",
        response_description="It does.",
        responses=problems("internal"),
    )
    async def healthz() -> Health:
        """Answers as long as the event loop turns; restart the process when it does not."""
        return Health(status="ok", version=version)

    @routes.get(
        "/readyz",
        summary="Can calls be taken",
        response_description="New calls are taken.",
        response_model=ReadyState,
        responses={
            503: {"model": ReadyState, "description": "No new calls are taken; see `reasons`."},
            **problems("internal"),
        },
    )
    async def readyz(ports: Ports) -> Response:
        """503 with the reasons until store, edge, cells and workers stand, and while draining."""
        reasons = list(ports.readiness())
        state = ReadyState(ready=not reasons, reasons=reasons)
        return JSONResponse(state.model_dump(), status_code=503 if reasons else 200)

    @routes.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_description="The Prometheus text format, version 0.0.4.",
        response_class=Response,
        responses={
            200: {
                "content": {
                    "text/plain": {
                        "schema": {"type": "string"},
                        "example": 'warmline_queue_waiting{queue="support"} 3.0\n',
                    }
                }
            },
            **problems("unauthorized", "too-many-requests", "internal"),
        },
    )
    async def metrics(ports: Ports) -> Response:
        """All figures of the node; docs/metrics.md lists them.

        Open unless `http.metrics_token` is set; then that token or the API's own is needed.
        """
        return Response(ports.metrics(), media_type=METRICS_MEDIA_TYPE)

    @routes.get(
        PROBLEM_PATH + "{name}",
        summary="Explain a kind of problem",
        response_description="What it means and what to do.",
        responses=problems("not-known", "unprocessable", "internal"),
    )
    async def explain_problem(
        name: str = Path(description="Last part of `type`.", examples=["not-known"]),
    ) -> ProblemExplained:
        """What the `type` of a problem points to (RFC 9457 section 3.1.1)."""
        kind = PROBLEMS.get(name)
        if kind is None:
            raise NotKnown("problem", name)
        return ProblemExplained(
            type=PROBLEM_PATH + name, title=kind.title, status=kind.status, meaning=kind.meaning
        )

    return routes
