"""The ports of this package: what it asks of the store."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.contact import Channel
from domain.customer import CustomerChange, Identifier
from domain.customer_lessons import Arrival, Lesson
from domain.identity_ports import Identities, Origin
from domain.proof import Proof


class CustomerMemory(Protocol):
    """What is kept of customers. A method that writes returns when it is committed.

    Every method raises `StoreError` when the database cannot be read or written.
    """

    async def arrival(self, contact_id: str, *, open_identifier: bool) -> Arrival | None:
        """Return who has come; None: there is no such contact.

        Args:
            contact_id: 32 hexadecimal digits.
            open_identifier: Whether the identifier is needed in the clear.
        """
        ...

    async def learn_of(self, contact_id: str, change: CustomerChange) -> None:
        """Write what another system tells of a contact's customer."""
        ...

    async def take(self, lessons: Sequence[Lesson]) -> int:
        """Change the summaries in one commit; return how many lessons were new.

        Taking a lesson a second time changes nothing.
        """
        ...


class ContactOrigins(Protocol):
    """Where contacts come from. Raises `StoreError` when the database cannot be read."""

    async def origin(self, contact_id: str) -> Origin | None:
        """Return where a contact comes from; None: there is no such contact."""
        ...


class ContactTimeline(Protocol):
    """Writes contacts into timelines. Every method may raise `StoreError`."""

    async def note_contact(
        self,
        contact_id: str,
        customer_id: str,
        channel: Channel,
        conversation_id: str | None,
        at: datetime,
        proof: Proof,
    ) -> None:
        """Write whose contact it is; said again of another customer, it moves to him."""
        ...

    async def assign(self, conversation_id: str, customer_id: str, proof: str) -> None:
        """Write whose conversation it is, with its messages; see `ConversationStore`."""
        ...


class IdentityStore(Identities, Protocol):
    """Who is who, as it is kept; it tells nobody what was merged."""

    async def strangers(self, identifier: Identifier) -> Sequence[str]:
        """Return the customers whom nobody has entered and who have this address alone."""
        ...
