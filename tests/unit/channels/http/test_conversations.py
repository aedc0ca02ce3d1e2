from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from domain.contact import Channel
from domain.conversation import ConversationState
from domain.errors import NotKnown
from domain.skill import SkillRequirement
from domain.timeline import EntryKind, TimelineEntry, TimelinePage
from tests.unit.channels.conversation_fakes import AT, FakeConversations, conversation, hex_id
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings

ONE = f"/api/v1/conversations/{hex_id(1)}"
MAIL = f"/api/v1/conversations/{hex_id(2)}"


class FakeTimelines:
    async def timeline(
        self, customer_id: str, *, limit: int = 50, before: str | None = None
    ) -> TimelinePage:
        if customer_id != hex_id(901):
            raise NotKnown("customer", customer_id)
        entries = tuple(
            TimelineEntry(
                entry_id=hex_id(number),
                at=AT,
                kind=EntryKind.MESSAGE,
                channel=Channel.CHAT,
                conversation_id=None if number == 9 else hex_id(1 + number % 2),
            )
            for number in (9, 8, 7, 6)
        )
        return TimelinePage(entries=entries, before="next")


@pytest.fixture
def fake() -> FakeConversations:
    fake = FakeConversations()
    fake.add(conversation(1), conversation(2, channel=Channel.MAIL, source="mail"))
    fake.customer_says(hex_id(1), "Where is my order?")
    return fake


@pytest.fixture
async def client(fake: FakeConversations) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), conversations=fake, timelines=FakeTimelines())
    app = build_app(http_settings(), ports, token=TOKEN)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://node", headers=BEARER
    ) as found:
        yield found


async def test_how_a_conversation_stands(client: httpx.AsyncClient) -> None:
    told = (await client.get(ONE)).json()
    assert (told["state"], told["agent_id"], told["last_sequence"]) == ("served", "alice", 1)
    assert (told["address_kind"], told["address"]) == ("app", "use…01")
    with capture_logs() as logs:
        told = (await client.get(ONE, params={"caller": "full"})).json()
    assert told["address"] == "user-000001"
    assert any(line["event"].startswith("customer address shown") for line in logs)
    assert "user-000001" not in str(logs)
    answer = await client.get(f"/api/v1/conversations/{hex_id(9)}")
    assert (answer.status_code, answer.json()["type"][-9:]) == (404, "not-known")


