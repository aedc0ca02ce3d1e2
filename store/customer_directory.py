"""Customers as the API and the command line ask for them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, and_, bindparam, delete, exists, select

from domain.addressing import Addressing
from domain.conversation_ports import Timelines
from domain.customer import Customer, CustomerChange
from domain.customer_derivation import profile_of
from domain.customer_joining import joined_customer, joined_summary
from domain.customer_ports import ContactOutcome, CustomerView, PutCounts
from domain.errors import NotKnown
from domain.identity_ports import Exporter
from domain.ports import Clock
from domain.proof import Proof
from store.contact_origins import ContactOrigins
from store.conversation_schema import TIMELINE
from store.customer_memory import CustomerMemory
from store.customer_records import CustomerRecords
from store.database import Database
from store.forgetting import Forgetting
from store.identities import Identities
from store.schema import (
    CONTACT_OUTCOMES,
    CONTACTS,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_RECORDS,
    CUSTOMER_SUMMARIES,
)
from store.statements import Step, upsert
from store.vault import Vault

RECENT_CONTACTS: Final = 10
"""Shown of a customer: what an agent can take in while the telephone rings."""


class CustomerDirectory:
    """Implements `domain.customer_ports.CustomerDirectory`."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        *,
        history_days: int,
        addressing: Addressing | None = None,
    ) -> None:
        """Keep customers in a database that is open.

        Args:
            database: Open.
            vault: Seals what is personal.
            clock: Gives wall times.
            history_days: See `CustomerMemory`.
            addressing: See `CustomerRecords`.
        """
        self._database = database
        self._clock = clock
        self._history_days = history_days
        self.records: Final = CustomerRecords(database, vault, clock, addressing)
        self.identities: Final = Identities(database, vault, clock, self.records)
        self.origins: Final = ContactOrigins(database, vault)
        # Joined by whoever opens the store with its conversations.
        self.timelines: Timelines | None = None
        self.exporter: Exporter | None = None
        self.open_tickets: Callable[[Sequence[str]], Awaitable[int]] | None = None
        self.memory: Final = CustomerMemory(
            database, vault, clock, self.records, history_days=history_days
        )
        self.forgetting: Final = Forgetting(database)
        self._put_outcome = upsert(database.dialect, CONTACT_OUTCOMES)
        until: BindParameter[Any] = bindparam("until")
        old = select(CUSTOMER_RECORDS.c.customer_id).where(
            and_(CUSTOMER_RECORDS.c.number_mark.is_(None), CUSTOMER_RECORDS.c.changed_at < until),
            CUSTOMER_RECORDS.c.customer_id.not_in(select(CUSTOMER_SUMMARIES.c.customer_id)),
            # Who has written to us is forgotten with what he has written, and not before.
            ~exists().where(TIMELINE.c.customer_id == CUSTOMER_RECORDS.c.customer_id),
        )
        # Each asks what the next one empties, so each is a write of its own.
        self._forget_old = (
            delete(CUSTOMER_CONTACTS).where(CUSTOMER_CONTACTS.c.at < until),
            delete(CONTACT_OUTCOMES).where(CONTACT_OUTCOMES.c.reported_at < until),
            delete(CUSTOMER_SUMMARIES).where(CUSTOMER_SUMMARIES.c.changed_at < until),
            delete(CUSTOMER_IDENTIFIERS).where(CUSTOMER_IDENTIFIERS.c.customer_id.in_(old)),
            delete(CUSTOMER_RECORDS).where(CUSTOMER_RECORDS.c.customer_id.in_(old)),
        )

    async def put(self, changes: Iterable[CustomerChange]) -> PutCounts:
        """Write what is told of some customers, each known by its number, in one commit.

        Raises:
            LimitExceeded: They are over 500.
            StoreError: Nothing is written.
        """
        return await self.records.put(changes)

    async def by_number(self, number: str) -> CustomerView | None:
        """Return the customer with the operator's number; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        return await self._view(await self.records.find(number=number), None)

    async def by_id(self, customer_id: str) -> CustomerView | None:
        """Return the customer with our id; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        return await self._view(await self.records.find(customer_id=customer_id), None)

    async def of_contact(self, contact_id: str) -> CustomerView | None:
        """Return whose contact it is; None: nobody can say.

        Raises:
            StoreError: The database cannot be read.
        """
        arrival = await self.memory.arrival(contact_id, open_identifier=False)
        if arrival is None or arrival.customer is None:
            return None
        customer = await self.records.find(customer_id=arrival.customer.customer_id)
        return await self._view(customer, arrival.queue_id, arrival.proof)

    async def forget(self, number: str) -> bool:
        """Forget a customer with all that was learnt of him and written; False: there was none.

        Raises:
            StoreError: He is not forgotten, or not all of him: to be asked again.
        """
        customer = await self.records.find(number=number)
        if customer is not None:
            await self.forgetting.forget(customer.customer_id)
        return await self.records.forget(number)

    async def keep_outcome(self, outcome: ContactOutcome) -> None:
        """Write what became of a contact, in the place of what was said before.

        Raises:
            NotKnown: There is no such contact.
            StoreError: It is not written.
        """
        query = select(CONTACTS.c.contact_id).where(CONTACTS.c.contact_id == outcome.contact_id)
        async with self._database.reading(f"contact {outcome.contact_id}") as connection:
            if (await connection.execute(query)).first() is None:
                raise NotKnown("contact", outcome.contact_id)
        row = {
            "contact_id": outcome.contact_id,
            "resolved": outcome.resolved,
            "satisfied": outcome.satisfied,
            "topic": outcome.topic,
            "reported_at": self._clock.utc(),
        }
        await self._database.write(
            f"outcome of contact {outcome.contact_id}", Step(self._put_outcome, (row,))
        )

    async def forget_old(self) -> None:
        """Forget contacts, and callers whom nobody has entered, that are older than remembered.

        To be called at the start.

        Raises:
            StoreError: It is not written.
        """
        until = {"until": self._clock.utc() - timedelta(days=self._history_days)}
        for statement in self._forget_old:
            await self._database.write("old contacts of customers", Step(statement, (until,)))

    async def _view(
        self, customer: Customer | None, queue_id: str | None, proof: Proof | None = None
    ) -> CustomerView | None:
        if customer is None:
            return None
        root = await self.identities.root(customer.customer_id)
        group = await self.memory.group(root)
        others = [one for one in group if one != root]
        seen = customer
        if others:
            whole = [await self.records.find(customer_id=one) for one in group]
            together = joined_customer([one for one in whole if one is not None])
            # Who is part of another is shown as he was entered; what follows is of all.
            seen = together if customer.customer_id == root else customer
            customer = together
        profiled = customer.profiling
        summaries = [one for one in group.values() if one is not None] if profiled else []
        summary = joined_summary(summaries)
        return CustomerView(
            customer=seen,
            profile=profile_of(summary, customer, self._clock.utc(), queue_id=queue_id),
            summary=summary,
            recent=await self.memory.recent(list(group), RECENT_CONTACTS) if profiled else (),
            members=others if seen.customer_id == root else (),
            own_tickets=0 if self.open_tickets is None else await self.open_tickets(list(group)),
            merged_into=None if seen.customer_id == root else root,
            proof=proof,
        )
