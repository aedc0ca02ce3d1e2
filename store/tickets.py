"""Tickets: written with their trail and timeline in one commit, found by everything asked for.

A node and the command line may change the same ticket. Each change has a place in the trail, and
of two who write the same place the database refuses one; so nobody overwrites what he has not
read. The number is given by the database inside the transaction, for the same reason.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from domain.errors import Outdated, StoreError
from domain.proof import Proof
from domain.ticket import LinkKind, Ticket, TicketLink, TicketState
from domain.ticket_ports import TrailEntry
from domain.ticket_store import (
    FOUND_MAX,
    LinkTarget,
    StoredTicket,
    TicketCount,
    TicketQuestion,
    TicketWrite,
)
from domain.timeline import EntryKind
from store.conversation_schema import CUSTOMER_MEMBERS, TIMELINE
from store.customer_memory import CustomerMemory
from store.database import Database
from store.statements import Step, upsert
from store.ticket_rows import changing_columns, entry_of, ticket_of, ticket_row, trail_row
from store.ticket_schema import TICKET_LINKS, TICKET_TRAIL, TICKETS
from store.ticket_targets import concerned, look
from store.vault import Vault

NUMBERS_TRIED: Final = 5
"""Times that another process may take the same number before we do, on a database that lets two
write at once."""
_CHANGES_STATE: Final = ("opened", "state", "merged")
_LIVE: Final = ("new", "open", "pending")
_KNOWN_CONFLICTS: Final = {
    "number": ("tickets.number", "tickets_number"),
    "key": ("tickets.key_mark", "tickets_key_mark"),
    "trail": ("ticket_trail.", "ticket_trail_pk"),
}


class Tickets:
    """Implements `domain.ticket_store.TicketStore`."""

    def __init__(self, database: Database, vault: Vault, memory: CustomerMemory) -> None:
        """Keep tickets in a database that is open; `memory` says whose a contact is."""
        self._database = database
        self._vault = vault
        self._memory = memory
        other = TICKETS.alias()
        number = select(func.coalesce(func.max(other.c.number), 0) + 1).scalar_subquery()
        self._insert = insert(TICKETS).values(number=number)
        whose: BindParameter[Any] = bindparam("whose")
        self._update = update(TICKETS).where(TICKETS.c.ticket_id == whose)
        self._insert_link = upsert(database.dialect, TICKET_LINKS)
        self._delete_link = delete(TICKET_LINKS).where(
            TICKET_LINKS.c.ticket_id == whose,
            TICKET_LINKS.c.kind == bindparam("which"),
            TICKET_LINKS.c.target_id == bindparam("what"),
        )
        self._insert_entry = insert(TICKET_TRAIL)
        self._put_line = upsert(database.dialect, TIMELINE)

    async def add(
        self, ticket: Ticket, entries: Sequence[TrailEntry], key: str
    ) -> tuple[StoredTicket, bool]:
        """Write a new ticket and give it the next number; one only of each key.

        Raises:
            StoreError: It is not written.
        """
        row = {**ticket_row(ticket, self._vault), "key_mark": self._key_mark(key)}
        steps = [Step(self._insert, (row,)), *self._rest(ticket, None, entries, 0)]
        for left in reversed(range(NUMBERS_TRIED)):
            try:
                await self._database.write(f"ticket {ticket.ticket_id}", *steps)
            except StoreError as error:
                if key and _conflict(error) == "key":
                    first = await self.by_key(key)
                    if first is not None:
                        return first, False
                if _conflict(error) != "number" or left == 0:
                    raise
            else:
                break
        stored = await self.get(ticket.ticket_id)
        if stored is None:
            raise StoreError(f"ticket {ticket.ticket_id}: gone as soon as it was written")
        return stored, True

    async def save(self, *writes: TicketWrite) -> None:
        """Write changes of some tickets, all or none.

        Raises:
            Outdated: One was changed since it was read.
            StoreError: They are not written.
        """
        steps: list[Step] = []
        for write in writes:
            after = write.after
            row = {"whose": after.ticket_id, **changing_columns(after)}
            steps.append(Step(self._update, (row,)))
            steps += self._rest(after, write.before.ticket, write.entries, write.before.version)
        names = ", ".join(write.after.ticket_id for write in writes)
        try:
            await self._database.write(f"ticket {names}", *steps)
        except StoreError as error:
            if _conflict(error) == "trail":
                raise Outdated(f"ticket {names}: changed by somebody else meanwhile") from None
            raise

    async def get(self, ticket_id: str) -> StoredTicket | None:
        """Return a ticket by its id or its number; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        condition = TICKETS.c.ticket_id == ticket_id
        # An id has 32 digits, some of them letters or not; no number is that long.
        if len(ticket_id) < 10 and ticket_id.isascii() and ticket_id.isdecimal():
            condition = TICKETS.c.number == int(ticket_id)
        found = await self._read(f"ticket {ticket_id}", _QUERY.where(condition))
        return found[0] if found else None

    async def by_key(self, key: str) -> StoredTicket | None:
        """Return the ticket that was opened with a key.

        Raises:
            StoreError: The database cannot be read.
        """
        query = _QUERY.where(TICKETS.c.key_mark == self._key_mark(key))
        found = await self._read("ticket of a key", query)
        return found[0] if found else None

    async def find(self, question: TicketQuestion) -> Sequence[StoredTicket]:
        """Return tickets, the newest first, without merged ones.

        Raises:
            StoreError: The database cannot be read.
        """
        columns = TICKETS.c
        query = _QUERY.where(columns.merged_into.is_(None))
        if question.customer_ids:
            query = query.where(_of_customers(question.customer_ids))
        if question.owner_id is not None:
            query = query.where(columns.owner_id == question.owner_id)
        if question.queue_id is not None:
            query = query.where(columns.queue_id == question.queue_id)
        if question.states:
            query = query.where(columns.state.in_([state.value for state in question.states]))
        if question.overdue_at is not None:
            query = query.where(_overdue(question.overdue_at))
        if question.link is not None:
            links = TICKET_LINKS.c
            query = query.where(
                columns.ticket_id.in_(
                    select(links.ticket_id).where(
                        links.target_id == question.link.target_id,
                        links.kind == question.link.kind.value,
                    )
                )
            )
        if question.before is not None:
            query = query.where(columns.ticket_id < question.before)
        query = query.order_by(columns.ticket_id.desc()).limit(min(question.limit, FOUND_MAX))
        return await self._read("tickets", query)

    async def untold(self, now: datetime, limit: int) -> Sequence[StoredTicket]:
        """Return overdue tickets of which the trail does not say yet that they are.

        Raises:
            StoreError: The database cannot be read.
        """
        told = exists().where(
            TICKET_TRAIL.c.ticket_id == TICKETS.c.ticket_id,
            TICKET_TRAIL.c.change == "due",
            TICKET_TRAIL.c.at >= TICKETS.c.due_at,
        )
        query = _QUERY.where(_overdue(now), ~told).order_by(TICKETS.c.due_at).limit(limit)
        return await self._read("overdue tickets", query)

    async def solved_before(self, until: datetime, limit: int) -> Sequence[StoredTicket]:
        """Return solved tickets that may be closed.

        Raises:
            StoreError: The database cannot be read.
        """
        solved = TICKETS.c.state == TicketState.SOLVED.value
        query = _QUERY.where(solved, TICKETS.c.solved_at < until).limit(limit)
        return await self._read("solved tickets", query)

    async def trail(self, ticket_id: str) -> Sequence[TrailEntry]:
        """Return every change of a ticket, in order.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(TICKET_TRAIL)
            .where(TICKET_TRAIL.c.ticket_id == ticket_id)
            .order_by(TICKET_TRAIL.c.place)
        )
        async with self._database.reading(f"trail of ticket {ticket_id}") as connection:
            rows = (await connection.execute(query)).all()
        return [entry_of(row, self._vault) for row in rows]

    async def look(self, link: TicketLink) -> LinkTarget | None:
        """Return what is known of a target; None: there is no such thing.

        Raises:
            StoreError: The database cannot be read.
        """
        async with self._database.reading(f"{link.kind} {link.target_id}") as connection:
            target = await look(connection, link)
        if target is None or target.customer_id is not None or link.kind is not LinkKind.CONTACT:
            return target
        # A contact that is not over has no row of its customer yet.
        arrival = await self._memory.arrival(link.target_id, open_identifier=False)
        if arrival is None or arrival.customer is None:
            return target
        return replace(target, customer_id=arrival.customer.customer_id)

    async def concerned(
        self, conversation_ids: Sequence[str], contact_ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of them in which a customer's word may move a ticket on.

        Raises:
            StoreError: The database cannot be read.
        """
        return await concerned(self._database, conversation_ids, contact_ids)

    async def counts(self, now: datetime) -> Sequence[TicketCount]:
        """Count the new, open, pending and solved tickets.

        Raises:
            StoreError: The database cannot be read.
        """
        columns = TICKETS.c
        query = (
            select(
                columns.state,
                columns.queue_id,
                func.count().label("tickets"),
                func.sum(case((_overdue(now), 1), else_=0)).label("overdue"),
            )
            .where(columns.state.in_((*_LIVE, TicketState.SOLVED.value)))
            .group_by(columns.state, columns.queue_id)
        )
        async with self._database.reading("numbers of tickets") as connection:
            rows = (await connection.execute(query)).all()
        return [
            TicketCount(
                state=TicketState(row.state),
                queue_id=row.queue_id,
                tickets=int(row.tickets),
                overdue=int(row.overdue),
            )
            for row in rows
        ]

    async def open_count(self, customer_ids: Sequence[str]) -> int:
        """Return how many tickets of these customers are new, open or pending.

        Raises:
            StoreError: The database cannot be read.
        """
        if not customer_ids:
            return 0
        query = (
            select(func.count())
            .select_from(TICKETS)
            .where(_of_customers(customer_ids), TICKETS.c.state.in_(_LIVE))
        )
        async with self._database.reading("number of a customer's tickets") as connection:
            return int((await connection.execute(query)).scalar_one())

    def _rest(
        self, ticket: Ticket, before: Ticket | None, entries: Sequence[TrailEntry], place: int
    ) -> list[Step]:
        """Return the steps for links, trail and timeline."""
        steps: list[Step] = []
        old = frozenset(() if before is None else before.links)
        gone = [
            {"whose": ticket.ticket_id, "which": link.kind.value, "what": link.target_id}
            for link in sorted(old - set(ticket.links))
        ]
        new = [
            {"ticket_id": ticket.ticket_id, "kind": link.kind.value, "target_id": link.target_id}
            for link in ticket.links
            if link not in old
        ]
        if gone:
            steps.append(Step(self._delete_link, tuple(gone)))
        if new:
            steps.append(Step(self._insert_link, tuple(new)))
        rows = (
            trail_row(ticket.ticket_id, number, entry, self._vault)
            for number, entry in enumerate(entries, start=place)
        )
        steps.append(Step(self._insert_entry, tuple(rows)))
        known_before = None if before is None else before.customer_id
        if ticket.customer_id is not None and ticket.customer_id != known_before:
            steps.append(Step(self._put_line, (_line(ticket),)))
        return steps

    async def _read(self, what: str, query: Select[Any]) -> Sequence[StoredTicket]:
        async with self._database.reading(what) as connection:
            rows = (await connection.execute(query)).all()
            links: dict[str, list[Row[Any]]] = defaultdict(list)
            if rows:
                ids = [row.ticket_id for row in rows]
                mine = select(TICKET_LINKS).where(TICKET_LINKS.c.ticket_id.in_(ids))
                for link in await connection.execute(mine):
                    links[link.ticket_id].append(link)
        return [
            StoredTicket(
                ticket_of(row, links[row.ticket_id], self._vault),
                row.version,
                row.since or row.opened_at,
            )
            for row in rows
        ]

    def _key_mark(self, key: str) -> bytes | None:
        return self._vault.mark(f"ticket\0{key}") if key else None


