"""Ports of tickets: what the API, agents and rules ask of them, and what they ask of the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.ticket import LinkKind, Ticket, TicketLink, TicketReason, TicketState, TicketTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWish:
    """What a ticket shall be opened with.

    Attributes:
        key: The same key opens one ticket however often it is asked; "" for one by hand.
        customer_id: None: that of what it is linked to, if anybody's.
        note: First note among agents; "" for none.
    """

    queue_id: str
    reason: TicketReason
    subject: str = field(repr=False)
    by: str
    key: str = ""
    customer_id: str | None = None
    language: str = ""
    topic: str = ""
    priority: int = 2
    owner_id: str | None = None
    links: tuple[TicketLink, ...] = ()
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One change of a ticket, kept for ever.

    Attributes:
        change: As of `TicketChanged`.
        text: What was noted, or from what to what.
    """

    at: datetime
    by: str
    change: str
    text: str = field(repr=False)


class TicketDesk(Protocol):
    """What agents, rules and programs ask of tickets. All may raise `StoreError`."""

    async def open(self, wish: TicketWish) -> Ticket:
        """Open a ticket, or return the one with the same key.

        Raises:
            NotKnown: No such queue, owner or link.
        """
        ...

    async def get(self, ticket_id: str) -> Ticket:
        """Return a ticket, by its id or its number.

        Raises:
            NotKnown: There is no such ticket.
        """
        ...

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
        """Return tickets, the newest first; merged ones only where they are named."""
        ...

    async def step(self, ticket_id: str, trigger: TicketTrigger, by: str) -> Ticket:
        """Move it on.

        Raises:
            NotKnown: There is no such ticket.
            IllegalTransition: There is no such step.
        """
        ...

    async def assign(self, ticket_id: str, owner_id: str | None, by: str) -> Ticket:
        """Give it to an agent, or to nobody."""
        ...

    async def set_priority(self, ticket_id: str, priority: int, by: str) -> Ticket:
        """Set its priority, 1 to 4; its due time follows."""
        ...

    async def note(self, ticket_id: str, text: str, by: str) -> None:
        """Add a note among agents."""
        ...

    async def link(self, ticket_id: str, link: TicketLink, by: str) -> Ticket:
        """Add something that belongs to its matter; harmless when it is there."""
        ...

    async def merge(self, ticket_id: str, into: str, by: str) -> Ticket:
        """Let one ticket hold the matter of another too; returns the one that is left.

        Raises:
            NotKnown: No such ticket.
            IllegalTransition: They are the same, or one is merged already.
        """
        ...

    async def trail(self, ticket_id: str) -> Sequence[TrailEntry]:
        """Return every change, in order."""
        ...

    async def customer_wrote(
        self, kind: LinkKind, target_id: str, at: datetime | None = None
    ) -> Sequence[Ticket]:
        """The customer has written or called in something: what was pending or solved opens.

        Returns the tickets that have changed. What has come into its state after `at` stays: the
        customer wrote before; None: he has written now.
        """
        ...
