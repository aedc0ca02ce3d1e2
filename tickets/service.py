"""Tickets as agents, rules and programs ask for them: stored first, then told.

Whoever changes a ticket reads it, and writes what it becomes only if nobody else has changed it
meanwhile; otherwise he reads it again.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from domain import ticket_changes
from domain.conversation_events import TicketChanged
from domain.errors import NotKnown, Outdated
from domain.ports import Clock, EventPublisher
from domain.ticket import (
    LinkKind,
    Ticket,
    TicketLink,
    TicketState,
    TicketTrigger,
)
from domain.ticket_changes import Changed
from domain.ticket_ports import TicketWish, TrailEntry
from domain.ticket_store import StoredTicket, TicketQuestion, TicketStore, TicketWrite
from tickets.figures import TicketFigures
from tickets.policy import TicketPolicy
from tickets.threads import Change, Threads

TRIES: Final = 10
"""Times that others may be quicker at the same ticket before a change is given up."""


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
        # Of two here one waits; that another process was quicker is left to the store.
        self._writing = asyncio.Lock()
        self._threads = Threads(self, store, clock)
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
        async with self._writing:
            return await self._open(wish)

    async def _open(self, wish: TicketWish) -> Ticket:
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
        async with self._writing:
            return await self._merge(ticket_id, into, by)

    async def _merge(self, ticket_id: str, into: str, by: str) -> Ticket:
        for left in reversed(range(TRIES)):
            source, target = await self._stored(ticket_id), await self._stored(into)
            now = self._clock.utc()
            both = ticket_changes.merged(source.ticket, target.ticket, self.policy.due, now, by)
            pairs = ((source, both.source), (target, both.target))
            try:
                await self._store.save(
                    *(TicketWrite(old, new.ticket, (new.entry,)) for old, new in pairs)
                )
            except Outdated:
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
        async with self._writing:
            return await self._changed(ticket_id, change)

    async def _changed(self, ticket_id: str, change: Change) -> Ticket:
        for left in reversed(range(TRIES)):
            stored = await self._stored(ticket_id)
            made = change(stored)
            if not made:
                return stored.ticket
            entries = tuple(one.entry for one in made)
            try:
                await self._store.save(TicketWrite(stored, made[-1].ticket, entries))
            except Outdated:
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
        return await self._threads.customer_wrote(TicketLink(kind, target_id), at)

    async def open_or_join(self, wish: TicketWish) -> Ticket:
        """Open a ticket by rule, or add to the one that is about this already.

        Where a live ticket is linked to the same contact or conversation, that one has what is
        linked here too, and the higher of both priorities.

        Raises:
            NotKnown: No such queue, owner or link.
            StoreError: It is not written.
        """
        return await self._threads.open_or_join(wish)

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
