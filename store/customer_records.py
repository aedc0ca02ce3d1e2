"""Customers as the operator enters them: written, read, forgotten.

A customer is known by the operator's number, or, entered by nobody, by the identifier under
which he came. When an identifier is entered that belongs to such a caller alone, his contacts
become those of the entered customer. An identifier of two entered customers tells nobody: which
of them it is, only a person can say.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import BindParameter, Row, and_, bindparam, delete, insert, or_, select, update

from domain.addressing import Addressing, PlainAddressing
from domain.customer import Customer, CustomerChange, Identifier, IdentifierKind
from domain.customer_ports import PutCounts
from domain.errors import LimitExceeded
from domain.ports import Clock
from domain.proof import Proof
from store.conversation_schema import CUSTOMER_MEMBERS, CUSTOMER_MERGES
from store.customer_rows import (
    identifier_of,
    identifier_rows,
    purchase_rows,
    record_row,
    whole_customer,
)
from store.database import Database
from store.readers import Reading
from store.schema import (
    CONTACT_OUTCOMES,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_PURCHASES,
    CUSTOMER_RECORDS,
    CUSTOMER_SUMMARIES,
)
from store.schema import CUSTOMERS as CONSENTS
from store.statements import Step, upsert
from store.vault import Vault

Proofs = dict[tuple[str, Identifier], Proof]
"""What speaks for each address of each customer."""
BATCH_MAX: Final = 500
"""Customers of one write: their marks fit into one question to either database."""


class CustomerRecords:
    """Reads and writes `customer_records` and what belongs to a record."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        addressing: Addressing | None = None,
    ) -> None:
        """Keep them in a database that is open.

        Args:
            database: Open.
            vault: Seals what is personal.
            clock: Gives wall times.
            addressing: Knows how addresses are written; None: by separators alone.
        """
        self._database = database
        self.addressing: Final = addressing or PlainAddressing()
        self._vault = vault
        self._clock = clock
        # Between reading what is there and writing what it becomes nobody else may write.
        self.writing: Final = asyncio.Lock()
        self._put = upsert(database.dialect, CUSTOMER_RECORDS)
        self._put_identifier = upsert(database.dialect, CUSTOMER_IDENTIFIERS)
        self._add_purchase = insert(CUSTOMER_PURCHASES)
        identifiers = CUSTOMER_IDENTIFIERS.c
        self._drop_kind = delete(CUSTOMER_IDENTIFIERS).where(
            identifiers.customer_id == bindparam("whose"), identifiers.kind == bindparam("which")
        )
        whose: BindParameter[Any] = bindparam("whose")
        self._drop_purchases = delete(CUSTOMER_PURCHASES).where(
            CUSTOMER_PURCHASES.c.customer_id == whose
        )
        self._unlearn = (
            delete(CUSTOMER_CONTACTS).where(CUSTOMER_CONTACTS.c.customer_id == whose),
            delete(CUSTOMER_SUMMARIES).where(CUSTOMER_SUMMARIES.c.customer_id == whose),
        )
        self._forget = (
            # First, for it asks which contacts were his.
            delete(CONTACT_OUTCOMES).where(
                CONTACT_OUTCOMES.c.contact_id.in_(
                    select(CUSTOMER_CONTACTS.c.contact_id).where(
                        CUSTOMER_CONTACTS.c.customer_id == whose
                    )
                )
            ),
            delete(CONSENTS).where(
                CONSENTS.c.caller_mark.in_(
                    select(identifiers.mark).where(identifiers.customer_id == whose)
                )
            ),
            *self._unlearn,
            self._drop_purchases,
            delete(CUSTOMER_IDENTIFIERS).where(identifiers.customer_id == whose),
            delete(CUSTOMER_RECORDS).where(CUSTOMER_RECORDS.c.customer_id == whose),
            delete(CUSTOMER_MERGES).where(
                or_(CUSTOMER_MERGES.c.customer_id == whose, CUSTOMER_MERGES.c.member_id == whose)
            ),
            delete(CUSTOMER_MEMBERS).where(CUSTOMER_MEMBERS.c.member_id == whose),
        )
        self._order = (
            *(self._put, self._drop_kind, self._put_identifier),
            *(self._drop_purchases, self._add_purchase, *self._unlearn),
        )
        self._drop_moods = (
            update(CUSTOMER_CONTACTS)
            .where(CUSTOMER_CONTACTS.c.customer_id == whose)
            .values(mood="unknown")
        )

    async def put(self, changes: Iterable[CustomerChange]) -> PutCounts:
        """Write what is told of customers, each known by its number, in one commit.

        Raises:
            LimitExceeded: They are over 500.
            StoreError: Nothing is written.
        """
        told: dict[bytes, list[CustomerChange]] = defaultdict(list)
        for change in changes:
            assert change.number, "who has no number is written by `put_one`"
            told[self._number_mark(change.number)].append(self._canonical(change))
        if len(told) > BATCH_MAX:
            raise LimitExceeded("customers of one write", len(told), BATCH_MAX)
        if not told:
            return PutCounts()
        async with self.writing:
            async with self._database.reading("customers") as connection:
                by_mark = {
                    row.number_mark: row
                    for row in await connection.execute(
                        select(CUSTOMER_RECORDS).where(
                            CUSTOMER_RECORDS.c.number_mark.in_(list(told))
                        )
                    )
                }
                new = [each for mark, each in told.items() if mark not in by_mark]
                adopted = await self._unentered(connection, new)
                strangers = select(CUSTOMER_RECORDS).where(
                    CUSTOMER_RECORDS.c.customer_id.in_(list(adopted.values()))
                )
                rows = [*by_mark.values(), *await connection.execute(strangers)]
                proofs: Proofs = {}
                whole = await self._whole(connection, rows, proofs)
                known = {one.customer_id: one for one in whole}
            steps: list[Step] = []
            created = 0
            order = {id(statement): place for place, statement in enumerate(self._order)}
            for mark, each in told.items():
                row = by_mark.get(mark)
                if row is None:
                    created += 1
                    customer_id = adopted.get(id(each)) or derived_id(mark)
                    before = known.get(customer_id) or Customer(customer_id=customer_id)
                else:
                    before = known[row.customer_id]
                steps += self._steps(before, each, mark, proofs)
            # Steps of one customer keep their order, and those of one statement travel as one.
            steps.sort(key=lambda step: order[id(step.statement)])
            await self._database.write(f"{len(told)} customers", *steps)
        return PutCounts(created=created, changed=len(told) - created)

    async def put_one(self, customer_id: str, change: CustomerChange) -> None:
        """Write what is told of a customer by our id, whether he is known or not.

        Raises:
            StoreError: It is not written.
        """
        async with self.writing:
            query = select(CUSTOMER_RECORDS).where(CUSTOMER_RECORDS.c.customer_id == customer_id)
            async with self._database.reading(f"customer {customer_id}") as connection:
                rows = (await connection.execute(query)).all()
                proofs: Proofs = {}
                found = await self._whole(connection, rows, proofs)
            before = found[0] if found else Customer(customer_id=customer_id)
            mark = rows[0].number_mark if rows else None
            steps = self._steps(before, [self._canonical(change)], mark, proofs)
            await self._database.write(f"customer {customer_id}", *steps, urgent=False)

    async def find(self, *, number: str = "", customer_id: str = "") -> Customer | None:
        """Return a customer by one of the two; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        wanted = (
            CUSTOMER_RECORDS.c.number_mark == self._number_mark(number)
            if number
            else CUSTOMER_RECORDS.c.customer_id == customer_id
        )
        async with self._database.reading("customer") as connection:
            rows = (await connection.execute(select(CUSTOMER_RECORDS).where(wanted))).all()
            found = await self._whole(connection, rows)
        return found[0] if found else None

    async def forget(self, number: str) -> bool:
        """Forget a customer, his contacts' summary, answers and outcomes; False: there is none.

        Whoever is one with him by a merge is forgotten with him.

        The records of his contacts stay, as those of a stranger: they are the operator's proof
        of what was done.

        Raises:
            StoreError: He is not forgotten.
        """
        async with self.writing:
            customer = await self.find(number=number)
            if customer is None:
                return False
            # Who is one with others is a single person: all of him is forgotten.
            whose = tuple({"whose": one} for one in await self._one_with(customer.customer_id))
            # Two writes: within one, steps of several tables may change their order, and the
            # first ones ask tables that the others empty.
            what = f"customer {customer.customer_id}"
            await self._database.write(what, *(Step(one, whose) for one in self._forget[:2]))
            await self._database.write(what, *(Step(one, whose) for one in self._forget[2:]))
        return True

    async def _one_with(self, customer_id: str) -> Sequence[str]:
        """Return all who are one with a customer, himself among them."""
        table = CUSTOMER_MEMBERS.c
        of = select(table.customer_id).where(table.member_id == customer_id)
        async with self._database.reading(f"parts of customer {customer_id}") as connection:
            root = (await connection.execute(of)).scalar_one_or_none() or customer_id
            parts = select(table.member_id).where(table.customer_id == root)
            return [root, *(await connection.execute(parts)).scalars()]

    def without_moods(self, customer_id: str) -> Step:
        """Return the step that forgets how a customer felt in earlier contacts."""
        return Step(self._drop_moods, ({"whose": customer_id},))

    def _canonical(self, change: CustomerChange) -> CustomerChange:
        """Return a change with its addresses as they are kept."""
        canonical = self.addressing.canonical
        return replace(
            change,
            identifiers={
                kind: tuple(dict.fromkeys(canonical(one) for one in told))
                for kind, told in change.identifiers.items()
            },
            seen=tuple(canonical(one) for one in change.seen),
        )

    def _steps(
        self,
        before: Customer,
        changes: Sequence[CustomerChange],
        mark: bytes | None,
        proofs: Proofs,
    ) -> list[Step]:
        after = before
        for change in changes:
            after = change.applied_to(after)
        if mark is None and after.number:
            mark = self._number_mark(after.number)
        whose = ({"whose": after.customer_id},)
        now = self._clock.utc()
        row = record_row(after, self._vault, mark, now)
        steps = [Step(self._put, (row,))]
        told = dict.fromkeys(kind for change in changes for kind in change.identifiers)
        steps += [
            Step(self._drop_kind, ({"whose": after.customer_id, "which": kind.value},))
            for kind in told
        ]
        for identifier in after.identifiers:
            if identifier.kind in told or identifier not in before.identifiers:
                rows = identifier_rows(
                    after.customer_id,
                    identifier,
                    self.addressing.forms(identifier),
                    self._vault,
                    # What was proved stays so, though the operator tells it again.
                    proofs.get((after.customer_id, identifier), Proof.PRESENTED),
                )
                steps.append(Step(self._put_identifier, tuple(rows)))
        if any("purchases" in change.fields for change in changes):
            steps.append(Step(self._drop_purchases, whose))
            if after.purchases:
                steps.append(Step(self._add_purchase, tuple(purchase_rows(after, before, now))))
        if not after.profiling:
            steps += [Step(one, whose) for one in self._unlearn]
        return steps

    async def _whole(
        self,
        connection: Reading,
        rows: Sequence[Row[Any]],
        proofs: Proofs | None = None,
    ) -> list[Customer]:
        """Return the customers of rows; what speaks for their addresses goes into `proofs`."""
        if not rows:
            return []
        ids = [row.customer_id for row in rows]
        belongings: list[dict[str, list[Row[Any]]]] = []
        for table in (CUSTOMER_IDENTIFIERS, CUSTOMER_PURCHASES):
            theirs: dict[str, list[Row[Any]]] = defaultdict(list)
            query = select(table).where(table.c.customer_id.in_(ids))
            for row in await connection.execute(query):
                theirs[row.customer_id].append(row)
            belongings.append(theirs)
        identifiers, purchases = belongings
        for one in (each for theirs in identifiers.values() for each in theirs):
            if proofs is not None and one.sealed is not None:
                identifier = identifier_of(one, self._vault)
                if identifier is not None:
                    proofs[one.customer_id, identifier] = Proof(one.proof)
        return [
            whole_customer(
                row, identifiers[row.customer_id], purchases[row.customer_id], self._vault
            )
            for row in rows
        ]

    async def _unentered(
        self, connection: Reading, told: Sequence[Sequence[CustomerChange]]
    ) -> dict[int, str]:
        """Return whose customer_id each new customer takes over, by `id` of his changes.

        That of a caller whom nobody has entered and who came under an identifier of his.
        """
        wanted: dict[IdentifierKind, dict[bytes, int]] = defaultdict(dict)
        for changes in told:
            for identifier in _identifiers_of(changes):
                for form in self.addressing.forms(identifier):
                    wanted[identifier.kind].setdefault(self._vault.mark(form), id(changes))
        identifiers, records = CUSTOMER_IDENTIFIERS.c, CUSTOMER_RECORDS.c
        found: dict[int, str] = {}
        for kind, whose in wanted.items():
            marks = list(whose)
            for first in range(0, len(marks), BATCH_MAX):
                query = (
                    select(identifiers.mark, identifiers.customer_id)
                    .join(
                        CUSTOMER_RECORDS,
                        and_(
                            records.customer_id == identifiers.customer_id,
                            records.number_mark.is_(None),
                        ),
                    )
                    # With the kind, for by the mark alone no index finds them.
                    .where(
                        identifiers.kind == kind.value,
                        identifiers.mark.in_(marks[first : first + BATCH_MAX]),
                    )
                    .order_by(identifiers.customer_id)
                )
                for row in await connection.execute(query):
                    if row.customer_id not in found.values():
                        found.setdefault(whose[row.mark], row.customer_id)
        return found

    def _number_mark(self, number: str) -> bytes:
        # Apart from the marks of identifiers: a number may look like a telephone number.
        return self._vault.mark(f"number\0{number}")


def derived_id(mark: bytes) -> str:
    """Return the customer_id of who is known by a mark, the same whoever writes him first."""
    return hashlib.sha256(b"customer\0" + mark).hexdigest()[:32]


def _identifiers_of(changes: Sequence[CustomerChange]) -> Iterable[Identifier]:
    for change in changes:
        yield from change.seen
        for kind in change.identifiers.values():
            yield from kind
