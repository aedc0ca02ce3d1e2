"""What the routes reach: the ports, and how each documents its errors."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from channels.http.figures import HttpFigures
from channels.http.problem import PROBLEM_MEDIA_TYPE, PROBLEM_PATH, PROBLEMS, ProblemFound
from channels.messenger.gateway import Messengers
from domain.care_ports import CareDesk
from domain.conversation_ports import (
    AttachmentVault,
    Conversations,
    ConversationStore,
    Timelines,
)
from domain.customer_ports import CustomerDirectory, OutcomeDesk
from domain.decision_ports import DecisionLedger, EligibilityDesk
from domain.escalation_ports import Escalations
from domain.events import ConfigurationReloaded
from domain.identity_ports import Exporter, Identities, IdentityDesk
from domain.interval_ports import IntervalFigures
from domain.learning import LearningDesk
from domain.need import SuggestionDesk
from domain.outreach import OutreachDesk
from domain.ports import (
    AgentDesk,
    CallDesk,
    Clock,
    ContactLedger,
    EventJournal,
    ResumableStream,
    WaitingRoom,
)
from domain.quarantine import QuarantineDesk
from domain.ticket_ports import TicketDesk
from domain.webhook_ports import WebhookDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPorts:
    """All that the API needs of the rest.

    Attributes:
        readiness: Returns the reasons why no calls are taken; empty when ready.
        metrics: Returns the Prometheus text.
        reload: Reads the configuration file again and puts it in force; raises
            ConfigurationError and then changes nothing.
        customers: Who customers are; None: nobody on this node knows, and their routes answer 503.
        outcomes: Takes what became of contacts; None as for `customers`.
        identities: Who is who: addresses and merges; None as for `customers`.
        identity_desk: Takes up whose a contact is; None as for `customers`.
        timelines: What was between customers and us; None as for `customers`.
        exporter: Everything that is stored of a customer; None as for `customers`.
        messages: Where words are searched; None as for `customers`.
        care: Alerts, moods and consent; None: nobody looks after them on this node, and their
            routes answer 503.
        decisions: Why offers were made; None as for `care`.
        eligibility: Who can be offered a contact now; None as for `care`.
        intervals: Figures by interval; None as for `care`.
        learning: What the outcome model has learnt; None: 503 too.
        suggestions: What customers may need next; None: 503 too.
        webhooks: What receivers were not told of; None: 503 too.
        outreach: Writes to customers of our own accord; None: 503 too.
        quarantine: Mails that were laid aside unread; None: 503 too.
        messengers: Who joins other messengers; None: their paths are not served.
        tickets: Matters that outlive a contact; None: 503 too.
        conversations: What is said in writing; None: 503 too.
        escalations: From writing to a call and back; None: 503 too.
        attachments: Files that come with it; None: 503 too.
    """

    clock: Clock
    agents: AgentDesk
    waiting: WaitingRoom
    contacts: ContactLedger
    calls: CallDesk
    stream: ResumableStream
    journal: EventJournal
    readiness: Callable[[], Sequence[str]]
    metrics: Callable[[], bytes]
    reload: Callable[[], Awaitable[ConfigurationReloaded]]
    figures: HttpFigures = field(default_factory=HttpFigures)
    care: CareDesk | None = None
    decisions: DecisionLedger | None = None
    eligibility: EligibilityDesk | None = None
    intervals: IntervalFigures | None = None
    customers: CustomerDirectory | None = None
    outcomes: OutcomeDesk | None = None
    identities: Identities | None = None
    identity_desk: IdentityDesk | None = None
    timelines: Timelines | None = None
    exporter: Exporter | None = None
    messages: ConversationStore | None = None
    learning: LearningDesk | None = None
    suggestions: SuggestionDesk | None = None
    webhooks: WebhookDesk | None = None
    messengers: Messengers | None = None
    outreach: OutreachDesk | None = None
    quarantine: QuarantineDesk | None = None
    tickets: TicketDesk | None = None
    conversations: Conversations | None = None
    escalations: Escalations | None = None
    attachments: AttachmentVault | None = None


def ports_of(connection: HTTPConnection) -> ApiPorts:
    """Return the ports of the application that serves this request."""
    ports: ApiPorts = connection.app.state.ports
    return ports


Ports = Annotated[ApiPorts, Depends(ports_of)]


def care_of(ports: ApiPorts) -> CareDesk:
    """Return the desk of alerts, moods and consent.

    Raises:
        ProblemFound: This node has none.
    """
    if ports.care is None:
        raise ProblemFound("unavailable", "no part of this node looks after alerts and moods")
    return ports.care


BEARER: Final = Security(
    HTTPBearer(
        auto_error=False,
        scheme_name="bearer",
        description="The token of `http.token` in the configuration. It is checked before "
        "anything else of the request is looked at.",
    )
)
"""For the OpenAPI document alone; `gate.Gate` checks the token."""


def problems(*names: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for kinds of problems, each with an example.

    Args:
        names: Keys of `PROBLEMS`; those of every route under /api/v1 are added by
            `api_problems`.
    """
    responses: dict[int | str, dict[str, Any]] = {}
    for name in names:
        kind = PROBLEMS[name]
        response = responses.setdefault(
            kind.status,
            {
                "description": "",
                "content": {
                    PROBLEM_MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        joined = [response["description"], f"{kind.title}. {kind.meaning}"]
        response["description"] = " ".join(part for part in joined if part)
        response["content"][PROBLEM_MEDIA_TYPE]["examples"][name] = {
            "summary": kind.title,
            "value": {
                "type": PROBLEM_PATH + name,
                "title": kind.title,
                "status": kind.status,
                "detail": kind.meaning,
                "instance": "/api/v1/…",
            },
        }
    return responses


def api_problems(*names: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route under /api/v1: its own and those of all."""
    return problems(
        *names,
        "bad-request",
        "unauthorized",
        "request-timeout",
        "too-large",
        "unprocessable",
        "too-many-requests",
        "internal",
    )
