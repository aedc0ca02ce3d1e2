"""Whatever the OpenAPI document allows is asked, and the answer is one that it promises.

Schemathesis makes the requests from the document: its examples, what hypothesis invents, that
which the document forbids too, and with more examples than few every edge of every schema. Each
is asked of fresh fakes, so that no request depends on one before it. Links between routes pay
nothing here: the fakes know the same few ids from the start, which take the places of half the
ids that are made.
"""

import asyncio
import json
import zlib
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from channels.http.access import ApiPorts
from channels.http.app import build_app
from channels.http.calling import CustomerCaller
from domain.attachment import Attachment
from domain.events import ConfigurationReloaded
from domain.ticket import TicketReason
from domain.ticket_ports import TicketWish
from tests.property.examples import EXAMPLES
from tests.property.test_http_api import conversations
from tests.unit.channels.conversation_fakes import AT, FakeVault, hex_id
from tests.unit.channels.escalation_fakes import FakeEscalations
from tests.unit.channels.http.care_fakes import FakeCare, alert_id
from tests.unit.channels.http.customer_fakes import FakeDirectory
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.identity_fakes import FakeIdentities, FakeTimelines
from tests.unit.channels.http.quarantine_fakes import FakeQuarantine
from tests.unit.channels.http.test_decisions import FakeDecisions, FakeEligibility
from tests.unit.channels.http.test_intervals import FakeFigures
from tests.unit.channels.http.test_learning import FakeLearning, FakeSuggestions
from tests.unit.channels.http.test_outreach import WHO, FakeDesk
from tests.unit.channels.http.test_webhooks import LETTER, FakeHooks
from tests.unit.channels.http.ticket_fakes import FakeTickets

KNOWN: Final[dict[str, list[str]]] = {
    "agent_id": ["alice"],
    "alert_id": [alert_id(1)],
    "attachment_id": [hex_id(4_000)],
    "contact_id": [contact_id(1), contact_id(7), contact_id(8)],
    "conversation_id": [hex_id(1), hex_id(2)],
    "customer_id": [WHO, hex_id(901)],
    "letter_id": [LETTER.letter_id],
    "merge_id": [contact_id(900)],
    "name": ["not-known"],
    "number": ["C-1"],
    "offer_id": [hex_id(702)],
    "quarantine_id": [hex_id(1), hex_id(2)],
    "queue_id": ["support"],
    "ticket": ["1"],
    "webhook_id": ["desk"],
}
"""What the fakes know, by the name of the path's parameter."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
APP: Final = build_app(http_settings(auth_failures_max=10**9), Node().ports(), token=TOKEN)


async def prepared() -> tuple[FakeTickets, FakeIdentities]:
    """Return a ticket with the number 1, and two customers who are one."""
    tickets = FakeTickets()
    wish = TicketWish(
        reason=TicketReason.BY_HAND, queue_id="support", subject="Router broken", by="alice"
    )
    await tickets.open(wish)
    identities = FakeIdentities()
    await identities.merge(contact_id(700), contact_id(702), "alice", "the same person")
    return tickets, identities


TICKETS, IDENTITIES = asyncio.run(prepared())


def fresh() -> ApiPorts:
    """Return fakes of all parts, and none that was asked before."""
    node = Node()
    directory = FakeDirectory()
    identities = deepcopy(IDENTITIES)
    for number in range(3):
        node.stream.publish(ConfigurationReloaded(agents=number, queues=2, trunks=1))
    content = b"what a customer has sent"
    vault = FakeVault(
        kept={
            hex_id(4_000): Attachment(
                attachment_id=hex_id(4_000),
                name="发票 1.png",
                media_type="image/png",
                bytes=len(content),
                content_hash="f" * 64,
                uploaded_at=AT,
            )
        },
        contents={"f" * 64: content},
    )
    return replace(
        node.ports(),
        care=FakeCare(),
        decisions=FakeDecisions(),
        eligibility=FakeEligibility(),
        intervals=FakeFigures(),
        customers=directory,
        outcomes=directory,
        identities=identities,
        identity_desk=identities,
        timelines=FakeTimelines(),
        exporter=FakeTimelines(),
        messages=FakeTimelines(),  # type: ignore[arg-type]
        learning=FakeLearning(),
        suggestions=FakeSuggestions(),
        webhooks=FakeHooks(),
        outreach=FakeDesk(),
        quarantine=FakeQuarantine(),
        tickets=deepcopy(TICKETS),
        conversations=conversations(),
        escalations=FakeEscalations(),
        attachments=vault,
    )


@schemathesis.serializer("application/jsonl", "text/csv")
def lines(context: Any, value: Any) -> bytes:
    """Return a body of lines as it travels; schemathesis has no way of its own for these."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


schema = schemathesis.openapi.from_asgi(
    "/api/v1/openapi.json", APP, headers=BEARER, config=SchemathesisConfig()
)
# The edges are some 3,300 requests, whatever `max_examples` says.
schema.config.phases.coverage.enabled = EXAMPLES > 25


@schema.parametrize()
@settings(
    max_examples=max(1, EXAMPLES // 10),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_promised(case: schemathesis.Case) -> None:
    for name, value in case.path_parameters.items():
        chance = zlib.crc32(str(value).encode())
        if chance % 2 and (known := KNOWN.get(name)):
            case.path_parameters[name] = known[chance // 2 % len(known)]
    APP.state.ports = ports = fresh()
    assert ports.conversations is not None
    APP.state.caller = CustomerCaller(FakeEscalations(), ports.conversations, ports.identities)
    case.call_and_validate(headers=BEARER, checks=CHECKS)
