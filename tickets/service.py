"""Tickets as agents, rules and programs ask for them: stored first, then told.

Whoever changes a ticket reads it, and writes what it becomes only if nobody else has changed it
meanwhile; otherwise he reads it again.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from domain import ticket_changes
from domain.conversation_events import TicketChanged
from domain.errors import NotKnown, Overtaken
from domain.ports import Clock, EventPublisher
from domain.ticket import (
    LinkKind,
    Ticket,
    TicketLink,
    TicketState,
    TicketTrigger,
)
from domain.ticket_changes import LIVE, Changed
from domain.ticket_ports import TicketWish, TrailEntry
from domain.ticket_store import StoredTicket, TicketQuestion, TicketStore, TicketWrite
from tickets.figures import TicketFigures
from tickets.policy import TicketPolicy

TRIES: Final = 10
"""Times that others may be quicker at the same ticket before a change is given up."""
CUSTOMER: Final = "customer"
LINKED_MAX: Final = 50
"""Tickets of one conversation that are looked at, the newest."""

Change = Callable[[StoredTicket], Sequence[Changed]]


class TicketService:
    """Implements `domain.ticket_ports.TicketDesk`."""

    def __init__(
        self,
        store: TicketStore,
        policy: TicketPolicy,
        *,
        events: EventPublisher,
        clock: Clock,
        figures: TicketFigures | None = None,
    ) -> None:
        """Join what keeps tickets, what the configuration says, and where events go."""
        self._store = store
        self._events = events
        self._clock = clock
        self.policy = policy
        self.figures: Final = figures or TicketFigures()

    def reload(self, policy: TicketPolicy) -> None:
        """Put another policy in force; due times that are set stay."""
        self.policy = policy

    async def open(self, wish: TicketWish) -> Ticket:
        """Open a ticket, or return the one with the same key.

        Raises:
            NotKnown: No such queue, owner or link.
            ValueError: There is no such priority.
            StoreError: It is not opened.
        """
        if wish.key:
            first = await self._store.by_key(wish.key)
            if first is not None:
                return first.ticket
        self._check_queue(wish.queue_id)
        self._check_owner(wish.owner_id)
        links = [await self._resolved(link) for link in wish.links]
        customer_id, language, topic = wish.customer_id, wish.language, wish.topic
        for link in links:
            target = await self._store.look(link)
            if target is None:
                raise NotKnown(link.kind.value, link.target_id)
            customer_id = customer_id or target.customer_id
            language, topic = language or target.language, topic or target.topic
        wish = replace(
            wish, links=tuple(links), customer_id=customer_id, language=language, topic=topic
        )
        now = self._clock.utc()
        ticket_id = f"{int(now.timestamp() * 1_000):012x}{secrets.token_hex(10)}"
        made = ticket_changes.opened(wish, self.policy.due, now, ticket_id=ticket_id)
        entries = [made.entry]
        if wish.note:
            entries.append(TrailEntry(at=now, by=wish.by, change="noted", text=wish.note))
        stored, is_new = await self._store.add(made.ticket, entries, wish.key)
        if is_new:
            self.figures.opened[wish.reason.value] += 1
            self._tell(None, stored.ticket, made.entry)
        return stored.ticket

    async def get(self, ticket_id: str) -> Ticket:
        """Return a ticket, by its id or its number.

        Raises:
            NotKnown: There is no such ticket.
            StoreError: It cannot be read.
        """
        return (await self._stored(ticket_id)).ticket

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
        """Return tickets, the newest first, without merged ones.

        Raises:
            StoreError: They cannot be read.
        """
        question = TicketQuestion(
            customer_ids=() if customer_id is None else (customer_id,),
            owner_id=owner_id,
            queue_id=queue_id,
            states=states,
            overdue_at=self._clock.utc() if overdue else None,
            link=link,
            limit=limit,
            before=before,
        )
        return [stored.ticket for stored in await self._store.find(question)]

    async def step(self, ticket_id: str, trigger: TicketTrigger, by: str) -> Ticket:
        """Move it on; an agent who takes one that nobody owns becomes its owner.

        Raises:
            NotKnown: There is no such ticket.
            IllegalTransition: There is no such step.
            StoreError: It is not written.
        """
        taker = by if by in self.policy.agents else None
        return await self.change(
            ticket_id,
            lambda stored: [
                ticket_changes.stepped(
                    stored.ticket, trigger, self.policy.due, self._clock.utc(), by, taker=taker
                )
            ],
        )

    async def assign(self, ticket_id: str, owner_id: str | None, by: str) -> Ticket:
        """Give it to an agent, or to nobody.

        Raises:
            NotKnown: There is no such ticket or agent.
            IllegalTransition: It is closed.
            StoreError: It is not written.
        """
        self._check_owner(owner_id)

        def change(stored: StoredTicket) -> Sequence[Changed]:
            if stored.ticket.owner_id == owner_id:
                return ()
            return [ticket_changes.assigned(stored.ticket, owner_id, self._clock.utc(), by)]

        return await self.change(ticket_id, change)

    async def set_priority(self, ticket_id: str, priority: int, by: str) -> Ticket:
        """Set its priority, 1 to 4; its due time follows.

        Raises:
            NotKnown: There is no such ticket.
            IllegalTransition: It is closed.
            ValueError: There is no such priority.
            StoreError: It is not written.
        """

        def change(stored: StoredTicket) -> Sequence[Changed]:
            if stored.ticket.priority == priority:
                return ()
            now = self._clock.utc()
            return [ticket_changes.prioritised(stored.ticket, priority, self.policy.due, now, by)]

        return await self.change(ticket_id, change)

    async def note(self, ticket_id: str, text: str, by: str) -> None:
        """Add a note among agents.

        Raises:
            NotKnown: There is no such ticket.
            StoreError: It is not written.
        """
        await self.change(
            ticket_id,
            lambda stored: [ticket_changes.noted(stored.ticket, text, self._clock.utc(), by)],
        )

    async def link(self, ticket_id: str, link: TicketLink, by: str) -> Ticket:
        """Add something that belongs to its matter; harmless when it is there.

        Raises:
            NotKnown: There is no such ticket, or nothing with that id.
            IllegalTransition: It is merged, or would be linked to itself.
            StoreError: It is not written.
        """
        link = await self._resolved(link)
        target = await self._store.look(link)
        if target is None:
            raise NotKnown(link.kind.value, link.target_id)

        def change(stored: StoredTicket) -> Sequence[Changed]:
            now = self._clock.utc()
            made = ticket_changes.linked(
                stored.ticket, link, now, by, customer_id=target.customer_id
            )
            return () if made is None else [made]

        return await self.change(ticket_id, change)

    async def merge(self, ticket_id: str, into: str, by: str) -> Ticket:
        """Let one ticket hold the matter of another too; returns the one that is left.

        Raises:
            NotKnown: No such ticket.
            IllegalTransition: They are the same, one is merged already, or the other is closed.
            StoreError: Nothing is written.
        """
        for left in reversed(range(TRIES)):
            source, target = await self._stored(ticket_id), await self._stored(into)
            now = self._clock.utc()
            both = ticket_changes.merged(source.ticket, target.ticket, self.policy.due, now, by)
            pairs = ((source, both.source), (target, both.target))
            try:
                await self._store.save(
                    *(TicketWrite(old, new.ticket, (new.entry,)) for old, new in pairs)
                )
            except Overtaken:
                if left == 0:
                    raise
                continue
            for old, new in pairs:
                self._tell(old.ticket.state, new.ticket, new.entry)
            return both.target.ticket
        raise AssertionError("the last try returns or raises")

    async def trail(self, ticket_id: str) -> Sequence[TrailEntry]:
        """Return every change, in order.

        Raises:
            NotKnown: There is no such ticket.
            StoreError: It cannot be read.
        """
        return await self._store.trail((await self._stored(ticket_id)).ticket.ticket_id)

    async def change(self, ticket_id: str, change: Change) -> Ticket:
        """Read a ticket, write what `change` makes of it, tell it, and return it.

        For what happens by itself; `change` may return nothing, and is asked again when somebody
        else was quicker.

        Raises:
            NotKnown: There is no such ticket.
            StoreError: It is not written.
        """
        for left in reversed(range(TRIES)):
            stored = await self._stored(ticket_id)
            made = change(stored)
            if not made:
                return stored.ticket
            entries = tuple(one.entry for one in made)
            try:
                await self._store.save(TicketWrite(stored, made[-1].ticket, entries))
            except Overtaken:
                if left == 0:
                    raise
                continue
            before = stored.ticket.state
            for one in made:
                self._tell(before, one.ticket, one.entry)
                before = one.ticket.state
            return made[-1].ticket
        raise AssertionError("the last try returns or raises")

    async def customer_wrote(
        self, kind: LinkKind, target_id: str, at: datetime | None = None
    ) -> Sequence[Ticket]:
        """The customer has written or called in something: what was pending or solved opens.

        All that is linked to it, or to its conversation, opens, and whatever waits for this
        customer's answer. Where all that is linked is closed, and not long ago, a new ticket is
        opened that is linked to the newest of them.

        Args:
            kind: Of what he has written in.
            target_id: Which it is.
            at: When; what has come into its state since then stays. None: now.

        Returns:
            The tickets that have changed, or were opened.

        Raises:
            StoreError: It is not written, or not all of it.
        """
        link = TicketLink(kind, target_id)
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
                after = await self.change(
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
            and ticket_changes.is_recent(ticket, said, self.policy.reopen_days)
        ):
            return ()
        made = [
            ticket_changes.stepped(ticket, TicketTrigger.ANSWERED, self.policy.due, now, CUSTOMER)
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
        if stale or not ticket_changes.is_recent(old, said, self.policy.reopen_days):
            return None
        if old.queue_id not in self.policy.queues:
            return None
        return await self.open(
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
                owner_id=old.owner_id if old.owner_id in self.policy.agents else None,
                links=(thread, TicketLink(LinkKind.TICKET, old.ticket_id)),
            )
        )

    async def open_or_join(self, wish: TicketWish) -> Ticket:
        """Open a ticket by rule, or add to the one that is about this already.

        Where a live ticket is linked to the same contact or conversation, that one has what is
        linked here too, and the higher of both priorities.

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
        return await self.open(wish)

    async def _join(self, ticket: Ticket, wish: TicketWish) -> Ticket:
        for link in wish.links:
            ticket = await self.link(ticket.ticket_id, link, wish.by)
        if wish.priority > ticket.priority:
            ticket = await self.set_priority(ticket.ticket_id, wish.priority, wish.by)
        return ticket

    async def _stored(self, ticket_id: str) -> StoredTicket:
        stored = await self._store.get(ticket_id)
        if stored is None:
            raise NotKnown("ticket", ticket_id)
        return stored

    async def _resolved(self, link: TicketLink) -> TicketLink:
        """Return a link with the id of a ticket that was named by its number."""
        if link.kind is not LinkKind.TICKET:
            return link
        return TicketLink(link.kind, (await self._stored(link.target_id)).ticket.ticket_id)

    def _check_queue(self, queue_id: str) -> None:
        if queue_id not in self.policy.queues:
            raise NotKnown("queue", queue_id)

    def _check_owner(self, owner_id: str | None) -> None:
        if owner_id is not None and owner_id not in self.policy.agents:
            raise NotKnown("agent", owner_id)

    def _tell(self, before: TicketState | None, ticket: Ticket, entry: TrailEntry) -> None:
        self._events.publish(
            TicketChanged(
                ticket_id=ticket.ticket_id,
                number=ticket.number,
                queue_id=ticket.queue_id,
                before=before,
                after=ticket.state,
                change=entry.change,
                by=entry.by,
                owner_id=ticket.owner_id,
                reason=ticket.reason,
            )
        )
