"""Customers over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from channels.http.safety import WIDE_MAX, BodyLimit
from domain.customer import Customer, Identifier, IdentifierKind
from domain.customer_ports import ContactOutcome
from domain.errors import StoreError
from tests.unit.channels.http.customer_fakes import FakeDirectory
from tests.unit.channels.http.fakes import TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.test_care import connected, problem

ONE = "/api/v1/customers/C-1"
IMPORT = "/api/v1/customers/import"
JSONL = {"Content-Type": "application/jsonl"}


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory()


@pytest.fixture
async def client(directory: FakeDirectory) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), customers=directory, outcomes=directory)
    settings = http_settings(import_bytes_max=200_000, request_bytes_max=1_000)
    async with connected(build_app(settings, ports, token=TOKEN)) as found:
        yield found


async def test_a_customer_is_entered_and_shown(client: httpx.AsyncClient) -> None:
    told = {
        "name": "Ana Müller",
        "phones": ["+49 30 123456"],
        "value": 4,
        "purchases": [{"date": "2026-03-01", "product": "router", "amount": 49.9}],
        "preferences": {"callback": "mornings"},
    }
    answer = await client.put("/api/v1/customers/C-9", json=told)
    assert answer.status_code == 200
    assert (await client.get("/api/v1/customers/C-9")).json() == answer.json()
    shown = answer.json()
    assert shown["name"] == "Ana Müller"
    assert shown["identifiers"] == [{"kind": "phone", "value": "+49…56"}]
    assert shown["purchases"] == [{"date": "2026-03-01", "product": "router", "amount": 49.9}]
    assert shown["profile"] == {
        "topic": "refund",
        "repeat": True,
        "days_since": 2.0,
        "frustration": pytest.approx(0.246),
        "familiar": [{"agent_id": "alice", "strength": pytest.approx(0.098)}],
        "preferred_agent": None,
        "segment": "4/-",
    }
    assert shown["recent"][0]["resolved"] is False


async def test_what_is_left_out_stays_and_null_sets_back(
    client: httpx.AsyncClient, directory: FakeDirectory
) -> None:
    await client.put(ONE, json={"name": "Ana", "value": 4, "region": "north"})
    await client.put(ONE, json={"value": None, "region": None})
    customer = directory.customers["C-1"]
    assert (customer.name, customer.value, customer.region) == ("Ana", 1, None)


async def test_addresses_in_full_are_logged_without_them(
    client: httpx.AsyncClient, directory: FakeDirectory
) -> None:
    phone = Identifier(IdentifierKind.PHONE, "+4930123456")
    directory.customers["C-1"] = Customer(
        customer_id=contact_id(7), number="C-1", identifiers=(phone,)
    )
    for path in (ONE, f"/api/v1/contacts/{contact_id(1)}/customer"):
        masked = await client.get(path)
        assert masked.json()["identifiers"][0]["value"] == "+49…56"
        with capture_logs() as logs:
            full = await client.get(path, params={"identifiers": "full"})
        assert full.json()["identifiers"][0]["value"] == "+4930123456"
        assert any(line.get("customer_id") == contact_id(7) for line in logs)
        assert "123456" not in json.dumps(logs, default=str)


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"value": 6}, "body.value"),
        ({"phones": ["geheim"]}, "body.phones"),
        ({"language": "geheim"}, "body.language"),
        ({"vlaue": 3}, "body.vlaue"),
        ({"purchases": [{"date": "2026-13-01", "product": "x"}]}, "body.purchases.0.date"),
        ({"name": "x" * 201}, "body.name"),
    ],
)
async def test_a_mistake_is_named_and_its_value_is_not(
    client: httpx.AsyncClient, told: dict[str, Any], where: str
) -> None:
    found = problem(await client.put(ONE, json=told), 422, "unprocessable")
    assert [error["where"] for error in found["errors"]] == [where]
    assert "geheim" not in json.dumps(found)


async def test_a_customer_is_forgotten_once(client: httpx.AsyncClient) -> None:
    assert (await client.delete(ONE)).status_code == 204
    problem(await client.delete(ONE), 404, "not-known")
    problem(await client.get(ONE), 404, "not-known")


async def test_whose_contact_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/api/v1/contacts/{contact_id(1)}/customer")
    assert answer.json()["number"] == "C-1"
    other = await client.get(f"/api/v1/contacts/{contact_id(2)}/customer")
    problem(other, 404, "not-known")


async def test_an_outcome_is_reported(client: httpx.AsyncClient, directory: FakeDirectory) -> None:
    path = f"/api/v1/contacts/{contact_id(1)}/outcome"
    told = {"resolved": True, "satisfied": 0.5, "topic": "refund"}
    assert (await client.post(path, json=told)).status_code == 204
    assert directory.outcomes == [
        ContactOutcome(contact_id=contact_id(1), resolved=True, satisfied=0.5, topic="refund")
    ]
    other = f"/api/v1/contacts/{contact_id(2)}/outcome"
    problem(await client.post(other, json=told), 404, "not-known")
    # A topic travels in an event, so it must not be a sentence about somebody.
    wrong = {"topic": "Ana Müller wants her money back"}
    problem(await client.post(path, json=wrong), 422, "unprocessable")
    problem(await client.post(path, json={"satisfied": 2}), 422, "unprocessable")


async def test_a_table_is_imported_some_rows_at_a_time(
    client: httpx.AsyncClient, directory: FakeDirectory
) -> None:
    rows = "".join(f"C-{number},3\n" for number in range(120))
    answer = await client.post(IMPORT, content=f"\ufeffnumber,value\n{rows}".encode())
    assert answer.json() == {"rows": 120, "created": 119, "changed": 1}
    assert directory.writes == [50, 50, 20]


async def test_json_lines_are_imported(client: httpx.AsyncClient, directory: FakeDirectory) -> None:
    body = '{"number":"C-1","value":5}\n{"number":"C-2"}\n'
    answer = await client.post(IMPORT, content=body.encode(), headers=JSONL)
    assert answer.json() == {"rows": 2, "created": 1, "changed": 1}
    assert directory.customers["C-1"].value == 5


async def test_a_check_writes_nothing(client: httpx.AsyncClient, directory: FakeDirectory) -> None:
    answer = await client.post(IMPORT, content=b"number\nC-2\n", params={"check": "true"})
    assert answer.json() == {"rows": 1, "created": 0, "changed": 0}
    assert directory.writes == []


async def test_with_one_mistake_nothing_is_written(
    client: httpx.AsyncClient, directory: FakeDirectory
) -> None:
    body = "number,value,name\n" + "C-2,3,x\n" * 200 + "C-3,geheim,x\n"
    found = problem(await client.post(IMPORT, content=body.encode()), 422, "unprocessable")
    assert found["errors"][0]["where"] == "line 202, column value"
    assert "geheim" not in json.dumps(found)
    assert directory.writes == []


async def test_mistakes_are_named_up_to_a_hundred(client: httpx.AsyncClient) -> None:
    body = "number,value\n" + "C-2,9\n" * 1_000
    found = problem(await client.post(IMPORT, content=body.encode()), 422, "unprocessable")
    assert len(found["errors"]) == 100


async def test_an_import_may_be_larger_than_other_bodies_but_not_without_limit(
    client: httpx.AsyncClient,
) -> None:
    body = b"number\n" + b"C-1\n" * 1_000
    assert (await client.post(IMPORT, content=body)).status_code == 200
    found = problem(await client.post(IMPORT, content=b"x" * 200_001), 413, "too-large")
    assert "http.import_bytes_max" in found["detail"]
    found = problem(await client.put(ONE, content=b"x" * 1_001), 413, "too-large")
    assert "http.request_bytes_max" in found["detail"]


async def test_no_more_than_some_imports_at_once() -> None:
    from channels.http.figures import HttpFigures

    asked: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Ask again while this request is served, as another client would."""
        await receive()
        if len(asked) < WIDE_MAX + 1:
            await ask()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    limit = BodyLimit(
        app,
        bytes_max=10,
        seconds_max=5.0,
        figures=HttpFigures(),
        wide_path="/wide",
        wide_bytes_max=100,
    )

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"x" * 50, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                asked.append(message["status"])

        asked.append(0)
        await limit({"type": "http", "path": "/wide", "headers": []}, receive, send)

    await ask()
    assert asked.count(503) == 1
    assert asked.count(200) == WIDE_MAX


async def test_a_store_that_fails_is_said_so(
    client: httpx.AsyncClient, directory: FakeDirectory
) -> None:
    directory.error = StoreError("disk full")
    problem(await client.put(ONE, json={"value": 3}), 503, "unavailable")


async def test_a_node_that_knows_nobody() -> None:
    async with connected(build_app(http_settings(), Node().ports(), token=TOKEN)) as client:
        problem(await client.get(ONE), 503, "unavailable")
        path = f"/api/v1/contacts/{contact_id(1)}/outcome"
        problem(await client.post(path, json={}), 503, "unavailable")
