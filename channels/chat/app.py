"""The chat's HTTP routes: tickets, files, the widget, with one shape of error for all."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from channels.chat.connection import allowed_origin
from channels.chat.files import FileRoutes
from channels.chat.identity import IdentityRefused, Person, SignedIdentity, visitor
from channels.chat.limits import client_source
from channels.chat.protocol import VERSION
from channels.chat.refused import Refused, answer
from channels.chat.service import TICKET_S, ChatService
from channels.chat.static import static_routes
from channels.chat.tickets import Admission
from channels.chat.visitor import VisitorTokens
from channels.http.figures import HttpFigures
from channels.http.problem import problem_response
from channels.http.safety import Safety
from domain.conversation_ports import AttachmentVault
from domain.errors import LimitExceeded

BODY_BYTES_MAX: Final = 16_384
"""Of a request for a ticket: a signed identity has at most 8,192."""
BODY_S_MAX: Final = 10.0


class TicketWish(msgspec.Struct, frozen=True, kw_only=True):
    """The body of POST /chat/v1/tickets."""

    widget: str = ""
    """Id of the widget; "": the first of the configuration."""
    visitor: str = ""
    """The visitor's token, from an earlier answer; "": a new one is made."""
    identity: str = ""
    """The JSON Web Token of a user who is signed in."""


class TicketGiven(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    ticket: str
    expires_s: float
    visitor: str
    """Keep it and bring it next time; "" for a user who is signed in."""
    version: int = VERSION
    title: dict[str, str] = {}
    languages: list[str] = []
    notice: dict[str, str] = {}


class TicketRoutes:
    """POST /chat/v1/tickets."""

    def __init__(
        self, service: ChatService, visitors: VisitorTokens, identity: SignedIdentity | None
    ) -> None:
        """Prepare; without `identity` everybody is a visitor."""
        self._service = service
        self._visitors = visitors
        self._identity = identity
        self._decoder = msgspec.json.Decoder(TicketWish)

    async def issue(self, request: Request) -> Response:
        """Return a ticket to whom may have one.

        Raises:
            Refused: Origin, rate, body, widget or identity.
        """
        service = self._service
        origin = self._admit(request)
        wish = await self._read(request)
        widget = service.widget(wish.widget)
        if widget is None:
            raise self._refused("widget", "not-known", "no such widget in chat.widgets")
        try:
            person, token = self._person(wish, has_origin=bool(origin))
        except IdentityRefused as error:
            raise self._refused("identity", "unauthorized", str(error)) from None
        try:
            ticket = service.tickets.issue(
                Admission(person=person, widget_id=widget.id, origin=origin),
                service.clock.monotonic_s(),
            )
        except LimitExceeded as error:
            raise self._refused("full", "limit", str(error), wait_s=TICKET_S) from None
        given = TicketGiven(
            ticket=ticket,
            expires_s=TICKET_S,
            visitor=token,
            title=widget.title.model_dump(),
            languages=list(widget.languages),
            notice=widget.notice.model_dump(),
        )
        return Response(msgspec.json.encode(given), status_code=201, media_type="application/json")

    def _admit(self, request: Request) -> str:
        """Return the origin of a request whose page and address may ask."""
        service = self._service
        origin = request.headers.get("origin", "").lower()
        if origin and not allowed_origin(service, origin, request.headers.get("host", "")):
            detail = "chat.allowed_origins: this page's origin is none of them"
            raise self._refused("origin", "http", detail, status=403)
        source = source_of_request(request, service)
        wait_s = service.ticket_rates.take(source, service.clock.monotonic_s())
        if wait_s:
            detail = "chat.tickets_per_min: too many from this address"
            raise self._refused("rate", "http", detail, status=429, wait_s=wait_s)
        return origin

    async def _read(self, request: Request) -> TicketWish:
        try:
            async with asyncio.timeout(BODY_S_MAX):
                body = await read_body(request, BODY_BYTES_MAX)
        except TimeoutError:
            raise Refused("request-timeout", f"not complete after {BODY_S_MAX:g} s") from None
        if body is None:
            raise Refused("too-large", f"the body is over the limit of {BODY_BYTES_MAX} bytes")
        try:
            return self._decoder.decode(body or b"{}")
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise Refused("unprocessable", "the body is no JSON object for a ticket") from None

    def _person(self, wish: TicketWish, *, has_origin: bool) -> tuple[Person, str]:
        """Return who asks, and the visitor's token for him to keep."""
        if wish.identity:
            if self._identity is None:
                raise IdentityRefused("identity: chat.identity is not configured")
            return self._identity.check(wish.identity, self._service.clock.utc()), ""
        if not has_origin:
            raise IdentityRefused("identity: a program without an Origin must bring one")
        known = self._visitors.read(wish.visitor) if wish.visitor else None
        if known is not None:
            return visitor(known), wish.visitor
        visitor_id, token = self._visitors.new()
        return visitor(visitor_id), token

    def _refused(
        self, why: str, name: str, detail: str, *, status: int | None = None, wait_s: float = 0.0
    ) -> Refused:
        self._service.figures.refused[why] += 1
        return Refused(name, detail, status=status, wait_s=wait_s)


def build_chat_app(
    service: ChatService,
    *,
    visitors: VisitorTokens,
    identity: SignedIdentity | None,
    vault: AttachmentVault | None,
    http_figures: HttpFigures | None = None,
) -> Starlette:
    """Return the chat's application; its WebSocket is `connection.connections_of`.

    Args:
        service: The chat.
        visitors: Makes and checks visitors' tokens.
        identity: Checks signed identities; None: nobody is signed in.
        vault: Where files go; None: none are taken.
        http_figures: Where requests are counted.
    """
    tickets = TicketRoutes(service, visitors, identity)
    files = FileRoutes(service, vault)
    routes: Sequence[BaseRoute] = [
        Route("/chat/v1/tickets", tickets.issue, methods=["POST"]),
        *files.routes(),
        *static_routes(demo=service.settings.demo),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Safety, figures=http_figures or HttpFigures(), clock=service.clock),
            Middleware(
                CORSMiddleware,
                allow_origins=list(service.settings.allowed_origins),
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "X-File-Name"],
                expose_headers=["Retry-After"],
                max_age=3_600,
            ),
        ],
        exception_handlers={404: _not_found, 405: _not_found, Refused: answer},
    )


def source_of_request(request: Request, service: ChatService) -> str:
    """Return what counts as one source of a request."""
    peer = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return client_source(peer, forwarded, tuple(service.settings.proxies))


async def read_body(request: Request, bytes_max: int) -> bytes | None:
    """Return a small body; None: it is over the limit."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            return None
    return bytes(body)


async def _not_found(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    name = "not-found" if status == 404 else "method-not-allowed"
    detail = f"nothing is served for {request.method} at this path"
    return problem_response(name, detail, request.url.path)
