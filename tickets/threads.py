"""What belongs to one thread: tickets that the customer's words move on, and what rules add.

A thread is a conversation, or a contact of its own.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from domain import ticket_changes
from domain.ports import Clock
from domain.ticket import LinkKind, Ticket, TicketLink, TicketState, TicketTrigger
from domain.ticket_changes import LIVE, Changed
from domain.ticket_ports import TicketWish
from domain.ticket_store import StoredTicket, TicketQuestion, TicketStore
from tickets.policy import TicketPolicy

CUSTOMER: Final = "customer"
LINKED_MAX: Final = 50
"""Tickets of one conversation that are looked at, the newest."""

Change = Callable[[StoredTicket], Sequence[Changed]]


class Desk(Protocol):
    """What is asked of `tickets.service.TicketService`."""

    policy: TicketPolicy

    async def open(self, wish: TicketWish) -> Ticket:
        """Open a ticket, or return the one with the same key."""
        ...

    async def change(self, ticket_id: str, change: Change) -> Ticket:
        """Write what `change` makes of a ticket."""
        ...

    async def link(self, ticket_id: str, link: TicketLink, by: str) -> Ticket:
        """Add something that belongs to its matter."""
        ...

    async def set_priority(self, ticket_id: str, priority: int, by: str) -> Ticket:
        """Set its priority."""
        ...


class Threads:
    """Finds the tickets of a thread, and has the desk change them."""

    def __init__(self, desk: Desk, store: TicketStore, clock: Clock) -> None:
        """Join who changes tickets and what keeps them."""
        self._desk = desk
        self._store = store
        self._clock = clock

    async def customer_wrote(self, link: TicketLink, at: datetime | None) -> Sequence[Ticket]:
        """Move on what the customer's words concern; see `TicketService.customer_wrote`.

        Raises:
            StoreError: It is not written, or not all of it.
        """
        target = await self._store.look(link)
        if target is None:
            return ()
        thread = link
        if target.conversation_id is not None:
            thread = TicketLink(LinkKind.CONVERSATION, target.conversation_id)
        linked: dict[str, StoredTicket] = {}
        for each in dict.fromkeys((thread, link)):
            found = await self._store.find(TicketQuestion(link=each, limit=LINKED_MAX))
            linked |= {stored.ticket.ticket_id: stored for stored in found}
        concerned = dict(linked)
        if target.customer_id is not None:
            question = TicketQuestion(
                customer_ids=(target.customer_id,), states=(TicketState.PENDING,), limit=LINKED_MAX
            )
            found = await self._store.find(question)
            concerned |= {stored.ticket.ticket_id: stored for stored in found}
        changed: list[Ticket] = []
        for ticket_id, stored in concerned.items():
            if stored.ticket.state in (TicketState.PENDING, TicketState.SOLVED):
                after = await self._desk.change(
                    ticket_id, lambda stored: self._answered(stored, thread, at)
                )
                if after.state is not stored.ticket.state:
                    changed.append(after)
        if not changed:
            follower = await self._follow_up(list(linked.values()), thread, at)
            changed += [] if follower is None else [follower]
        return changed

    def _answered(
        self, stored: StoredTicket, thread: TicketLink, at: datetime | None
    ) -> Sequence[Changed]:
        """Return what becomes of a ticket whose customer has written."""
        ticket, now = stored.ticket, self._clock.utc()
        said = now if at is None else at
        if at is not None and at <= stored.since:
            return ()
        pending = ticket.state is TicketState.PENDING
        if not pending and not (
            ticket.state is TicketState.SOLVED
            and ticket_changes.is_recent(ticket, said, self._desk.policy.reopen_days)
        ):
            return ()
        made = [
            ticket_changes.stepped(
                ticket, TicketTrigger.ANSWERED, self._desk.policy.due, now, CUSTOMER
            )
        ]
        more = ticket_changes.linked(made[0].ticket, thread, now, CUSTOMER)
        return made if more is None else [*made, more]

    async def _follow_up(
        self, linked: Sequence[StoredTicket], thread: TicketLink, at: datetime | None
    ) -> Ticket | None:
        """Open a ticket where all that the customer's words belong to is closed, not long ago."""
        said = self._clock.utc() if at is None else at
        if not linked or any(one.ticket.state is not TicketState.CLOSED for one in linked):
            return None
        newest = max(linked, key=lambda stored: stored.ticket.ticket_id)
        old = newest.ticket
        stale = at is not None and at <= newest.since
        if stale or not ticket_changes.is_recent(old, said, self._desk.policy.reopen_days):
            return None
        if old.queue_id not in self._desk.policy.queues:
            return None
        return await self._desk.open(
            TicketWish(
                queue_id=old.queue_id,
                reason=old.reason,
                subject=old.subject,
                by=CUSTOMER,
                key=f"again/{old.ticket_id}",
                customer_id=old.customer_id,
                language=old.language,
                topic=old.topic,
                priority=old.priority,
                owner_id=old.owner_id if old.owner_id in self._desk.policy.agents else None,
                links=(thread, TicketLink(LinkKind.TICKET, old.ticket_id)),
            )
        )

    async def open_or_join(self, wish: TicketWish) -> Ticket:
        """Open a ticket, or add to a live one; see `TicketService.open_or_join`.

        Raises:
            NotKnown: No such queue, owner or link.
            StoreError: It is not written.
        """
        first = await self._store.by_key(wish.key)
        if first is not None:
            return first.ticket
        for link in wish.links:
            found = await self._store.find(TicketQuestion(link=link, limit=LINKED_MAX))
            for stored in found:
                # A message that is linked has been looked at before.
                if link.kind is LinkKind.MESSAGE:
                    return stored.ticket
                if stored.ticket.state in LIVE:
                    return await self._join(stored.ticket, wish)
        return await self._desk.open(wish)

    async def _join(self, ticket: Ticket, wish: TicketWish) -> Ticket:
        for link in wish.links:
            ticket = await self._desk.link(ticket.ticket_id, link, wish.by)
        if wish.priority > ticket.priority:
            ticket = await self._desk.set_priority(ticket.ticket_id, wish.priority, wish.by)
        return ticket
