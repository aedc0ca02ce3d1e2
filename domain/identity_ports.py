"""Ports of identity: who a customer is, by which addresses, and when two are one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.customer import Customer, Identifier
from domain.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Whose an address is.

    Attributes:
        customer_id: The customer, the root of a merge; None when nobody, or several, could be.
        proof: What speaks for it: that of the address at most, `SUSPECTED` with candidates.
        candidates: Customers who could be, when it is ambiguous; an agent is asked.
    """

    customer_id: str | None
    proof: Proof
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRecord:
    """One merge, undone or not.

    Attributes:
        customer_id: Who is left.
        member_id: Who is part of him.
        by: An agent's id, or "api".
    """

    merge_id: str
    customer_id: str
    member_id: str
    by: str
    reason: str
    merged_at: datetime
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_reason: str | None = None


class Identities(Protocol):
    """Who is who. Every method may raise `StoreError`."""

    async def recognise(self, identifier: Identifier, proof: Proof) -> Recognition:
        """Return whose an address is; a new customer is made for one that nobody has.

        Visitors' tokens and hidden numbers make nobody: `customer_id` is None.
        """
        ...

    async def link(
        self, customer_id: str, identifier: Identifier, proof: Proof, by: str
    ) -> Customer:
        """Let an address belong to a customer, with what speaks for it.

        Raises:
            NotKnown: There is no such customer.
            LimitExceeded: He has `IDENTIFIERS_MAX` already.
        """
        ...

    async def unlink(self, customer_id: str, identifier: Identifier, by: str) -> Customer:
        """Take an address away from a customer."""
        ...

    async def merge(self, customer_id: str, member_id: str, by: str, reason: str) -> MergeRecord:
        """Let two customers be one; everything of both is then found under `customer_id`.

        Raises:
            NotKnown: No such customer.
            IllegalTransition: They are one already.
        """
        ...

    async def unmerge(self, merge_id: str, by: str, reason: str) -> MergeRecord:
        """Undo a merge: each has again what was his, and what came meanwhile by his own addresses.

        Raises:
            NotKnown: No such merge.
            IllegalTransition: It is undone already.
        """
        ...

    async def merges(self, customer_id: str) -> Sequence[MergeRecord]:
        """Return every merge that a customer has had part in, the newest first."""
        ...

    async def root(self, customer_id: str) -> str:
        """Return the customer of whom this one is part; himself when of nobody."""
        ...

    async def members(self, customer_id: str) -> Sequence[str]:
        """Return the customer and all who are part of him, himself first."""
        ...
