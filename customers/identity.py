"""Who is who, as others may change it: what is merged is told, and the same person is not left two.

A caller whom nobody has entered is a customer by his number alone. When somebody proves that the
number is his, there is nothing else of that caller: he becomes part of the customer, with a trail
by which it can be undone.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from customers.ports import IdentityStore
from domain.conversation_events import CustomersMerged, CustomersUnmerged
from domain.customer import Customer, Identifier
from domain.errors import IllegalTransition
from domain.identity_ports import KnownIdentifier, MergeRecord, Recognition
from domain.ports import EventPublisher
from domain.proof import Proof

LINKED: Final = "the address was proved to be his"
"""Why a caller whom nobody had entered became part of a customer."""

_log = structlog.get_logger(__name__)


class Identity:
    """Implements `domain.identity_ports.Identities`."""

    def __init__(self, store: IdentityStore, events: EventPublisher) -> None:
        """Join where it is kept and where events go."""
        self._store = store
        self._events = events

    async def recognise(self, identifier: Identifier, proof: Proof) -> Recognition:
        """Return whose an address is; see `Identities`."""
        return await self._store.recognise(identifier, proof)

    async def link(
        self, customer_id: str, identifier: Identifier, proof: Proof, by: str
    ) -> Customer:
        """Let an address belong to a customer; see `Identities`.

        Proved to be his, it makes whoever was known by it alone a part of him.
        """
        customer = await self._store.link(customer_id, identifier, proof, by)
        _log.info("address linked", customer_id=customer_id, proof=proof.value, by=by)
        if proof is Proof.PROVED:
            for stranger in await self._store.strangers(identifier):
                if stranger != customer_id:
                    await self._absorb(customer_id, stranger, by)
        return customer

    async def unlink(self, customer_id: str, identifier: Identifier, by: str) -> Customer:
        """Take an address away from a customer; see `Identities`."""
        customer = await self._store.unlink(customer_id, identifier, by)
        _log.info("address unlinked", customer_id=customer_id, by=by)
        return customer

    async def identifiers(self, customer_id: str) -> Sequence[KnownIdentifier]:
        """Return the addresses of a customer; see `Identities`."""
        return await self._store.identifiers(customer_id)

    async def merge(self, customer_id: str, member_id: str, by: str, reason: str) -> MergeRecord:
        """Let two customers be one, and tell it; see `Identities`."""
        merge = await self._store.merge(customer_id, member_id, by, reason)
        self._events.publish(
            CustomersMerged(
                merge_id=merge.merge_id,
                customer_id=merge.customer_id,
                member_id=merge.member_id,
                by=by,
            )
        )
        return merge

    async def unmerge(self, merge_id: str, by: str, reason: str) -> MergeRecord:
        """Undo a merge, and tell it; see `Identities`."""
        merge = await self._store.unmerge(merge_id, by, reason)
        self._events.publish(
            CustomersUnmerged(
                merge_id=merge.merge_id,
                customer_id=merge.customer_id,
                member_id=merge.member_id,
                by=by,
            )
        )
        return merge

    async def merges(self, customer_id: str) -> Sequence[MergeRecord]:
        """Return every merge of a customer; see `Identities`."""
        return await self._store.merges(customer_id)

    async def root(self, customer_id: str) -> str:
        """Return of whom a customer is part; see `Identities`."""
        return await self._store.root(customer_id)

    async def members(self, customer_id: str) -> Sequence[str]:
        """Return all who are one with a customer; see `Identities`."""
        return await self._store.members(customer_id)

    async def _absorb(self, customer_id: str, stranger: str, by: str) -> None:
        try:
            await self.merge(customer_id, stranger, by, LINKED)
        except IllegalTransition:
            _log.debug("they are one already", customer_id=customer_id)
