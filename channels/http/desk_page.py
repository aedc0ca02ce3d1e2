"""The agents' page at /desk/: files without any data, under a strict policy."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

FOLDER: Final = Path(__file__).resolve().parent.parent / "desk" / "page"
PATH: Final = "/desk/"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # Its own WebSocket too: browsers count one of the same origin as 'self' (CSP Level 3).
        "connect-src 'self'",
        # Pictures are fetched with the token and shown from memory.
        "img-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Whatever a customer writes, no script of his can run, and nothing is loaded from elsewhere."""


def page_router() -> APIRouter:
    """Return the routes of the page; its files are read now and never again."""
    router = APIRouter()
    for path in sorted(FOLDER.iterdir()):
        kind = KINDS.get(path.suffix)
        if kind is not None:
            name = "" if path.name == "index.html" else path.name
            router.add_api_route(
                PATH + name,
                _endpoint(path.read_bytes(), kind),
                include_in_schema=False,
                response_class=Response,
            )
    return router


def _endpoint(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    headers = {
        "Content-Security-Policy": POLICY,
        # A browser asks each time: after an update nobody works with half of the old page.
        "Cache-Control": "no-cache",
    }

    async def serve() -> Response:
        return Response(content, media_type=kind, headers=headers)

    return serve
