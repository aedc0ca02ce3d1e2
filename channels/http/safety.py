"""What holds for every request: limits, headers, no error without an answer, one line of log."""

import asyncio
import secrets
from collections.abc import Collection, Sequence
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.http.figures import HttpFigures
from channels.http.problem import problem_response
from domain.ports import Clock

_log = structlog.get_logger(__name__)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HEAD_ONLY: Final = "warmline.head_only"
"""Set in the scope of a request that was HEAD: its route need not read what it would send."""
WIDE_MAX: Final = 2
"""Large bodies in memory at once; operators import one after the other."""
SECURITY_HEADERS: Final[Sequence[tuple[str, str]]] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    # The API answers with JSON; a browser that is tricked into showing it runs nothing.
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    # Answers hold personal data and change every second.
    ("Cache-Control", "no-store"),
)


class Safety:
    """ASGI middleware around everything else.

    Answers HEAD where there is GET (RFC 9110 section 9.3.2), adds the security headers and
    a request id, turns whatever is raised into a problem, counts and logs. What was raised
    goes to the log and never into an answer.
    """

    def __init__(self, app: ASGIApp, *, figures: HttpFigures, clock: Clock) -> None:
        """Stand around `app`."""
        self._app = app
        self._figures = figures
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started_s = self._clock.monotonic_s()
        method = scope.get("method", "GET")
        # A copy: the server below us drops the body of an answer to HEAD by its own scope.
        inner = {**scope, "method": "GET", HEAD_ONLY: True} if method == "HEAD" else scope
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            kind = message["type"]
            if kind in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
                dress(message, request_id)
            elif kind == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(inner, receive, dressed)
        except Exception:
            _log.exception("request failed", request_id=request_id, path_template=_route(inner))
            if status == 0:
                response = problem_response(
                    "internal", f"the log holds the cause under {request_id}", scope["path"]
                )
                await response(inner, receive, dressed)
            # With the answer begun nothing can be said any more; the server closes the
            # connection when it sees the answer cut short.
        finally:
            self._count(inner, method, status, started_s, request_id)

    def _count(
        self, scope: Scope, method: str, status: int, started_s: float, request_id: str
    ) -> None:
        seconds = self._clock.monotonic_s() - started_s
        known = method if method in METHODS else "OTHER"
        if scope["type"] == "websocket":
            # It lasts for hours, which says nothing about how fast we answer.
            known, seconds = "WEBSOCKET", 0.0
        route = _route(scope)
        self._figures.answered(known, route, status, seconds)
        # Reads come every second from every wallboard; what changes something is rare.
        level = _log.info if known == "POST" or status >= 500 else _log.debug
        level(
            "request answered",
            method=known,
            route=route,
            status=status,
            seconds=round(seconds, 4),
            request_id=request_id,
        )


def dress(message: Message, request_id: str) -> None:
    """Add the headers of every answer to the message that begins it."""
    message.setdefault("headers", [])
    headers = MutableHeaders(scope=message)
    for name, value in SECURITY_HEADERS:
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request_id


def _route(scope: Scope) -> str:
    """Return the template of the route that was matched, never the path with its names."""
    return getattr(scope.get("route"), "path", "")


class _TooLarge(Exception):
    """The body is over the limit; what of it was on its way has been read."""


class BodyLimit:
    """ASGI middleware that reads a request's body before the application sees the request.

    The body is bounded in size and in time; the application then never waits for a client. One
    path may take more, from a few clients at once. Where a body is a file, its route reads it in
    pieces, within bounds of its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        bytes_max: int,
        seconds_max: float,
        figures: HttpFigures,
        wide_path: str = "",
        wide_bytes_max: int = 0,
        streamed: Collection[str] = (),
    ) -> None:
        """Bound the bodies of requests to `app`.

        Args:
            app: Sees requests whose bodies are whole.
            bytes_max: Of a body.
            seconds_max: From its first byte to its last.
            figures: Counted in.
            wide_path: Where a body may have `wide_bytes_max` bytes.
            wide_bytes_max: There.
            streamed: Paths whose bodies are not read here.
        """
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max
        self._figures = figures
        self._wide_path = wide_path
        self._wide_bytes_max = wide_bytes_max
        self._streamed = frozenset(streamed)
        self._wide = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or answer 413 or 408."""
        if scope["type"] != "http" or scope["path"] in self._streamed:
            await self._app(scope, receive, send)
        elif scope["path"] != self._wide_path or not self._wide_path:
            await self._serve(scope, receive, send, self._bytes_max, "http.request_bytes_max")
        elif self._wide >= WIDE_MAX:
            detail = f"imports at once: {self._wide + 1} is over the limit of {WIDE_MAX}"
            await _refuse("limit", detail, scope, receive, send)
        else:
            self._wide += 1
            try:
                await self._serve(
                    scope, receive, send, self._wide_bytes_max, "http.import_bytes_max"
                )
            finally:
                self._wide -= 1

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, bytes_max: int, limit: str
    ) -> None:
        try:
            async with asyncio.timeout(self._seconds_max):
                body = await self._read(Headers(scope=scope), receive, bytes_max)
        except TimeoutError:
            self._figures.requests_timed_out += 1
            detail = f"http.request_s_max: the body was not complete after {self._seconds_max:g} s"
            await _refuse("request-timeout", detail, scope, receive, send)
            return
        except _TooLarge:
            self._figures.bodies_refused += 1
            detail = f"{limit}: the body is over the limit of {bytes_max} bytes"
            await _refuse("too-large", detail, scope, receive, send)
            return
        if body is None:
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, headers: Headers, receive: Receive, bytes_max: int) -> bytes | None:
        """Return the body; None if the client has gone.

        Raises:
            _TooLarge: It is over the limit.
        """
        announced = headers.get("content-length", "")
        # h11 has checked that it is a number (RFC 9110 section 8.6).
        if announced.isdecimal() and int(announced) > bytes_max:
            raise _TooLarge
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > bytes_max:
                raise _TooLarge
            if not message.get("more_body", False):
                return bytes(body)


async def _refuse(name: str, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    response = problem_response(name, detail, scope["path"], headers={"Connection": "close"})
    await response(scope, receive, send)
