"""Ports of identity: who a customer is, by which addresses, and when two are one."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from domain.contact import Channel
from domain.customer import Customer, Identifier
from domain.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """Whose an address is.

    Attributes:
        customer_id: The customer, the root of a merge; None when nobody, or several, could be.
        proof: What speaks for it: that of the address at most, `SUSPECTED` with candidates.
        candidates: Customers who could be, when it is ambiguous; an agent is asked.
        member_id: Whose own address it is: the customer, or a part of him. What comes is written
            under this one, so that he has it again when the merge is undone.
    """

    customer_id: str | None
    proof: Proof
    candidates: tuple[str, ...] = ()
    member_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentifier:
    """An address of a customer, and how sure it is that it is his.

    Attributes:
        customer_id: Whose own it is: the customer, or a part of him.
    """

    identifier: Identifier
    proof: Proof
    customer_id: str


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

    async def identifiers(self, customer_id: str) -> Sequence[KnownIdentifier]:
        """Return the addresses of a customer and of all who are part of him.

        Raises:
            NotKnown: There is no such customer.
        """
        ...

    async def merge(self, customer_id: str, member_id: str, by: str, reason: str) -> MergeRecord:
        """Let two customers be one; everything of both is then found under `customer_id`.

        Raises:
            NotKnown: No such customer.
            IllegalTransition: They are one already.
            LimitExceeded: More than 50 would be one.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a contact comes from, as the store knows it.

    Attributes:
        address: Under which it came; None when that is hidden.
        proof: What speaks for the address.
        customer_id: To whom it was assigned already; None: to nobody.
    """

    contact_id: str
    channel: Channel
    at: datetime
    proof: Proof
    address: Identifier | None = field(default=None, repr=False)
    conversation_id: str | None = None
    customer_id: str | None = None


class IdentityDesk(Protocol):
    """Answers and takes up whose a contact is. Every method may raise `StoreError`."""

    async def candidates(self, contact_id: str) -> Recognition:
        """Return what is thought of a contact; with several `candidates` an agent is asked.

        Raises:
            NotKnown: There is no such contact.
        """
        ...

    async def confirm(
        self, contact_id: str, customer_id: str, by: str, *, proof: Proof = Proof.PRESENTED
    ) -> Recognition:
        """An agent says whose contact it is; its entries go to that customer's timeline.

        Args:
            contact_id: Of any channel.
            customer_id: The customer.
            by: The agent's id, or "api".
            proof: `PROVED`: the address is his alone from now on, as he has shown; `PRESENTED`:
                it is his as well, and the next time it is asked again where others have it.

        Raises:
            NotKnown: No such contact or customer.
            LimitExceeded: He has as many addresses as can be.
        """
        ...


class Exporter(Protocol):
    """Everything that is known of a customer (GDPR articles 15 and 20)."""

    def export(self, customer_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """Return it piece by piece, each a JSON object with a `kind`.

        While iterating raises `StoreError`, and `NotKnown` first of all.
        """
        ...
