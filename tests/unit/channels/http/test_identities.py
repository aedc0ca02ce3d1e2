"""Identities, timelines and exports over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from domain.customer import Customer, Identifier, IdentifierKind
from domain.errors import StoreError
from domain.identity_ports import Recognition
from domain.proof import Proof
from tests.unit.channels.http.customer_fakes import FakeDirectory
from tests.unit.channels.http.fakes import START, TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.identity_fakes import PICTURE, FakeIdentities, FakeTimelines
from tests.unit.channels.http.test_care import connected, problem

ANA, BERT = contact_id(700), contact_id(702)
C1 = "/api/v1/customers/C-1"
CONTACT = f"/api/v1/contacts/{contact_id(1)}"
MAIL = {"kind": "mail", "value": "ana@example.org"}


@pytest.fixture
def identities() -> FakeIdentities:
    return FakeIdentities()


@pytest.fixture
def timelines() -> FakeTimelines:
    return FakeTimelines()


@pytest.fixture
def directory() -> FakeDirectory:
    found = FakeDirectory()
    found.customers["C-1"] = Customer(customer_id=ANA, number="C-1042-77", name="Ana Müller")
    found.customers["C-2"] = Customer(customer_id=BERT, number="C-2", name="Bert Geheim")
    return found


@pytest.fixture
async def client(
    directory: FakeDirectory, identities: FakeIdentities, timelines: FakeTimelines
) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(
        Node().ports(),
        customers=directory,
        identities=identities,
        identity_desk=identities,
        timelines=timelines,
        exporter=timelines,
        messages=timelines,  # type: ignore[arg-type]
    )
    async with connected(build_app(http_settings(), ports, token=TOKEN)) as found:
        yield found


async def test_addresses_are_masked_unless_asked_for_in_full(client: httpx.AsyncClient) -> None:
    shown = (await client.get(f"{C1}/identifiers")).json()["identifiers"]
    assert shown == [{"kind": "phone", "value": "+49…56", "proof": "proved", "customer_id": ANA}]
    with capture_logs() as logs:
        full = await client.get(f"{C1}/identifiers", params={"identifiers": "full"})
    assert full.json()["identifiers"][0]["value"] == "+4930123456"
    assert any(line.get("customer_id") == ANA for line in logs)
    assert "123456" not in json.dumps(logs, default=str)


async def test_addresses_are_linked_and_unlinked(
    client: httpx.AsyncClient, identities: FakeIdentities
) -> None:
    answer = await client.post(f"{C1}/identifiers", json={**MAIL, "proof": "proved", "by": "bob"})
    assert answer.status_code == 204
    gone = await client.request("DELETE", f"/api/v1/customers/{ANA}/identifiers", json=MAIL)
    assert gone.status_code == 204
    mail = Identifier(IdentifierKind.MAIL, "ana@example.org")
    assert identities.calls == [
        ("link", ANA, mail, Proof.PROVED, "bob"),
        ("unlink", ANA, mail, "api"),
    ]


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({**MAIL, "proof": "suspected"}, "body.proof"),
        ({"kind": "fax", "value": "geheim"}, "body.kind"),
        ({"kind": "mail", "value": " geheim"}, "body.value"),
        ({"kind": "mail", "value": "geheim" * 50}, "body.value"),
        ({**MAIL, "by": ""}, "body.by"),
    ],
)
async def test_a_mistake_is_named_without_the_address(
    client: httpx.AsyncClient, told: dict[str, str], where: str
) -> None:
    found = problem(await client.post(f"{C1}/identifiers", json=told), 422, "unprocessable")
    assert [error["where"] for error in found["errors"]] == [where]
    assert "geheim" not in json.dumps(found)


async def test_customers_are_merged_and_unmerged(client: httpx.AsyncClient) -> None:
    told = {"member_id": "C-2", "reason": "same person", "by": "alice"}
    made = await client.post(f"{C1}/merges", json=told)
    assert made.status_code == 201
    merge = made.json()
    assert (merge["customer_id"], merge["member_id"], merge["undone_at"]) == (ANA, BERT, None)
    undo = f"/api/v1/merges/{merge['merge_id']}/undo"
    undone = (await client.post(undo, json={"reason": "no", "by": "bob"})).json()
    assert (undone["undone_by"], undone["undone_reason"]) == ("bob", "no")
    assert (await client.get(f"{C1}/merges")).json() == {"merges": [undone]}
    problem(await client.post(f"{C1}/merges", json={"member_id": ANA}), 409, "conflict")
    problem(await client.post(f"{C1}/merges", json={"member_id": "C-9"}), 404, "not-known")
    none = f"/api/v1/merges/{contact_id(9)}/undo"
    problem(await client.post(none, json={}), 404, "not-known")


async def test_who_could_be_meant_is_hinted_at_and_an_agent_says_who_it_is(
    client: httpx.AsyncClient, identities: FakeIdentities
) -> None:
    asked = (await client.get(f"{CONTACT}/candidates")).json()
    assert asked == {
        "contact_id": contact_id(1),
        "customer_id": None,
        "proof": "suspected",
        "candidates": [
            {"customer_id": ANA, "initials": "A. M.", "number": "C-1…77"},
            {"customer_id": BERT, "initials": "B. G.", "number": "…"},
        ],
    }
    told = {"customer_id": "C-2", "by": "alice", "proof": "proved"}
    answer = (await client.post(f"{CONTACT}/customer", json=told)).json()
    assert (answer["customer_id"], answer["proof"]) == (BERT, "proved")
    assert answer["candidates"] == []
    assert identities.calls == [("confirm", contact_id(1), BERT, "alice", Proof.PROVED)]
    nobody = (await client.get(f"/api/v1/contacts/{contact_id(2)}/candidates")).json()
    assert (nobody["customer_id"], nobody["candidates"]) == (None, [])
    none = f"/api/v1/contacts/{contact_id(3)}"
    problem(await client.get(f"{none}/candidates"), 404, "not-known")
    problem(await client.post(f"{none}/customer", json=told), 404, "not-known")


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.SUSPECTED])
async def test_a_suspected_match_opens_no_record(
    client: httpx.AsyncClient, directory: FakeDirectory, identities: FakeIdentities, proof: Proof
) -> None:
    # Even if whoever is behind the ports were to answer with the customer.
    directory.proof = proof
    identities.recognition = Recognition(customer_id=ANA, proof=proof, candidates=(ANA,))
    problem(await client.get(f"{CONTACT}/customer"), 404, "not-known")
    asked = (await client.get(f"{CONTACT}/candidates")).json()
    assert asked["customer_id"] is None
    assert "Müller" not in json.dumps(asked, ensure_ascii=False)
    assert "1042" not in json.dumps(asked)
    assert bool(asked["candidates"]) == (proof is Proof.SUSPECTED)


async def test_what_the_person_at_the_other_end_may_see(
    client: httpx.AsyncClient, directory: FakeDirectory
) -> None:
    shown = (await client.get(f"{CONTACT}/customer")).json()
    assert (shown["proof"], shown["customer_sees"]) == ("presented", [])
    directory.proof = Proof.PROVED
    shown = (await client.get(f"{CONTACT}/customer")).json()
    assert shown["customer_sees"] == ["conversations", "name", "tickets"]
    assert (await client.get(C1)).json()["proof"] is None


async def test_a_timeline_page_by_page(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{C1}/timeline", params={"limit": 3})
    page = first.json()
    assert [one["kind"] for one in page["entries"]] == ["identity", "ticket", "contact"]
    identity, ticket, call = page["entries"]
    assert (identity["note"], identity["contact"], identity["message"]) == ("merged", None, None)
    assert (ticket["ticket"]["number"], ticket["ticket"]["subject"]) == (1042, "Invoice")
    assert call["contact"]["agents"] == ["bob", "alice"]
    assert (call["contact"]["mood"], call["channel"]) == ("upset", "voice")
    assert page["next_before"] == "3"
    assert first.links["next"]["url"] == f"{C1}/timeline?limit=3&before=3"
    last = (await client.get(first.links["next"]["url"])).json()
    (written,) = last["entries"]
    assert written["message"]["text"] == "My invoice is wrong."
    (file,) = written["message"]["attachments"]
    assert file["url"] == f"/api/v1/attachments/{PICTURE.attachment_id}"
    assert (file["name"], file["opens"]) == ("截图.png", False)
    assert last["next_before"] is None
    by_id = await client.get(f"/api/v1/customers/{ANA}/timeline")
    assert len(by_id.json()["entries"]) == 4
    problem(await client.get("/api/v1/customers/C-9/timeline"), 404, "not-known")


async def test_an_export_is_lines_with_an_end(
    client: httpx.AsyncClient, timelines: FakeTimelines
) -> None:
    with capture_logs() as logs:
        answer = await client.get(f"{C1}/export")
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["kind"] for line in lines] == ["customer", "message", "end"]
    assert lines[1]["at"] == str(START)
    assert any(line.get("customer_id") == ANA for line in logs)
    timelines.error = StoreError("locked")
    problem(await client.get(f"{C1}/export"), 503, "unavailable")


async def test_words_are_searched(client: httpx.AsyncClient, timelines: FakeTimelines) -> None:
    found = (await client.get("/api/v1/search", params={"words": "发票 invoice"})).json()
    assert found["messages"][0]["excerpt"] == "…invoice…"
    assert found["next_before"] is None
    params: dict[str, str | int] = {
        "words": "x",
        "customer": "C-1",
        "limit": 1,
        "before": contact_id(5),
    }
    more = (await client.get("/api/v1/search", params=params)).json()
    assert more["next_before"] == contact_id(301)
    assert timelines.searched == [
        ("发票 invoice", (), 50, None),
        ("x", (ANA,), 1, contact_id(5)),
    ]
    problem(await client.get("/api/v1/search"), 422, "unprocessable")


async def test_a_node_that_knows_no_customers_says_so() -> None:
    ports = replace(Node().ports(), customers=FakeDirectory())
    async with connected(build_app(http_settings(), ports, token=TOKEN)) as client:
        for path in ("identifiers", "merges", "timeline", "export"):
            problem(await client.get(f"{C1}/{path}"), 503, "unavailable")
        problem(await client.get(f"{CONTACT}/candidates"), 503, "unavailable")
        problem(await client.get("/api/v1/search", params={"words": "x"}), 503, "unavailable")
