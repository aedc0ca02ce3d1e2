"""Who customers are, and whether they agree to be written to: merged customers are one here."""

from dataclasses import replace
from typing import Final

from sqlalchemy import select

from domain.consent import Answer
from domain.customer import Customer, Identifier
from store.conversation_schema import CUSTOMER_MEMBERS
from store.customer_directory import CustomerDirectory
from store.database import Database
from store.schema import CUSTOMER_IDENTIFIERS, CUSTOMERS

_MEMBERS_MAX: Final = 100
"""Of one customer, looked at; a person is merged a few times."""


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
        root, *members = await self._members(customer_id)
        view = await self._directory.by_id(root)
        if view is None:
            return None
        found: dict[Identifier, None] = dict.fromkeys(view.customer.identifiers)
        for member in members:
            part = await self._directory.by_id(member)
            found |= dict.fromkeys(() if part is None else part.customer.identifiers)
        return replace(view.customer, identifiers=tuple(found))

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

    async def _members(self, customer_id: str) -> list[str]:
        """Return the root of a merge and its members, the root first."""
        members = CUSTOMER_MEMBERS.c
        async with self._database.reading(f"members of customer {customer_id}") as connection:
            root = (
                await connection.execute(
                    select(members.customer_id).where(members.member_id == customer_id)
                )
            ).scalar_one_or_none() or customer_id
            parts = await connection.execute(
                select(members.member_id)
                .where(members.customer_id == root, members.member_id != root)
                .order_by(members.member_id)
                .limit(_MEMBERS_MAX)
            )
            return [root, *parts.scalars()]
