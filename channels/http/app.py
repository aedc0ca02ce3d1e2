"""The application: routes, middleware and the OpenAPI document, over ports alone."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from channels.desk.desks import Desks
from channels.http import (
    agents,
    alerts,
    attachments,
    callbacks,
    calls,
    configuration,
    contacts,
    conversations,
    customers,
    decisions,
    desk,
    emotion,
    escalations,
    events,
    identities,
    intervals,
    learning,
    outreach,
    quarantine,
    queues,
    suggestions,
    tickets,
    timelines,
    webhooks,
)
from channels.http.access import ApiPorts
from channels.http.calling import CustomerCaller
from channels.http.desk_page import page_router
from channels.http.feed import EventFeed
from channels.http.gate import BearerCheck, FailureLimit, Gate
from channels.http.health import health_router
from channels.http.messengers import messenger_router
from channels.http.problem import (
    Problem,
    ProblemFound,
    name_of_error,
    name_of_status,
    problem_response,
)
from channels.http.safety import BodyLimit, Safety
from channels.http.uploads import UPLOAD_PATHS, UploadLimits, Uploads
from config.attachments import Attachments
from config.schema import Http
from domain.errors import EventsGone, WarmlineError

DESCRIPTION = """\
What stands in the contact centre: agents, queues, contacts and running calls, and every
event as it happens. All times are UTC, all durations seconds. Every error is a problem of
RFC 9457.
"""
TAGS = [
    {"name": "agents", "description": "People who serve, and their states."},
    {"name": "queues", "description": "Waiting contacts under one policy."},
    {"name": "contacts", "description": "The record of every request for service."},
    {"name": "decisions", "description": "Why a contact was offered to whom."},
    {"name": "figures", "description": "Queues and agents by interval, and live."},
    {"name": "customers", "description": "Who contacts you, and what is known of him."},
    {"name": "tickets", "description": "Matters that outlive a contact, until they are settled."},
    {"name": "calls", "description": "Calls that run at this moment."},
    {"name": "callbacks", "description": "Customers who hung up and are called in their turn."},
    {"name": "conversations", "description": "What is said in writing, on any channel."},
    {"name": "attachments", "description": "Files that come with messages."},
    {"name": "alerts", "description": "Customers whom somebody should look after now."},
    {"name": "emotion", "description": "How a customer feels, and what he allows."},
    {"name": "learning", "description": "What was learnt from outcomes, and what it is worth."},
    {"name": "suggestions", "description": "What a customer is likely to need next."},
    {"name": "outreach", "description": "Customers written to of your own accord."},
    {"name": "mail", "description": "Mails that were laid aside unread."},
    {"name": "webhooks", "description": "What programs elsewhere were not told of."},
    {"name": "events", "description": "What has happened, resumable from any stored event."},
    {"name": "configuration", "description": "The configuration file."},
    {"name": "operation", "description": "For monitoring; no token is needed."},
]


def build_app(
    settings: Http,
    ports: ApiPorts,
    *,
    token: str,
    metrics_token: str | None = None,
    version: str = "0.0.0",
    attachment_settings: Attachments | None = None,
) -> FastAPI:
    """Return the API.

    Args:
        settings: The section `http` of the configuration.
        ports: All that the API needs of the rest.
        token: The secret of `settings.token`, read.
        metrics_token: That of `settings.metrics_token`; None: /metrics is open.
        version: Of Warmline.
        attachment_settings: The section `attachments`; None: its defaults.

    Raises:
        ConfigurationError: A token is too short or fits in no header.
    """
    figures = ports.figures
    middleware = [Middleware(Safety, figures=figures, clock=ports.clock)]
    if settings.allowed_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Range", "X-File-Name"],
                expose_headers=[
                    *("Link", "Retry-After", "X-Request-Id"),
                    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag"),
                ],
            )
        )
    middleware += [
        Middleware(
            Gate,
            check=BearerCheck(token),
            metrics_check=None
            if metrics_token is None
            else BearerCheck(metrics_token, name="http.metrics_token"),
            limit=FailureLimit(
                failures_max=settings.auth_failures_max,
                window_s=settings.auth_window_s,
                clock=ports.clock,
            ),
            figures=figures,
        ),
        Middleware(
            BodyLimit,
            bytes_max=settings.request_bytes_max,
            seconds_max=settings.request_s_max,
            wide_path=customers.IMPORT_PATH,
            wide_bytes_max=settings.import_bytes_max,
            streamed=UPLOAD_PATHS,
            figures=figures,
        ),
    ]
    app = FastAPI(
        title="Warmline",
        summary="A self-hosted contact centre.",
        description=DESCRIPTION,
        version=version,
        license_info={"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        openapi_tags=TAGS,
        openapi_url="/api/v1/openapi.json",
        # The pages of Swagger and ReDoc load scripts from other people's machines.
        docs_url=None,
        redoc_url=None,
        # A path means one thing; a redirect would only hide a mistake of the client's.
        redirect_slashes=False,
        middleware=middleware,
    )
    app.state.ports = ports
    app.state.feed = EventFeed(
        ports.stream,
        clock=ports.clock,
        figures=figures,
        readers_max=settings.event_readers_max,
        heartbeat_s=settings.event_heartbeat_s,
        send_s_max=settings.event_send_s_max,
    )
    caller = (
        None
        if ports.escalations is None or ports.conversations is None
        else CustomerCaller(ports.escalations, ports.conversations, ports.identities)
    )
    app.state.caller = caller
    app.state.desks = (
        None
        if ports.conversations is None
        else Desks(
            ports.conversations,
            ports.agents,
            ports.stream,
            figures,
            desks_max=settings.desks_max,
            send_s_max=settings.event_send_s_max,
            caller=caller,
        )
    )
    files = attachment_settings or Attachments()
    app.state.uploads = Uploads(
        UploadLimits(
            bytes_max=files.bytes_max,
            seconds_max=files.upload_s_max,
            piece_s_max=settings.request_s_max,
            at_once_max=files.uploads_max,
        ),
        figures,
    )
    app.include_router(health_router(version))
    for part in (
        *(agents, queues, contacts, customers, identities, timelines, tickets, decisions),
        *(conversations, escalations, attachments),
        *(calls, callbacks, alerts, emotion, learning, suggestions, intervals),
        *(webhooks, outreach, quarantine, events, configuration),
    ):
        app.include_router(part.router)
    app.include_router(events.socket_router)
    if ports.messengers is not None:
        app.include_router(messenger_router(ports.messengers))
    app.include_router(desk.socket_router)
    if settings.desk:
        app.include_router(page_router())
    app.router.default = _nothing_here
    for kind, answer in (
        (HTTPException, _answer_http_error),
        (RequestValidationError, _answer_mistakes),
        (WebSocketRequestValidationError, _answer_mistakes),
        (ProblemFound, _answer_problem),
        (WarmlineError, _answer_domain_error),
    ):
        # Starlette types a handler for requests or for WebSockets; these answer both.
        app.add_exception_handler(kind, answer)  # type: ignore[arg-type]
    _complete_openapi(app)
    return app


async def _respond(connection: HTTPConnection, response: Response) -> Response | None:
    """Return the answer to a request; send it to a WebSocket that is not yet accepted."""
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(response)
        return None
    return response


async def _answer_http_error(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, HTTPException)
    name = name_of_status(error.status_code)
    path = connection.url.path
    detail = {
        404: f"nothing is served at {path}",
        405: f"{connection.scope.get('method', 'GET')} is not possible at {path}",
    }.get(error.status_code, str(error.detail))
    response = problem_response(name, detail, path, status=error.status_code, headers=error.headers)
    return await _respond(connection, response)


async def _answer_mistakes(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, RequestValidationError | WebSocketRequestValidationError)
    # The value itself is left out: it may be personal data, and the client knows it.
    mistakes = [
        {"where": ".".join(str(part) for part in mistake["loc"]), "what": str(mistake["msg"])}
        for mistake in error.errors()
    ]
    response = problem_response(
        "unprocessable",
        "; ".join(f"{mistake['where']}: {mistake['what']}" for mistake in mistakes),
        connection.url.path,
        more={"errors": mistakes},
    )
    return await _respond(connection, response)


async def _answer_problem(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, ProblemFound)
    response = problem_response(
        error.name, error.detail, connection.url.path, headers=error.headers, more=error.more
    )
    return await _respond(connection, response)


async def _answer_domain_error(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, WarmlineError)
    name = name_of_error(error)
    if name == "internal":
        # Not one that a client can cause: it belongs into the log, not into an answer.
        raise error
    more: dict[str, object] = {}
    if isinstance(error, EventsGone):
        more["first_sequence"] = error.first
    response = problem_response(name, str(error), connection.url.path, more=more)
    return await _respond(connection, response)


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for a path that no route has, WebSockets too."""
    path = scope["path"]
    response = problem_response("not-found", f"nothing is served at {path}", path)
    await response(scope, receive, send)


def _complete_openapi(app: FastAPI) -> None:
    """Add the schema of problems, which every route refers to, to the OpenAPI document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
        return document

    app.openapi = openapi  # type: ignore[method-assign]
