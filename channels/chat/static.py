"""The widget's files, for any page, and the page to try it."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_FOLDER: Final = Path(__file__).resolve().parent / "widget"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
FILES: Final = ("widget.js", "connection.js", "texts.js", "widget.css")
"""The widget is plain modules of JavaScript; nothing builds them."""
AGE_S: Final = 300
"""A browser asks again after that, so that a new version is seen soon."""
_DEMO_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';"
    " img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'"
)


def static_routes(*, demo: bool) -> Sequence[BaseRoute]:
    """Return the routes of the widget's files, with `demo` the page to try it too."""
    routes = [Route(f"/chat/v1/{name}", _file(name), methods=["GET"]) for name in FILES]
    if demo:
        routes.append(Route("/chat/v1/demo", _file("demo.html"), methods=["GET"]))
    return routes


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    content = (_FOLDER / name).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={AGE_S}",
        # It is shown on the operator's pages, which are of another origin.
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }
    if name.endswith(".html"):
        headers["Content-Security-Policy"] = _DEMO_POLICY

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_TYPES[Path(name).suffix], headers=headers)

    return serve
