"""Tickets joined: the real store, the real bus and its journal, over a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bus.local import LocalBus, first_sequence
from domain.contact import Disposition
from domain.conversation_events import TicketChanged
from domain.events import ContactClosed
from domain.ticket import TicketState
from domain.ticket_store import TicketCount
from server.journal import JournalWriter
from server.tickets import TicketsAtWork, ticket_figures, tickets_at_work
from store.opening import open_store
from tests.config_support import RIGHT, loaded
from tests.store_support import HandClock, arrived, contact_id
from tickets.figures import TicketFigures

RULES = """\
tickets:
  rules:
    - {id: missed, when: unanswered}
"""


class Node:
    """What of a node has to do with tickets."""

    def __init__(self, bus: LocalBus, tickets: TicketsAtWork) -> None:
        self.bus, self.tickets = bus, tickets

    async def until(self, number: int) -> None:
        """Wait until there are so many tickets."""
        async with asyncio.timeout(10), self.bus.subscribe("test") as stream:
            while len(await self.tickets.desk.find()) < number:
                async for envelope in stream:
                    if isinstance(envelope.event, TicketChanged):
                        break


@asynccontextmanager
async def node(folder: Path, clock: HandClock, text: str = RIGHT + RULES) -> AsyncIterator[Node]:
    async with open_store(folder, clock, journal_events_max=1_000) as store:
        _, last = await store.journal.bounds()
        bus = LocalBus(clock, first=first_sequence(last, clean=store.stopped_cleanly))
        settings = loaded(text).configuration
        async with (
            JournalWriter(bus, store.journal),
            tickets_at_work(settings, store, bus, clock) as tickets,
        ):
            if last == 0:
                for number in (1, 2):
                    await store.contacts.open(arrived(number, queue_id="service"))
            yield Node(bus, tickets)


def turned_away(number: int) -> ContactClosed:
    return ContactClosed(
        contact_id=contact_id(number),
        queue_id="service",
        disposition=Disposition.QUEUE_FULL,
        agent_id=None,
        wait_s=None,
        talk_s=0.0,
    )


async def test_what_happens_opens_tickets_over_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    async with node(tmp_path, clock) as first:
        first.bus.publish(turned_away(1))
        await first.until(1)
        # Published, and perhaps not read before the end.
        first.bus.publish(turned_away(2))
    async with node(tmp_path, clock) as second:
        await second.until(2)
        numbers = sorted(ticket.number for ticket in await second.tickets.desk.find())
        assert numbers == [1, 2]
    async with node(tmp_path, clock) as third:
        assert len(await third.tickets.desk.find()) == 2


async def test_another_configuration_is_taken_up(tmp_path: Path) -> None:
    async with node(tmp_path, HandClock(), RIGHT) as running:
        running.bus.publish(turned_away(1))
        running.tickets.reload(loaded(RIGHT + RULES).configuration)
        running.bus.publish(turned_away(2))
        await running.until(1)


@pytest.mark.parametrize("queue", ["service", "gone"])
def test_what_is_counted(queue: str) -> None:
    figures = TicketFigures()
    figures.standing = [
        TicketCount(state=TicketState.OPEN, queue_id=queue, tickets=3, overdue=2),
        TicketCount(state=TicketState.NEW, queue_id=queue, tickets=1, overdue=1),
    ]
    figures.opened["angry"] += 1
    read = ticket_figures(figures, lambda: frozenset({"service"}))
    told = {(one.family, *one.labels): one.value for one in read()}
    known = queue == "service"
    assert told["warmline_tickets", "service", "open"] == (3 if known else 0)
    assert told["warmline_tickets_overdue", "service"] == (3 if known else 0)
    assert told["warmline_tickets_opened", "angry"] == 1
    assert not [labels for labels in told if "gone" in labels[1:2] and "tickets_p" not in labels[0]]
