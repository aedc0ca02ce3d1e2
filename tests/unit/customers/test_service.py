import asyncio
from dataclasses import dataclass, field

import pytest

from bus.local import LocalBus
from customers.service import LOADS_AT_ONCE, LOADS_WAITING_MAX, CustomerService
from domain.contact import Channel, Disposition
from domain.customer import Customer, CustomerChange, Identifier, IdentifierKind
from domain.customer_history import Summary, with_contact
from domain.customer_lessons import Arrival
from domain.errors import StoreError
from domain.events import ContactArrived, ContactClosed, ContactQueued
from tests.customer_support import past
from tests.store_support import HandClock, contact_id

ONE = contact_id(1)
PHONE = Identifier(IdentifierKind.PHONE, "+4930123456")


def arrival(customer=None, **more):
    return Arrival(
        **{
            "channel": Channel.VOICE,
            "queue_id": "billing",
            "language": "en",
            "identifier": PHONE,
            "customer": customer,
            **more,
        }
    )


@dataclass
class FakeMemory:
    arrivals: dict = field(default_factory=dict)
    learnt: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    gate: asyncio.Event | None = None
    running: int = 0
    most: int = 0

    async def arrival(self, contact_id, *, open_identifier):
        self.asked.append((contact_id, open_identifier))
        self.running += 1
        self.most = max(self.most, self.running)
        if self.gate is not None:
            await self.gate.wait()
        self.running -= 1
        found = self.arrivals.get(contact_id)
        if isinstance(found, Exception):
            raise found
        return found

    async def learn_of(self, contact_id, change):
        self.learnt.append((contact_id, change))
        self.arrivals[contact_id] = arrival(Customer(customer_id="c", value=5))

    async def take(self, lessons):
        raise AssertionError("the service learns nothing")


@dataclass
class FakeTaker:
    told: list = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def customer_known(self, contact_id, profile):
        self.told.append((contact_id, profile))
        self.changed.set()

    async def until(self, number):
        async with asyncio.timeout(5):
            while len(self.told) < number:
                self.changed.clear()
                await self.changed.wait()


@dataclass
class FakeLookup:
    answer: CustomerChange | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list = field(default_factory=list)

    async def ask(self, question):
        self.asked.append(question)
        await self.gate.wait()
        return self.answer


@dataclass
class Scene:
    clock: HandClock = field(default_factory=HandClock)
    memory: FakeMemory = field(default_factory=FakeMemory)
    taker: FakeTaker = field(default_factory=FakeTaker)
    lookup: FakeLookup | None = None

    def __post_init__(self):
        self.bus = LocalBus(self.clock)

    def service(self):
        return CustomerService(
            self.memory,
            events=self.bus,
            clock=self.clock,
            taker=self.taker,
            lookup=self.lookup,
        )

    def arrive(self, number=1, queue_id="billing"):
        self.bus.publish(
            ContactArrived(
                contact_id=contact_id(number),
                channel=Channel.VOICE,
                queue_id=queue_id,
                language="en",
            )
        )

    def queue(self, number=1, queue_id="billing"):
        self.bus.publish(
            ContactQueued(
                contact_id=contact_id(number), queue_id=queue_id, language="en", priority=0
            )
        )


@pytest.fixture
def scene():
    return Scene()


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_arrives_is_told_to_the_router(scene):
    summary = with_contact(Summary(), past(resolved=False))
    scene.memory.arrivals[ONE] = arrival(Customer(customer_id="c", value=4), summary=summary)
    async with scene.service() as service:
        scene.arrive()
        await scene.taker.until(1)
        scene.queue()
        await settle()
    ((whose, profile),) = scene.taker.told
    assert whose == ONE
    assert (profile.value, profile.topic, profile.repeat) == (4, "billing", True)
    assert scene.memory.asked == [(ONE, False)]
    assert service.figures.loads["known"] == 1


async def test_another_queue_is_another_topic(scene):
    scene.memory.arrivals[ONE] = arrival(Customer(customer_id="c"))
    async with scene.service():
        scene.arrive()
        await scene.taker.until(1)
        scene.queue(queue_id="sales")
        await scene.taker.until(2)
    assert [profile.topic for _, profile in scene.taker.told] == ["billing", "sales"]


async def test_nobody_is_told_of_a_stranger(scene):
    scene.memory.arrivals[ONE] = arrival()
    async with scene.service() as service:
        scene.arrive(1)
        scene.arrive(2)
        await settle()
    assert scene.taker.told == []
    assert service.figures.loads["unknown"] == 2


async def test_a_store_that_fails_ends_nothing(scene):
    scene.memory.arrivals[ONE] = StoreError("gone")
    scene.memory.arrivals[contact_id(2)] = RuntimeError("ours")
    scene.memory.arrivals[contact_id(3)] = arrival(Customer(customer_id="c"))
    async with scene.service() as service:
        for number in (1, 2, 3):
            scene.arrive(number)
        await scene.taker.until(1)
    assert service.figures.loads["failed"] == 2


async def test_a_slow_store_is_asked_by_few_and_the_rest_is_bounded(scene):
    scene.memory.gate = asyncio.Event()
    async with scene.service() as service:
        for number in range(LOADS_WAITING_MAX + LOADS_AT_ONCE + 7):
            scene.arrive(number)
            await settle()
        assert scene.memory.most == LOADS_AT_ONCE
        assert service.figures.loads["dropped"] == 7


async def test_a_slow_lookup_delays_nothing_and_is_told_when_it_comes():
    scene = Scene(lookup=FakeLookup(answer=CustomerChange(number="C-1", fields={"value": 5})))
    assert scene.lookup is not None
    scene.memory.arrivals[ONE] = arrival(Customer(customer_id="c", value=2))
    async with scene.service():
        scene.arrive()
        await scene.taker.until(1)
        await settle()
        assert [question.identifier for question in scene.lookup.asked] == [PHONE]
        scene.queue()
        await settle()
        scene.lookup.gate.set()
        await scene.taker.until(2)
    assert [profile.value for _, profile in scene.taker.told] == [2, 5]
    assert scene.memory.learnt == [(ONE, scene.lookup.answer)]
    assert len(scene.lookup.asked) == 1


async def test_a_lookup_that_knows_nothing_changes_nothing():
    scene = Scene(lookup=FakeLookup())
    assert scene.lookup is not None
    scene.lookup.gate.set()
    scene.memory.arrivals[ONE] = arrival()
    async with scene.service():
        scene.arrive()
        await settle()
    assert len(scene.lookup.asked) == 1
    assert scene.memory.learnt == scene.taker.told == []


@pytest.mark.parametrize(
    "known",
    [arrival(identifier=None), arrival(Customer(customer_id="c", profiling=False))],
    ids=["hidden", "unprofiled"],
)
async def test_who_hides_or_wants_no_profile_is_not_asked_for(known):
    scene = Scene(lookup=FakeLookup())
    assert scene.lookup is not None
    scene.memory.arrivals[ONE] = known
    async with scene.service():
        scene.arrive()
        await settle()
    assert scene.lookup.asked == []
    assert all(not profile.profiling for _, profile in scene.taker.told)


async def test_leaving_waits_for_nobody():
    scene = Scene(lookup=FakeLookup())
    scene.memory.arrivals[ONE] = arrival()
    async with asyncio.timeout(5), scene.service():
        scene.arrive()
        scene.bus.publish(
            ContactClosed(
                contact_id=ONE,
                queue_id="billing",
                disposition=Disposition.ABANDONED,
                agent_id=None,
                wait_s=1.0,
                talk_s=0.0,
            )
        )
        await settle()
