"""Tickets in memory, at the port of the API."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain import ticket_changes
from domain.business_hours import ALWAYS
from domain.errors import NotKnown
from domain.ticket import LinkKind, Ticket, TicketLink, TicketState, TicketTrigger
from domain.ticket_changes import Changed, DuePolicy
from domain.ticket_ports import TicketWish, TrailEntry
from tests.unit.channels.http.fakes import START, contact_id

DUE = DuePolicy(ALWAYS, {2: 3600.0, 3: 1800.0})


@dataclass
class FakeTickets:
    """Knows the queue support, the agent alice, and the things from 1 to 9."""

    kept: dict[str, Ticket] = field(default_factory=dict)
    entries: dict[str, list[TrailEntry]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None

    async def open(self, wish: TicketWish) -> Ticket:
        if self.error is not None:
            raise self.error
        if wish.key in self.keys:
            return self.kept[self.keys[wish.key]]
        if wish.queue_id != "support":
            raise NotKnown("queue", wish.queue_id)
        self._know(wish.owner_id)
        number = len(self.kept) + 1
        made = ticket_changes.opened(wish, DUE, START, ticket_id=contact_id(800 + number))
        self._keep(made._replace(ticket=replace(made.ticket, number=number)))
        if wish.key:
            self.keys[wish.key] = made.ticket.ticket_id
        return self.kept[made.ticket.ticket_id]

    async def get(self, ticket_id: str) -> Ticket:
        for ticket in self.kept.values():
            if ticket_id in (ticket.ticket_id, str(ticket.number)):
                return ticket
        raise NotKnown("ticket", ticket_id)

    async def find(
        self,
        *,
        customer_id: str | None = None,
        owner_id: str | None = None,
        queue_id: str | None = None,
        states: Sequence[TicketState] = (),
        overdue: bool = False,
        link: TicketLink | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[Ticket]:
        found = [
            ticket
            for ticket in sorted(self.kept.values(), key=lambda one: one.number, reverse=True)
            if ticket.merged_into is None
            and (customer_id is None or ticket.customer_id == customer_id)
            and (owner_id is None or ticket.owner_id == owner_id)
            and (queue_id is None or ticket.queue_id == queue_id)
            and (not states or ticket.state in states)
            and (link is None or link in ticket.links)
            and (before is None or ticket.ticket_id < before)
            and not overdue
        ]
        return found[:limit]

    async def step(self, ticket_id: str, trigger: TicketTrigger, by: str) -> Ticket:
        ticket = await self.get(ticket_id)
        return self._keep(ticket_changes.stepped(ticket, trigger, DUE, START, by))

    async def assign(self, ticket_id: str, owner_id: str | None, by: str) -> Ticket:
        self._know(owner_id)
        ticket = await self.get(ticket_id)
        return self._keep(ticket_changes.assigned(ticket, owner_id, START, by))

    async def set_priority(self, ticket_id: str, priority: int, by: str) -> Ticket:
        ticket = await self.get(ticket_id)
        return self._keep(ticket_changes.prioritised(ticket, priority, DUE, START, by))

    async def note(self, ticket_id: str, text: str, by: str) -> None:
        self._keep(ticket_changes.noted(await self.get(ticket_id), text, START, by))

    async def link(self, ticket_id: str, link: TicketLink, by: str) -> Ticket:
        if link.target_id not in {contact_id(number) for number in range(1, 10)}:
            raise NotKnown(link.kind.value, link.target_id)
        ticket = await self.get(ticket_id)
        made = ticket_changes.linked(ticket, link, START, by)
        return ticket if made is None else self._keep(made)

    async def merge(self, ticket_id: str, into: str, by: str) -> Ticket:
        pair = await self.get(ticket_id), await self.get(into)
        both = ticket_changes.merged(*pair, DUE, START, by)
        self._keep(both.source)
        return self._keep(both.target)

    async def trail(self, ticket_id: str) -> Sequence[TrailEntry]:
        return self.entries[(await self.get(ticket_id)).ticket_id]

    async def customer_wrote(
        self, kind: LinkKind, target_id: str, at: datetime | None = None
    ) -> Sequence[Ticket]:
        raise AssertionError("the API is not told what customers write")

    def _know(self, owner_id: str | None) -> None:
        if owner_id not in (None, "alice"):
            raise NotKnown("agent", owner_id)

    def _keep(self, made: Changed) -> Ticket:
        self.kept[made.ticket.ticket_id] = made.ticket
        self.entries.setdefault(made.ticket.ticket_id, []).append(made.entry)
        return made.ticket
