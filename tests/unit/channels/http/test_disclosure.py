"""A suspected match shows nothing of anybody, whatever is asked about the contact.

The store, the recognition and the API are the real ones; only the timeline's writer is watched.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from customers.identity import Identity
from customers.recognition import Recogniser
from domain.contact import Disposition
from domain.customer_lessons import ContactEnded
from domain.event_codec import encode
from domain.events import Envelope, Event
from domain.proof import Proof
from store.opening import Store, open_store
from tests.customer_support import ANNA, told
from tests.store_support import HandClock, arrived, contact_id
from tests.unit.channels.http.care_fakes import FakeCare
from tests.unit.channels.http.fakes import TOKEN, Node, http_settings
from tests.unit.channels.http.test_care import connected

SECRETS = ("Müller", "Geheim", "Hauptstra", "Hinterhof", "ana@", "bert@", "4711", "0815", "123456")
NEW = contact_id(9)
EARLIER = contact_id(1)


@dataclass
class Watched:
    """Where events and timeline entries go."""

    written: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def note_contact(self, *what: Any) -> None:
        self.written.append(what)

    async def assign(self, *what: Any) -> None:
        self.written.append(what)

    def publish(self, event: Event) -> int:
        self.events.append(event)
        return len(self.events)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    """Two customers share a telephone; one of them has called before; a new call comes from it."""
    async with open_store(tmp_path, clock, history_days=365) as opened:
        await opened.directory.put(
            [
                told("N-4711", name="Ana Müller", address="Hauptstraße 1", mails=["ana@b.example"]),
                told("N-0815", name="Bert Geheim", address="Hinterhof", mails=["bert@b.example"]),
            ]
        )
        await opened.directory.put([told("N-4711", phones=[ANNA])])
        await opened.contacts.open(arrived(1, caller=ANNA))
        ended = ContactEnded(
            contact_id=EARLIER,
            at=clock.utc(),
            queue_id="sales",
            disposition=Disposition.AGENT_ENDED,
            agent_id="anna",
        )
        assert await opened.directory.memory.take([ended]) == 1
        await opened.directory.put([told("N-0815", phones=[ANNA])])
        await opened.contacts.open(arrived(9, caller=ANNA))
        yield opened


@pytest.fixture
def recogniser(store: Store, watched: Watched) -> Recogniser:
    identity = Identity(store.directory.identities, watched)
    return Recogniser(identity, store.directory.origins, watched, watched)


@pytest.fixture
async def client(
    store: Store, recogniser: Recogniser, watched: Watched
) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(
        Node().ports(),
        contacts=store.contacts,
        customers=store.directory,
        identities=Identity(store.directory.identities, watched),
        identity_desk=recogniser,
        decisions=store.decisions,
        care=FakeCare(),
    )
    async with connected(build_app(http_settings(), ports, token=TOKEN)) as found:
        yield found


def paths(client: httpx.AsyncClient) -> list[str]:
    """Return every path that is read by the contact alone."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    document = transport.app.openapi()  # type: ignore[attr-defined]
    return sorted(
        path.replace("{contact_id}", NEW)
        for path, item in document["paths"].items()
        if "{contact_id}" in path and "get" in item
    )


async def test_no_route_of_a_suspected_contact_shows_anybody(
    client: httpx.AsyncClient, recogniser: Recogniser, watched: Watched
) -> None:
    found = await recogniser.arrived(NEW)
    assert found is not None
    assert (found.customer_id, found.proof, len(found.candidates)) == (None, Proof.SUSPECTED, 2)
    assert watched.written == []
    walked = paths(client)
    assert f"/api/v1/contacts/{NEW}/customer" in walked
    assert f"/api/v1/contacts/{NEW}/candidates" in walked
    for path in [*walked, "/api/v1/contacts"]:
        with capture_logs() as logs:
            answer = await client.get(path)
        text = json.dumps([answer.text, logs], ensure_ascii=False, default=str)
        for secret in SECRETS:
            assert secret not in text, path
        if "/contacts" in path and not path.endswith("/contacts"):
            # Nothing of earlier contacts of either.
            assert EARLIER not in answer.text, path
    asked = (await client.get(f"/api/v1/contacts/{NEW}/candidates")).json()
    assert sorted(one["initials"] for one in asked["candidates"]) == ["A. M.", "B. G."]
    assert (await client.get(f"/api/v1/contacts/{NEW}/customer")).status_code == 404
    for event in watched.events:
        text = encode(Envelope(sequence=1, at=HandClock().utc(), event=event))
        assert not any(secret in text for secret in SECRETS)


async def test_the_router_is_told_of_nobody_who_is_only_suspected(store: Store) -> None:
    arrival = await store.directory.memory.arrival(NEW, open_identifier=False)
    assert arrival is not None
    assert (arrival.customer, arrival.summary, arrival.proof) == (None, None, Proof.SUSPECTED)


async def test_who_is_confirmed_is_shown(client: httpx.AsyncClient, watched: Watched) -> None:
    told_to_us = {"customer_id": "N-4711", "by": "alice", "proof": "proved"}
    answer = await client.post(f"/api/v1/contacts/{NEW}/customer", json=told_to_us)
    assert answer.status_code == 200
    shown = (await client.get(f"/api/v1/contacts/{NEW}/customer")).json()
    # The number is hers alone now; that it is she who calls is as sure as a caller's number is.
    assert (shown["name"], shown["proof"], shown["customer_sees"]) == (
        "Ana Müller",
        "presented",
        [],
    )
    assert [what[:2] for what in watched.written] == [(NEW, shown["customer_id"])]
