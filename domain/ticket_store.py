"""The port behind which tickets are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from domain.ticket import Ticket, TicketLink, TicketState
from domain.ticket_ports import TrailEntry

FOUND_MAX: Final = 200
"""Tickets of one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketQuestion:
    """Which tickets are asked for; what is None or empty asks for all.

    Attributes:
        customer_ids: Of one of these customers, or of whoever is part of them.
        overdue_at: Only those that were due before.
        before: Only older ones than this ticket_id.
    """

    customer_ids: Sequence[str] = ()
    owner_id: str | None = None
    queue_id: str | None = None
    states: Sequence[TicketState] = ()
    overdue_at: datetime | None = None
    link: TicketLink | None = None
    limit: int = 50
    before: str | None = None


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A ticket as it was read.

    Attributes:
        version: How many entries its trail had: who writes an entry in the same place is refused.
        since: When it came into its state, as its trail says.
    """

    ticket: Ticket
    version: int
    since: datetime


@dataclass(frozen=True, slots=True)
class TicketWrite:
    """A change to be written.

    Attributes:
        before: As it was read.
        after: As it shall stand.
        entries: New entries of the trail, at least one.
    """

    before: StoredTicket
    after: Ticket
    entries: tuple[TrailEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTarget:
    """What is known of something that a ticket is linked to.

    Attributes:
        customer_id: Whose it is; None where it is not sure enough to be told.
        conversation_id: To which it belongs; None: to none.
    """

    customer_id: str | None = None
    conversation_id: str | None = None
    queue_id: str | None = None
    channel: str | None = None
    language: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCount:
    """How many tickets that somebody has to look after stand in a state of a queue."""

    state: TicketState
    queue_id: str
    tickets: int
    overdue: int


class TicketStore(Protocol):
    """The record of tickets. Every method may raise `StoreError`."""

    async def add(
        self, ticket: Ticket, entries: Sequence[TrailEntry], key: str
    ) -> tuple[StoredTicket, bool]:
        """Write a new ticket and give it the next number.

        Returns the ticket, and whether it is new: of the same key there is one only.
        """
        ...

    async def save(self, *writes: TicketWrite) -> None:
        """Write changes of some tickets, all or none.

        Raises:
            Outdated: One was changed since it was read.
        """
        ...

    async def get(self, ticket_id: str) -> StoredTicket | None:
        """Return a ticket by its id or its number; None: there is none."""
        ...

    async def by_key(self, key: str) -> StoredTicket | None:
        """Return the ticket that was opened with a key."""
        ...

    async def find(self, question: TicketQuestion) -> Sequence[StoredTicket]:
        """Return tickets, the newest first, without merged ones."""
        ...

    async def untold(self, now: datetime, limit: int) -> Sequence[StoredTicket]:
        """Return overdue tickets of which the trail does not say yet that they are."""
        ...

    async def solved_before(self, until: datetime, limit: int) -> Sequence[StoredTicket]:
        """Return solved tickets that may be closed."""
        ...

    async def trail(self, ticket_id: str) -> Sequence[TrailEntry]:
        """Return every change of a ticket, in order."""
        ...

    async def look(self, link: TicketLink) -> LinkTarget | None:
        """Return what is known of a target; None: there is no such thing."""
        ...

    async def concerned(
        self, conversation_ids: Sequence[str], contact_ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of them in which a customer's word may move a ticket on.

        Asked for many at once, so that messages that no ticket is about cost next to nothing.
        """
        ...

    async def counts(self, now: datetime) -> Sequence[TicketCount]:
        """Count the new, open, pending and solved tickets."""
        ...

    async def open_count(self, customer_ids: Sequence[str]) -> int:
        """Return how many tickets of these customers are new, open or pending."""
        ...
