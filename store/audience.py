"""Who customers are, and whether they agree to be written to: merged customers are one here."""

from collections.abc import Sequence

from sqlalchemy import select

from domain.consent import Answer
from domain.customer import Customer
from store.customer_directory import CustomerDirectory
from store.database import Database
from store.membership import person_of
from store.schema import CUSTOMER_IDENTIFIERS, CUSTOMERS


class Audience:
    """Implements `domain.outreach.Audience`."""

    def __init__(self, database: Database, directory: CustomerDirectory) -> None:
        """Ask a database that is open, and the directory over it."""
        self._database = database
        self._directory = directory

    async def customer(self, customer_id: str) -> Customer | None:
        """Return a customer, with the addresses of all who are part of him; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        root = (await self._members(customer_id))[0]
        view = await self._directory.by_id(root)
        return None if view is None else view.customer

    async def offers_answer(self, customer_id: str) -> Answer:
        """Return whether he has agreed to offers; a refusal under any address counts.

        Raises:
            StoreError: The database cannot be read.
        """
        members = await self._members(customer_id)
        marks = select(CUSTOMER_IDENTIFIERS.c.mark).where(
            CUSTOMER_IDENTIFIERS.c.customer_id.in_(members)
        )
        query = select(CUSTOMERS.c.offers_answer).where(
            CUSTOMERS.c.caller_mark.in_(marks), CUSTOMERS.c.offers_answer.is_not(None)
        )
        async with self._database.reading(f"consent of customer {customer_id}") as connection:
            answers = {Answer(one) for one in (await connection.execute(query)).scalars()}
        for answer in (Answer.REFUSED, Answer.GRANTED):
            if answer in answers:
                return answer
        return Answer.UNKNOWN

    async def _members(self, customer_id: str) -> Sequence[str]:
        """Return all who are one with a customer, the root first."""
        async with self._database.reading(f"members of customer {customer_id}") as connection:
            return await person_of(connection, customer_id)