async def test_messages_page_by_page(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    for number in range(2, 6):
        fake.customer_says(hex_id(1), f"line {number}", internal=number == 4)
    page = (await client.get(f"{ONE}/messages", params={"limit": 2, "after": 1})).json()
    assert [one["sequence"] for one in page["messages"]] == [2, 3]
    assert page["next_after"] == 3
    page = (await client.get(f"{ONE}/messages", params={"limit": 2, "after": 3})).json()
    assert ([one["sequence"] for one in page["messages"]], page["next_after"]) == ([5], None)
    page = (await client.get(f"{ONE}/messages", params={"notes": True})).json()
    assert [one["sequence"] for one in page["messages"]] == [1, 2, 3, 4, 5]


async def test_something_is_said_once(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    wish = {"agent_id": "alice", "client_id": "a-1", "text": "Hello,\r\nAna."}
    first, again = [await client.post(f"{ONE}/messages", json=wish) for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert (first.json()["text"], first.json()["author"]) == ("Hello,\nAna.", "agent")
    assert len(fake.said[hex_id(1)]) == 2
    system = await client.post(f"{ONE}/messages", json={"client_id": "s-1", "text": "We are on it"})
    assert (system.json()["author"], system.json()["agent_id"]) == ("system", None)


async def test_who_does_not_have_it_may_only_note(client: httpx.AsyncClient) -> None:
    wish = {"agent_id": "bob", "client_id": "b-1", "text": "psst"}
    answer = await client.post(f"{ONE}/messages", json=wish)
    assert (answer.status_code, answer.json()["type"][-8:]) == (409, "conflict")
    assert "'bob' does not have" in answer.json()["detail"]
    noted = await client.post(f"{ONE}/notes", json=wish)
    assert (noted.status_code, noted.json()["internal"]) == (201, True)


@pytest.mark.parametrize(
    ("act", "wish"),
    [
        ("messages", {"client_id": "x", "text": " "}),
        ("messages", {"client_id": "", "text": "x"}),
        ("messages", {"client_id": "x", "text": "x", "html": "<b>"}),
        ("notes", {"client_id": "x", "text": "nobody's"}),
        ("mark", {"sequence": 0}),
        ("mark", {"sequence": 1, "by": "system"}),
        ("mark", {"sequence": 1, "delivery": "failed"}),
        ("park", {"agent_id": "alice", "until": "2027-03-01T12:00:00"}),
        ("transfer", {"agent_id": "alice"}),
        ("transfer", {"agent_id": "alice", "to_agent": "bob", "skill": "billing"}),
        ("close", {"disposition": "node_died"}),
    ],
)
async def test_a_wish_that_makes_no_sense(
    client: httpx.AsyncClient, act: str, wish: dict[str, object]
) -> None:
    answer = await client.post(f"{ONE}/{act}", json=wish)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_marks(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    assert (await client.post(f"{ONE}/mark", json={"sequence": 1})).json()["agent_read"] == 1
    wish = {"sequence": 1, "by": "customer", "delivery": "delivered"}
    assert (await client.post(f"{ONE}/mark", json=wish)).json()["customer_got"] == 1
    assert (await client.post(f"{ONE}/mark", json={"sequence": 7})).status_code == 404


async def test_laid_aside_and_taken_up(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    wish = {"agent_id": "alice", "until": "2027-03-01T12:00:00+02:00"}
    answer = await client.post(f"{ONE}/park", json=wish)
    assert answer.status_code == 409, "a chat whose customer is present"
    told = (await client.post(f"{MAIL}/park", json=wish)).json()
    assert (told["state"], told["parked_until"]) == ("parked", "2027-03-01T10:00:00Z")
    assert fake.kept[hex_id(2)].parked_until == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert (await client.post(f"{MAIL}/resume")).json()["state"] == "waiting"
    assert (await client.post(f"{MAIL}/resume")).status_code == 409


async def test_handed_on(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    wish = {"agent_id": "alice", "skill": "billing", "proficiency_min": 3}
    told = (await client.post(f"{ONE}/transfer", json=wish)).json()
    assert told["state"] == "waiting"
    need = SkillRequirement(skill="billing", proficiency_min=3)
    assert fake.transfers == [(hex_id(1), None, None, need)]
    for to, status in (
        ({"to_agent": "nobody"}, 404),
        ({"skill": "x", "proficiency_min": 5}, 409),
        ({"to_queue": "billing"}, 200),
    ):
        answer = await client.post(f"{MAIL}/transfer", json={"agent_id": "alice", **to})
        assert answer.status_code == status


async def test_ended(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    told = (await client.post(f"{ONE}/close", json={"agent_id": "alice"})).json()
    assert (told["state"], told["contact_id"]) == ("idle", None)
    assert (await client.post(f"{ONE}/close", json={})).status_code == 409
    answer = await client.post(f"{MAIL}/close", json={"agent_id": "bob"})
    assert answer.status_code == 409


async def test_what_an_agent_has(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    fake.kept[hex_id(2)] = replace(fake.kept[hex_id(2)], state=ConversationState.IDLE)
    told = (await client.get("/api/v1/agents/alice/conversations")).json()["conversations"]
    assert [one["conversation_id"] for one in told] == [hex_id(1)]
    assert (await client.get("/api/v1/agents/carol/conversations")).status_code == 404


async def test_offers(client: httpx.AsyncClient, fake: FakeConversations) -> None:
    one, two = fake.offer(11), fake.offer(12)
    path = "/api/v1/agents/alice/offers"
    told = (await client.post(f"{path}/{one.offer_id}/accept")).json()
    assert (told["state"], told["agent_id"]) == ("served", "alice")
    assert (await client.post(f"{path}/{one.offer_id}/accept")).status_code == 409
    assert (await client.post(f"{path}/{two.offer_id}/decline")).status_code == 204
    assert fake.declined == [two.offer_id]
    answer = await client.post(f"/api/v1/agents/carol/offers/{two.offer_id}/accept")
    assert answer.status_code == 404


async def test_a_customers_conversations(client: httpx.AsyncClient) -> None:
    page = (await client.get(f"/api/v1/customers/{hex_id(901)}/conversations")).json()
    assert [one["conversation_id"] for one in page["conversations"]] == [hex_id(1), hex_id(2)]
    assert page["next_before"] == "next"
    answer = await client.get(f"/api/v1/customers/{hex_id(7)}/conversations")
    assert answer.status_code == 404


async def test_a_node_without_conversations_says_so() -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://n", headers=BEARER) as plain:
        for path in (
            ONE,
            f"{ONE}/messages",
            "/api/v1/agents/alice/conversations",
            f"/api/v1/attachments/{hex_id(1)}",
            f"/api/v1/customers/{hex_id(1)}/conversations",
        ):
            assert (await plain.get(path)).status_code == 503
