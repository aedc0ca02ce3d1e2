"""The port of this package: what it asks of the store."""

from collections.abc import Sequence
from typing import Protocol

from domain.customer import CustomerChange
from domain.customer_lessons import Arrival, Lesson


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
