from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from domain.customer import Identifier, IdentifierKind
from domain.identity_ports import KnownIdentifier, Recognition
from domain.proof import Proof
from tests.unit.channels.conversation_fakes import FakeConversations, conversation, hex_id
from tests.unit.channels.escalation_fakes import MAILED, FakeEscalations
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.identity_fakes import FakeIdentities

CALL = f"/api/v1/conversations/{hex_id(1)}/call"
MAIL = f"/api/v1/contacts/{contact_id(1)}/mail"
LETTER = {"client_id": "m-1", "subject": "Your call", "text": "As agreed"}
ANNA = Identifier(IdentifierKind.PHONE, "+4930123456")
BERT = Identifier(IdentifierKind.PHONE, "+4930999999")
POST = Identifier(IdentifierKind.MAIL, "ana@example.org")


@dataclass
class Known(FakeIdentities):
    has: list[tuple[Identifier, Proof]] = field(default_factory=list)

    async def identifiers(self, customer_id: str) -> Sequence[KnownIdentifier]:
        return [
            KnownIdentifier(identifier=one, proof=proof, customer_id=customer_id)
            for one, proof in self.has
        ]

    async def candidates(self, contact_id: str) -> Recognition:
        return Recognition(customer_id=hex_id(901), proof=Proof.PROVED)


@dataclass
class Setup:
    client: httpx.AsyncClient
    escalations: FakeEscalations
    known: Known

    async def ask(self, path: str, **wish: Any) -> tuple[int, dict[str, Any]]:
        answer = await self.client.post(path, json=wish)
        return answer.status_code, answer.json()


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    written, escalations, known = FakeConversations(), FakeEscalations(), Known()
    written.add(conversation(1))
    ports = replace(
        Node().ports(),
        conversations=written,
        escalations=escalations,
        identities=known,
        identity_desk=known,
    )
    app = build_app(http_settings(), ports, token=TOKEN)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://node", headers=BEARER
    ) as client:
        yield Setup(client, escalations, known)


async def test_the_customer_is_called_at_the_number_given(setup: Setup) -> None:
    with capture_logs() as logs:
        told = await setup.ask(CALL, agent_id="alice", number="+49 30 1234-56")
    assert told == (202, {"contact_id": hex_id(77)})
    assert setup.escalations.called == [(hex_id(1), "alice", "+49 30 1234-56")]
    assert "1234-56" not in str(logs)


@pytest.mark.parametrize(
    ("has", "called"),
    [
        ([(ANNA, Proof.PROVED), (BERT, Proof.PRESENTED), (POST, Proof.PROVED)], "+4930123456"),
        ([(ANNA, Proof.PROVED), (ANNA, Proof.PROVED)], "+4930123456"),
        ([(ANNA, Proof.PROVED), (BERT, Proof.PROVED)], "several_numbers"),
        ([(ANNA, Proof.PRESENTED)], "no_number"),
        ([], "no_number"),
    ],
)
async def test_without_a_number_only_the_one_proved_one_is_called(
    setup: Setup, has: list[tuple[Identifier, Proof]], called: str
) -> None:
    setup.known.has = has
    status, told = await setup.ask(CALL, agent_id="alice")
    if status == 202:
        assert setup.escalations.called == [(hex_id(1), "alice", called)]
    else:
        assert (status, told["detail"].endswith(called)) == (422, True)
        assert setup.escalations.called == []


async def test_why_no_call_is_made(setup: Setup) -> None:
    assert (await setup.ask(CALL, agent_id="bob", number="+49301"))[0] == 409
    status, told = await setup.ask(CALL, agent_id="alice", number="110")
    assert (status, told["detail"].endswith(": number")) == (422, True)
    setup.escalations.refusal = "waiting_already"
    status, told = await setup.ask(CALL, agent_id="alice", number="+49301")
    assert (status, told["detail"].endswith(": waiting_already")) == (409, True)
    assert (await setup.ask(CALL, agent_id="alice", number="sip:x@y"))[0] == 422
    unknown = f"/api/v1/conversations/{hex_id(9)}/call"
    assert (await setup.ask(unknown, agent_id="alice"))[0] == 404


async def test_a_mail_follows_a_call(setup: Setup) -> None:
    status, told = await setup.ask(MAIL, **LETTER, address="ana@example.org", agent_id="alice")
    assert (status, told["conversation_id"]) == (200, hex_id(MAILED))
    ((which, address, draft, queue_id, language),) = setup.escalations.mailed
    assert (which, address, queue_id, language) == (contact_id(1), POST, "support", "")
    assert (draft.agent_id, draft.subject, draft.internal) == ("alice", "Your call", False)


async def test_without_an_address_only_the_one_proved_one_is_written_to(setup: Setup) -> None:
    status, told = await setup.ask(MAIL, **LETTER)
    assert (status, "no mail address is proved" in told["detail"]) == (422, True)
    setup.known.has = [(POST, Proof.PROVED), (ANNA, Proof.PROVED)]
    assert (await setup.ask(MAIL, **LETTER))[0] == 200
    assert setup.escalations.mailed[0][1] == POST


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"queue_id": "nowhere"}, 404),
        ({"agent_id": "nobody"}, 404),
        ({"address": "a@b, c@d"}, 422),
        ({"address": "a\r\nBcc: b@c.example"}, 422),
        ({"subject": "x\nBcc: y"}, 422),
        ({"text": " "}, 422),
    ],
)
async def test_a_mail_that_is_not_written(setup: Setup, wish: dict[str, str], status: int) -> None:
    told = await setup.ask(MAIL, **{**LETTER, "address": "ana@example.org", **wish})
    assert told[0] == status
    assert setup.escalations.mailed == []


async def test_a_mail_after_no_call(setup: Setup) -> None:
    unknown = f"/api/v1/contacts/{contact_id(4_000)}/mail"
    assert (await setup.ask(unknown, **LETTER, address="ana@example.org"))[0] == 404


async def test_a_node_without_conversations_says_so() -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://node", headers=BEARER
    ) as client:
        for path, wish in ((CALL, {"agent_id": "alice"}), (MAIL, LETTER)):
            assert (await client.post(path, json=wish)).status_code == 503
