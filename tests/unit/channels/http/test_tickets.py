"""Tickets over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from channels.http.app import build_app
from domain.errors import StoreError
from domain.ticket import TicketReason
from domain.ticket_ports import TicketDesk
from tests.unit.channels.http.customer_fakes import FakeDirectory
from tests.unit.channels.http.fakes import TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.test_care import connected, problem
from tests.unit.channels.http.ticket_fakes import FakeTickets

TICKETS = "/api/v1/tickets"
TOLD = {"queue_id": "support", "subject": "Router  broken", "by": "alice"}


@pytest.fixture
def desk() -> FakeTickets:
    return FakeTickets()


@pytest.fixture
async def client(desk: FakeTickets) -> AsyncIterator[httpx.AsyncClient]:
    port: TicketDesk = desk
    ports = replace(Node().ports(), tickets=port, customers=FakeDirectory())
    async with connected(build_app(http_settings(), ports, token=TOKEN)) as found:
        yield found


async def opened(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post(TICKETS, json={**TOLD, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_opened_and_shown(client: httpx.AsyncClient) -> None:
    links = [{"kind": "contact", "target_id": contact_id(1)}]
    told = await opened(client, links=links, priority=3, topic="line-drops", language="zh")
    assert (told["number"], told["state"], told["reason"]) == (1, "new", "by_hand")
    assert (told["subject"], told["links"]) == ("Router broken", links)
    assert told["due_at"] == "2027-03-01T09:30:00Z"
    for name in ("1", told["ticket_id"]):
        assert (await client.get(f"{TICKETS}/{name}")).json() == told
    (found,) = (await client.get(f"/api/v1/contacts/{contact_id(1)}/tickets")).json()["tickets"]
    assert found == told


async def test_one_key_is_one_ticket_and_no_rules(
    client: httpx.AsyncClient, desk: FakeTickets
) -> None:
    first = await opened(client, key="crm-1")
    assert await opened(client, key="crm-1") == first
    assert list(desk.keys) == ["api/crm-1"]


async def test_pages_and_filters(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await opened(client, customer_id=contact_id(700 if number else 9))
    answer = await client.get(TICKETS, params={"limit": 2, "queue_id": "support"})
    page = answer.json()
    assert [one["number"] for one in page["tickets"]] == [3, 2]
    assert page["next_before"] == page["tickets"][-1]["ticket_id"]
    assert f"before={page['next_before']}" in answer.headers["Link"]
    rest = await client.get(answer.headers["Link"].partition(">")[0].removeprefix("<"))
    assert [one["number"] for one in rest.json()["tickets"]] == [1]
    assert rest.json()["next_before"] is None
    theirs = (await client.get("/api/v1/customers/C-1/tickets")).json()["tickets"]
    assert [one["number"] for one in theirs] == [3, 2]
    theirs = (await client.get(f"/api/v1/customers/{contact_id(9)}/tickets")).json()["tickets"]
    assert [one["number"] for one in theirs] == [1]
    problem(await client.get("/api/v1/customers/C-7/tickets"), 404, "not-known")
    await client.post(f"{TICKETS}/1/steps", json={"trigger": "take"})
    query = {"state": ["open", "pending"]}
    found = (await client.get(TICKETS, params=query)).json()["tickets"]
    assert [one["number"] for one in found] == [1]


async def test_changed(client: httpx.AsyncClient) -> None:
    await opened(client)
    answer = await client.patch(f"{TICKETS}/1", json={"owner_id": "alice", "priority": 3})
    assert (answer.json()["owner_id"], answer.json()["priority"]) == ("alice", 3)
    answer = await client.patch(f"{TICKETS}/1", json={"priority": 2, "by": "alice"})
    assert answer.json()["owner_id"] == "alice"
    answer = await client.patch(f"{TICKETS}/1", json={"owner_id": None})
    assert answer.json()["owner_id"] is None
    trail = (await client.get(f"{TICKETS}/1/trail")).json()["entries"]
    assert [(one["change"], one["by"], one["text"]) for one in trail] == [
        ("opened", "alice", "by_hand"),
        ("owner", "api", "- → alice"),
        ("priority", "api", "2 → 3"),
        ("priority", "alice", "3 → 2"),
        ("owner", "api", "alice → -"),
    ]


async def test_moved_on_noted_and_linked(client: httpx.AsyncClient) -> None:
    await opened(client)
    answer = await client.post(f"{TICKETS}/1/steps", json={"trigger": "ask_customer"})
    assert (answer.json()["state"], answer.json()["left_s"]) == ("pending", 3600)
    problem(await client.post(f"{TICKETS}/1/steps", json={"trigger": "reopen"}), 409, "conflict")
    note = await client.post(f"{TICKETS}/1/notes", json={"text": "called", "by": "alice"})
    assert (note.status_code, note.content) == (204, b"")
    link = {"kind": "message", "target_id": contact_id(3)}
    answer = await client.post(f"{TICKETS}/1/links", json={**link, "by": "alice"})
    assert answer.json()["links"] == [link]


async def test_merged(client: httpx.AsyncClient) -> None:
    await opened(client)
    await opened(client)
    answer = await client.post(f"{TICKETS}/1/merge", json={"into": "2", "by": "alice"})
    assert answer.json()["number"] == 2
    assert (await client.get(f"{TICKETS}/1")).json()["merged_into"] == answer.json()["ticket_id"]
    problem(await client.post(f"{TICKETS}/1/merge", json={"into": "2"}), 409, "conflict")
    problem(await client.post(f"{TICKETS}/2/merge", json={"into": "2"}), 409, "conflict")


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        ({"queue_id": "gone"}, 404, "not-known"),
        ({"owner_id": "bob"}, 404, "not-known"),
        ({"priority": 5}, 422, "unprocessable"),
        ({"subject": ""}, 422, "unprocessable"),
        ({"subject": "x" * 201}, 422, "unprocessable"),
        ({"reason": TicketReason.ANGRY}, 422, "unprocessable"),
        ({"by": "A b"}, 422, "unprocessable"),
        ({"links": [{"kind": "fax", "target_id": "1"}]}, 422, "unprocessable"),
    ],
)
async def test_what_cannot_be_opened(
    client: httpx.AsyncClient, more: dict[str, Any], status: int, kind: str
) -> None:
    problem(await client.post(TICKETS, json={**TOLD, **more}), status, kind)


@pytest.mark.parametrize("name", ["0", "x", "1234567890", "-1"])
async def test_a_name_that_no_ticket_can_have(client: httpx.AsyncClient, name: str) -> None:
    problem(await client.get(f"{TICKETS}/{name}"), 422, "unprocessable")


async def test_a_store_that_does_not_answer(client: httpx.AsyncClient, desk: FakeTickets) -> None:
    desk.error = StoreError("full")
    problem(await client.post(TICKETS, json=TOLD), 503, "unavailable")


async def test_nobody_looks_after_tickets() -> None:
    async with connected(build_app(http_settings(), Node().ports(), token=TOKEN)) as client:
        problem(await client.get(TICKETS), 503, "unavailable")


async def test_a_body_that_is_no_text_is_a_problem_that_the_document_names(
    client: httpx.AsyncClient,
) -> None:
    await opened(client)
    headers = {"Content-Type": "application/json"}
    answer = await client.patch(f"{TICKETS}/1", content=b"\xff", headers=headers)
    problem(answer, 400, "bad-request")
    document = (await client.get("/api/v1/openapi.json")).json()
    assert "400" in document["paths"]["/api/v1/tickets/{ticket}"]["patch"]["responses"]
