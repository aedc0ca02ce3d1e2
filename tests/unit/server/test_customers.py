"""Customers joined: the real store, the real bus and a real server that is asked."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bus.local import LocalBus
from customers.figures import CustomerFigures
from customers.outcomes import Outcomes
from customers.ports import CustomerMemory
from domain.contact import Channel, Disposition
from domain.customer import CustomerChange
from domain.customer_lessons import Arrival, Lesson
from domain.customer_ports import ContactOutcome
from domain.customer_profile import CustomerProfile
from domain.events import ContactArrived, ContactClosed
from server.customers import customers_at_work, learning_of_customers
from server.journal import JournalWriter
from store.opening import open_store
from tests.config_support import ENVIRON, RIGHT, loaded
from tests.customer_support import ANNA, told
from tests.store_support import HandClock, arrived, contact_id
from tests.unit.channels.webhooks.receiver import SECRET, Receiver


@dataclass
class Taker:
    told: list[CustomerProfile] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def customer_known(self, contact_id: str, profile: CustomerProfile) -> None:
        self.told.append(profile)
        self.changed.set()

    async def until(self, number: int) -> None:
        async with asyncio.timeout(10):
            while len(self.told) < number:
                self.changed.clear()
                await self.changed.wait()


class NoticedMemory:
    """The store's memory, and when it has learnt of a contact that is over."""

    def __init__(self, memory: CustomerMemory) -> None:
        self.memory = memory
        self.learnt = asyncio.Event()

    async def arrival(self, contact_id: str, *, open_identifier: bool) -> Arrival | None:
        return await self.memory.arrival(contact_id, open_identifier=open_identifier)

    async def learn_of(self, contact_id: str, change: CustomerChange) -> None:
        await self.memory.learn_of(contact_id, change)

    async def take(self, lessons: Sequence[Lesson]) -> int:
        new = await self.memory.take(lessons)
        if new:
            self.learnt.set()
        return new


def arrival(number: int) -> ContactArrived:
    return ContactArrived(
        contact_id=contact_id(number), channel=Channel.VOICE, queue_id="sales", language="en"
    )


def closed(number: int) -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id(number),
        queue_id="sales",
        disposition=Disposition.AGENT_ENDED,
        agent_id="anna",
        wait_s=1.0,
        talk_s=60.0,
    )


async def test_a_contact_is_learnt_from_and_the_next_one_is_a_repeat(tmp_path) -> None:
    clock, taker, figures = HandClock(), Taker(), CustomerFigures()
    settings = loaded(RIGHT).configuration
    async with open_store(tmp_path, clock, history_days=365) as store:
        bus = LocalBus(clock)
        memory = NoticedMemory(store.directory.memory)
        for number in (1, 2):
            await store.contacts.open(arrived(number, caller=ANNA))
        await store.directory.put([told(phones=[ANNA], value=4)])
        async with (
            JournalWriter(bus, store.journal),
            learning_of_customers(memory, store, bus, figures),
            customers_at_work(settings, store, bus, clock, taker=taker, figures=figures) as known,
        ):
            bus.publish(arrival(1))
            await taker.until(1)
            outcome = ContactOutcome(contact_id=contact_id(1), resolved=False, topic="refund")
            await Outcomes(store.directory, bus).report(outcome)
            bus.publish(closed(1))
            async with asyncio.timeout(10):
                await memory.learnt.wait()
            bus.publish(arrival(2))
            await taker.until(2)
            made = {figure.family: figure.value for figure in known()}
    first, second = taker.told
    assert (first.value, first.repeat, first.days_since) == (4, False, None)
    assert (second.topic, second.repeat) == ("refund", True)
    assert second.familiar[0].agent_id == "anna"
    assert made["warmline_customer_lessons"] == 1


async def test_another_system_is_asked_and_told_of(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRON, "CRM", SECRET)
    monkeypatch.setenv("CRM", SECRET)
    clock, taker = HandClock(), Taker()
    body = json.dumps({"number": "C-7", "value": 5, "colour": "blue"}).encode()
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    async with Receiver(answer) as crm, open_store(tmp_path, clock, history_days=365) as store:
        section = f"customers: {{lookup: {{url: '{crm.url}', secret: {{env: CRM}}, timeout_s: 2}}}}"
        settings = loaded(f"{RIGHT}{section}\n").configuration
        bus = LocalBus(clock)
        await store.contacts.open(arrived(1, caller=ANNA))
        async with customers_at_work(
            settings, store, bus, clock, taker=taker, figures=CustomerFigures()
        ):
            bus.publish(arrival(1))
            await taker.until(1)
        view = await store.directory.of_contact(contact_id(1))
    assert taker.told[0].value == 5
    assert view is not None
    assert view.customer.number == "C-7"
    assert crm.posted[0].told["identifier"] == {"kind": "phone", "value": ANNA}
