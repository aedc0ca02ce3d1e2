"""Who is who: addresses recognised and linked, customers merged and unmerged.

`customer_merges` is the trail and `customer_members` what follows from it, written together.
Nothing else of a customer is changed by a merge, so that undoing it leaves nothing behind.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from domain.customer import IDENTIFIERS_MAX, Customer, Identifier, IdentifierKind
from domain.customer_merging import MEMBERS_MAX, group_of, roots_of
from domain.errors import IllegalTransition, LimitExceeded, NotKnown
from domain.identity_ports import KnownIdentifier, MergeRecord, Recognition
from domain.ports import Clock
from domain.proof import Proof
from domain.recognition import Candidate, choose
from domain.timeline import EntryKind
from store.conversation_schema import CUSTOMER_MEMBERS, CUSTOMER_MERGES, TIMELINE
from store.customer_records import CustomerRecords, derived_id
from store.customer_rows import identifier_of, identifier_rows, record_row
from store.customers import HIDDEN
from store.database import Database
from store.merge_trail import MergeTrail
from store.schema import CUSTOMER_IDENTIFIERS, CUSTOMER_RECORDS
from store.statements import Step, filled, insert_into, one_of, places_for, upsert
from store.vault import Vault

_WHO: Final[Select[Any]] = (
    select(
        CUSTOMER_IDENTIFIERS.c.customer_id,
        CUSTOMER_IDENTIFIERS.c.mark,
        CUSTOMER_IDENTIFIERS.c.proof,
        CUSTOMER_RECORDS.c.number_mark,
        func.coalesce(CUSTOMER_MEMBERS.c.customer_id, CUSTOMER_IDENTIFIERS.c.customer_id).label(
            "root"
        ),
    )
    .join(CUSTOMER_RECORDS, CUSTOMER_RECORDS.c.customer_id == CUSTOMER_IDENTIFIERS.c.customer_id)
    .outerjoin(CUSTOMER_MEMBERS, CUSTOMER_MEMBERS.c.member_id == CUSTOMER_IDENTIFIERS.c.customer_id)
)
"""Everybody who has an address, with whom he is part of."""


class Identities:
    """Implements `domain.identity_ports.Identities`, and tells nobody; see `customers.identity`."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, records: CustomerRecords
    ) -> None:
        """Keep them in a database that is open.

        Args:
            database: Open.
            vault: Seals and marks addresses.
            clock: Gives wall times.
            records: Of the same database: whoever writes there waits for its lock.
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._records = records
        self._addressing = records.addressing
        self._trail = MergeTrail(database, vault)
        dialect = database.dialect
        self._add_record = insert_into(dialect, CUSTOMER_RECORDS).on_conflict_do_nothing()
        self._add_identifier = insert_into(dialect, CUSTOMER_IDENTIFIERS).on_conflict_do_nothing()
        identifiers, members = CUSTOMER_IDENTIFIERS.c, CUSTOMER_MEMBERS.c
        named = (
            identifiers.customer_id == bindparam("whose"),
            identifiers.kind == bindparam("which"),
            identifiers.mark == bindparam("what"),
        )
        self._drop_identifier = delete(CUSTOMER_IDENTIFIERS).where(*named)
        self._set_proof = (
            update(CUSTOMER_IDENTIFIERS).where(*named).values(proof=bindparam("how_sure"))
        )
        self._drop_member = delete(CUSTOMER_MEMBERS).where(members.member_id == bindparam("whose"))
        self._put_member = upsert(dialect, CUSTOMER_MEMBERS)
        self._add_merge = insert(CUSTOMER_MERGES)
        self._undo_merge = (
            update(CUSTOMER_MERGES)
            .where(CUSTOMER_MERGES.c.merge_id == bindparam("which"))
            .values(
                undone_at=bindparam("at"),
                undone_by=bindparam("who"),
                undone_reason=bindparam("why"),
            )
        )
        self._note = insert_into(dialect, TIMELINE).on_conflict_do_nothing()

    # Addresses.

    async def recognise(self, identifier: Identifier, proof: Proof) -> Recognition:
        """Return whose an address is; see `domain.identity_ports.Identities`.

        Raises:
            StoreError: It cannot be read, or a new customer not written.
        """
        if not identifier.value or identifier.value.lower() in HIDDEN:
            return Recognition(customer_id=None, proof=Proof.NONE)
        marks = self._marks(identifier)
        candidates, seen = await self._candidates(identifier.kind, marks)
        if not candidates:
            if identifier.kind is IdentifierKind.VISITOR or not proof.joins:
                return Recognition(customer_id=None, proof=Proof.NONE)
            async with self._records.writing:
                # Another contact of the same address may have come first.
                candidates, seen = await self._candidates(identifier.kind, marks)
                if not candidates:
                    # Begun in the turn of the lock; the commit is shared with others. The same
                    # address makes the same customer, so that twice is once.
                    made = asyncio.create_task(self._make(identifier, proof))
            if not candidates:
                return await made
        choice = choose(candidates, proof)
        if choice.chosen is None:
            return Recognition(customer_id=None, proof=choice.proof, candidates=choice.roots)
        whose = choice.chosen.customer_id
        await self._learn_form(identifier, whose, choice.chosen.proof, seen)
        return Recognition(customer_id=choice.chosen.root, proof=choice.proof, member_id=whose)

    async def link(
        self, customer_id: str, identifier: Identifier, proof: Proof, by: str
    ) -> Customer:
        """Let an address belong to a customer; the stronger proof stays.

        Raises:
            NotKnown: There is no such customer.
            LimitExceeded: He has as many addresses as can be.
            StoreError: It is not written.
        """
        del by  # The journal of events and the log say who it was.
        async with self._records.writing:
            customer = await self._whole(customer_id)
            candidates, _ = await self._candidates(identifier.kind, self._marks(identifier))
            before = next((one for one in candidates if one.customer_id == customer_id), None)
            if before is None and len(customer.identifiers) >= IDENTIFIERS_MAX:
                count = len(customer.identifiers) + 1
                raise LimitExceeded("addresses of one customer", count, IDENTIFIERS_MAX)
            if before is None:
                step = Step(self._add_identifier, self._rows(customer_id, identifier, proof))
            else:
                surer = max(proof, before.proof, key=lambda one: one.strength)
                step = Step(self._set_proof, self._named([customer_id], identifier, surer))
            await self._database.write(f"address of customer {customer_id}", step)
        return await self._whole(customer_id)

    async def unlink(self, customer_id: str, identifier: Identifier, by: str) -> Customer:
        """Take an address away from a customer, or from the part of him whose it is.

        Raises:
            NotKnown: There is no such customer, or it is not his.
            StoreError: It is not written.
        """
        del by
        async with self._records.writing:
            await self._whole(customer_id)
            members = set(await self.members(customer_id))
            candidates, _ = await self._candidates(identifier.kind, self._marks(identifier))
            whose = [one.customer_id for one in candidates if one.customer_id in members]
            if not whose:
                raise NotKnown("address of customer", customer_id)
            step = Step(self._drop_identifier, self._named(whose, identifier))
            await self._database.write(f"address of customer {customer_id}", step)
        return await self._whole(customer_id)

    async def identifiers(self, customer_id: str) -> Sequence[KnownIdentifier]:
        """Return the addresses of a customer and of all who are part of him, in order.

        Raises:
            NotKnown: There is no such customer.
            StoreError: The database cannot be read.
        """
        await self._whole(customer_id)
        table = CUSTOMER_IDENTIFIERS
        query = select(table).where(
            table.c.customer_id.in_(await self.members(customer_id)), table.c.sealed.is_not(None)
        )
        async with self._database.reading(f"addresses of customer {customer_id}") as connection:
            rows = (await connection.execute(query)).all()
        found = [
            KnownIdentifier(
                identifier=identifier, proof=Proof(row.proof), customer_id=row.customer_id
            )
            for row in rows
            if (identifier := identifier_of(row, self._vault)) is not None
        ]
        return sorted(found, key=lambda one: (one.identifier, one.customer_id))

    async def strangers(self, identifier: Identifier) -> Sequence[str]:
        """Return the customers whom nobody has entered and who have this address alone.

        Raises:
            StoreError: The database cannot be read.
        """
        candidates, _ = await self._candidates(identifier.kind, self._marks(identifier))
        unknown = [one.customer_id for one in candidates if not one.entered]
        table = CUSTOMER_IDENTIFIERS.c
        query = (
            select(table.customer_id)
            .where(table.customer_id.in_(unknown), table.sealed.is_not(None))
            .group_by(table.customer_id)
            .having(func.count() > 1)
        )
        async with self._database.reading("strangers of an address") as connection:
            with_more = {row.customer_id for row in await connection.execute(query)}
        return [one for one in unknown if one not in with_more]

    # Merges.

    async def merge(self, customer_id: str, member_id: str, by: str, reason: str) -> MergeRecord:
        """Let two customers be one; see `domain.identity_ports.Identities`.

        Raises:
            NotKnown: No such customer.
            IllegalTransition: They are one already.
            LimitExceeded: More than 50 would be one.
            StoreError: It is not written.
        """
        async with self._records.writing:
            for one in (customer_id, member_id):
                await self._whole(one)
            trail = await self._trail.of([customer_id, member_id])
            roots = roots_of(trail)
            groups = [group_of(one, roots) for one in (customer_id, member_id)]
            if groups[0] == groups[1]:
                raise IllegalTransition("Customers", "one", "merge")
            if (size := sum(map(len, groups))) > MEMBERS_MAX:
                raise LimitExceeded("customers who are one", size, MEMBERS_MAX)
            merge = MergeRecord(
                merge_id=self._new_id(),
                customer_id=customer_id,
                member_id=member_id,
                by=by,
                reason=reason,
                merged_at=self._trail.after(trail, self._clock.utc()),
            )
            await self._database.write(
                f"merge {merge.merge_id}",
                Step(self._add_merge, (self._trail.row(merge),)),
                *self._members([*trail, merge]),
                self._noted(merge.merge_id, customer_id, merge.merged_at, "merged"),
            )
        return merge

    async def unmerge(self, merge_id: str, by: str, reason: str) -> MergeRecord:
        """Undo a merge; see `domain.identity_ports.Identities`.

        Raises:
            NotKnown: No such merge.
            IllegalTransition: It is undone already.
            StoreError: It is not written.
        """
        async with self._records.writing:
            merge = await self._trail.get(merge_id)
            if merge is None:
                raise NotKnown("merge", merge_id)
            if merge.undone_at is not None:
                raise IllegalTransition("Merge", "undone", "undo")
            trail = await self._trail.of([merge.customer_id, merge.member_id])
            undone = self._trail.undone(merge, self._clock.utc(), by, reason)
            row = self._trail.row(undone)
            change = {
                "which": merge_id,
                "at": row["undone_at"],
                "who": by,
                "why": row["undone_reason"],
            }
            assert undone.undone_at is not None
            await self._database.write(
                f"merge {merge_id} undone",
                Step(self._undo_merge, (change,)),
                *self._members([undone if one.merge_id == merge_id else one for one in trail]),
                self._noted(self._new_id(), merge.customer_id, undone.undone_at, "unmerged"),
                self._noted(self._new_id(), merge.member_id, undone.undone_at, "unmerged"),
            )
        return undone

    async def merges(self, customer_id: str) -> Sequence[MergeRecord]:
        """Return the merges of a customer and of all who are part of him, the newest first.

        Raises:
            StoreError: The database cannot be read.
        """
        return await self._trail.all_of(await self.members(customer_id))

    async def root(self, customer_id: str) -> str:
        """Return the customer of whom this one is part; himself when of nobody.

        Raises:
            StoreError: The database cannot be read.
        """
        table = CUSTOMER_MEMBERS.c
        query = select(table.customer_id).where(table.member_id == customer_id)
        async with self._database.reading(f"root of customer {customer_id}") as connection:
            found: str | None = (await connection.execute(query)).scalar_one_or_none()
        return found or customer_id

    async def members(self, customer_id: str) -> Sequence[str]:
        """Return all who are one with a customer: himself first, then who is left, then others.

        Raises:
            StoreError: The database cannot be read.
        """
        root = await self.root(customer_id)
        table = CUSTOMER_MEMBERS.c
        query = select(table.member_id).where(table.customer_id == root).order_by(table.member_id)
        async with self._database.reading(f"members of customer {customer_id}") as connection:
            parts = (await connection.execute(query)).scalars().all()
        return list(dict.fromkeys((customer_id, root, *parts)))

    # What they share.

    def _marks(self, identifier: Identifier) -> tuple[bytes, ...]:
        forms = (*self._addressing.forms(identifier), *identifier.forms())
        return tuple(dict.fromkeys(self._vault.mark(form) for form in forms))

    def _rows(
        self, customer_id: str, identifier: Identifier, proof: Proof
    ) -> tuple[Mapping[str, Any], ...]:
        forms = self._addressing.forms(identifier)
        kept = self._addressing.canonical(identifier)
        rows = identifier_rows(customer_id, kept, forms, self._vault, proof)
        return tuple(rows)

    def _named(
        self, whose: Sequence[str], identifier: Identifier, proof: Proof | None = None
    ) -> tuple[Mapping[str, Any], ...]:
        """Return the parameters that name an address of customers in all its forms."""
        more = {} if proof is None else {"how_sure": proof.value}
        return tuple(
            {"whose": one, "which": identifier.kind.value, "what": mark, **more}
            for one in whose
            for mark in self._marks(identifier)
        )

    async def _candidates(
        self, kind: IdentifierKind, marks: Sequence[bytes]
    ) -> tuple[list[Candidate], set[tuple[str, bytes]]]:
        """Return who has an address, and under which of its marks each is known."""
        values = {"which": kind.value, **filled("mark", marks)}
        rows = await self._database.rows("whose an address is", _whose(places_for(marks)), values)
        found: dict[str, Candidate] = {}
        for row in rows:
            one = Candidate(
                customer_id=row.customer_id,
                root=row.root,
                proof=Proof(row.proof),
                entered=row.number_mark is not None,
            )
            before = found.get(one.customer_id)
            if before is None or one.proof.strength > before.proof.strength:
                found[one.customer_id] = one
        return list(found.values()), {(row.customer_id, row.mark) for row in rows}

    async def _make(self, identifier: Identifier, proof: Proof) -> Recognition:
        """Write a customer who is known by an address alone."""
        kept = self._addressing.canonical(identifier)
        name = self._addressing.forms(identifier)[0]
        # An id of an app may look like a number or an address of somebody else.
        plain = kept.kind in {IdentifierKind.PHONE, IdentifierKind.MAIL}
        customer_id = derived_id(self._vault.mark(name if plain else f"{kept.kind}\0{name}"))
        new = Customer(customer_id=customer_id)
        record = record_row(new, self._vault, None, self._clock.utc())
        await self._database.write(
            f"customer {customer_id}",
            Step(self._add_record, (record,)),
            Step(self._add_identifier, self._rows(customer_id, identifier, proof)),
        )
        return Recognition(customer_id=customer_id, proof=proof, member_id=customer_id)

    async def _learn_form(
        self, identifier: Identifier, whose: str, proof: Proof, seen: set[tuple[str, bytes]]
    ) -> None:
        """Write under which form a customer has come, so that his contacts are found by it."""
        mark = self._vault.mark(identifier.value)
        if (whose, mark) in seen:
            return
        row = {
            "kind": identifier.kind.value,
            "mark": mark,
            "customer_id": whose,
            "sealed": None,
            "proof": proof.value,
        }
        what = f"form of an address of customer {whose}"
        await self._database.write(what, Step(self._add_identifier, (row,)), urgent=False)

    async def _whole(self, customer_id: str) -> Customer:
        customer = await self._records.find(customer_id=customer_id)
        if customer is None:
            raise NotKnown("customer", customer_id)
        return customer

    def _members(self, trail: Sequence[MergeRecord]) -> Iterable[Step]:
        """Return the steps that write what follows from a trail."""
        everybody = {one for merge in trail for one in (merge.customer_id, merge.member_id)}
        yield Step(self._drop_member, tuple({"whose": one} for one in sorted(everybody)))
        roots = roots_of(trail)
        if roots:
            rows = ({"member_id": one, "customer_id": roots[one]} for one in sorted(roots))
            yield Step(self._put_member, tuple(rows))

    def _noted(self, entry_id: str, customer_id: str, at: Any, note: str) -> Step:
        row = {
            "entry_id": entry_id,
            "customer_id": customer_id,
            "at": at,
            "kind": EntryKind.IDENTITY.value,
            "channel": None,
            "conversation_id": None,
            "proof": Proof.PROVED.value,
            "note": note,
        }
        return Step(self._note, (row,))

    def _new_id(self) -> str:
        """Return an id that sorts by time, as contacts' ids do."""
        return f"{int(self._clock.utc().timestamp() * 1_000):012x}{secrets.token_hex(10)}"


@cache
def _whose(places: int) -> Select[Any]:
    """Return the question who has an address of one kind under one of these marks."""
    return _WHO.where(
        CUSTOMER_IDENTIFIERS.c.kind == bindparam("which"),
        one_of(CUSTOMER_IDENTIFIERS.c.mark, "mark", places),
    )