def _query() -> Select[Any]:
    """Return the query for tickets, each with its version and since when its state holds."""
    trail = TICKET_TRAIL.c
    mine = trail.ticket_id == TICKETS.c.ticket_id
    version = select(func.coalesce(func.max(trail.place) + 1, 0)).where(mine)
    since = select(func.max(trail.at)).where(mine, trail.change.in_(_CHANGES_STATE))
    return select(
        TICKETS,
        version.scalar_subquery().label("version"),
        since.scalar_subquery().label("since"),
    )


_QUERY: Final = _query()


def _overdue(now: datetime) -> Any:
    return and_(TICKETS.c.state.in_(("new", "open")), TICKETS.c.due_at < now)


def _of_customers(customer_ids: Sequence[str]) -> Any:
    members = select(CUSTOMER_MEMBERS.c.member_id).where(
        CUSTOMER_MEMBERS.c.customer_id.in_(customer_ids)
    )
    customer_id = TICKETS.c.customer_id
    return or_(customer_id.in_(customer_ids), customer_id.in_(members))


def _line(ticket: Ticket) -> dict[str, Any]:
    """Return the ticket's entry in the timeline of its customer."""
    conversations = (link.target_id for link in ticket.links if link.kind is LinkKind.CONVERSATION)
    return {
        "entry_id": ticket.ticket_id,
        "customer_id": ticket.customer_id,
        "at": ticket.opened_at,
        "kind": EntryKind.TICKET.value,
        "channel": None,
        "conversation_id": next(conversations, None),
        "proof": Proof.PRESENTED.value,
        "note": "",
    }


def _conflict(error: StoreError) -> str | None:
    """Return which of our own constraints refused a write: "number", "key", "trail" or none."""
    text = str(error)
    if "UNIQUE" not in text and "unique" not in text:
        return None
    for name, marks in _KNOWN_CONFLICTS.items():
        if any(mark in text for mark in marks):
            return name
    return None
