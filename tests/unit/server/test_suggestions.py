"""Suggestions joined: the real store, bus and model; what was learnt outlives a restart."""

import asyncio
from datetime import timedelta

from bus.local import LocalBus
from config.schema import Configuration
from config.suggestions import Suggestions
from domain.contact import Disposition
from domain.customer_lessons import ContactEnded
from domain.events import ContactQueued
from domain.need import NeedKind
from domain.offer_events import OfferMade
from domain.suggestion_events import SuggestionMade
from server.suggestions import SuggestionsAtWork, suggestions_at_work
from store.opening import Store, open_store
from tests.config_support import RIGHT, loaded
from tests.customer_support import told
from tests.store_support import HandClock, arrived, contact_id

CUSTOMERS = 240
"""Enough for the model to prove that it is better than chance."""
SECTION = """\
suggestions:
  entries:
    - {id: offer, product: router, probability_min: 0.1, en: A router?, zh: 要路由器吗？}
"""


def settings() -> Configuration:
    return loaded(f"{RIGHT}{SECTION}").configuration


def caller(number: int) -> str:
    return f"+49{number:09d}"


async def fill(store: Store, clock: HandClock) -> None:
    """Let half of the customers have a fault and buy a router, the other move and buy a cable."""
    customers, lessons = [], []
    for number in range(CUSTOMERS):
        topic, product = ("fault", "router") if number % 2 else ("move", "cable")
        bought = f"{clock.utc().date()} {product}"
        customers.append(told(f"C-{number}", phones=[caller(number)], purchases=bought))
        await store.contacts.open(arrived(number, caller=caller(number)))
        lessons.append(
            ContactEnded(
                contact_id=contact_id(number),
                at=clock.utc() - timedelta(hours=1),
                queue_id=topic,
                disposition=Disposition.AGENT_ENDED,
                agent_id="anna",
            )
        )
    await store.directory.put(customers)
    assert await store.directory.memory.take(lessons) == CUSTOMERS


async def made_for(bus: LocalBus, contact: str) -> SuggestionMade:
    """Let a contact be offered to an agent; return what he is told."""
    async with bus.subscribe("test") as stream:
        bus.publish(ContactQueued(contact_id=contact, queue_id="fault", language="zh", priority=0))
        bus.publish(
            OfferMade(
                offer_id="o", contact_id=contact, agent_id="anna", queue_id="q", ring_s=20, cost=0
            )
        )
        async with asyncio.timeout(10):
            async for envelope in stream:
                if isinstance(envelope.event, SuggestionMade):
                    return envelope.event
    raise AssertionError("the bus has ended")


async def learnt(at_work: SuggestionsAtWork, steps: int) -> None:
    """Return when so many steps are learnt from; the database answers from a thread."""
    for _ in range(1_000_000):
        figures = {one.family: one.value for one in at_work.figures()}
        if figures["warmline_suggestion_steps"] == steps:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{steps} steps were never learnt from")


async def test_it_is_learnt_from_the_store_told_and_kept(tmp_path) -> None:
    clock = HandClock()
    async with open_store(tmp_path, clock, history_days=365) as store:
        await fill(store, clock)
        clock.tick(600)
        bus = LocalBus(clock)
        async with suggestions_at_work(settings(), store, bus, clock) as at_work:
            await learnt(at_work, 2 * CUSTOMERS)
            contact = arrived(CUSTOMERS, caller=caller(CUSTOMERS), queue_id="fault")
            await store.directory.put([told("C-new", phones=[caller(CUSTOMERS)])])
            await store.contacts.open(contact)
            made = await made_for(bus, contact.contact_id)
            assert (made.kind, made.need) == (NeedKind.PRODUCT, "router")
            assert made.phrase == "要路由器吗？"
            view = at_work.desk.suggestion(contact.contact_id)
            assert view is not None
            assert view.agent_id == "anna"
            assert at_work.failures() == 0
            at_work.reload(Suggestions(enabled=False))
            assert at_work.desk.suggestion(contact.contact_id) is None
        # The next run goes on with what this one has learnt, and learns none of it again.
        bus = LocalBus(clock)
        async with suggestions_at_work(settings(), store, bus, clock) as at_work:
            made = await made_for(bus, contact.contact_id)
            assert made.need == "router"
            figures = {one.family: one.value for one in at_work.figures()}
            assert figures["warmline_suggestion_steps"] == 0
            assert figures["warmline_suggestion_proven"] == 1
