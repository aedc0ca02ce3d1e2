"""Of how many records a customer is: himself and whoever is part of him by a merge."""

from collections.abc import Sequence

from sqlalchemy import select

from store.conversation_schema import CUSTOMER_MEMBERS
from store.readers import Reading

_MEMBERS = CUSTOMER_MEMBERS.c


async def members_of(connection: Reading, customer_id: str) -> Sequence[str]:
    """Return a customer and all who are part of him, himself first."""
    query = (
        select(_MEMBERS.member_id)
        .where(_MEMBERS.customer_id == customer_id)
        .order_by(_MEMBERS.member_id)
    )
    return [customer_id, *(await connection.execute(query)).scalars()]


async def person_of(connection: Reading, customer_id: str) -> Sequence[str]:
    """Return all who are one with a customer: the root of his merge first, then its members."""
    query = select(_MEMBERS.customer_id).where(_MEMBERS.member_id == customer_id)
    root: str | None = (await connection.execute(query)).scalar_one_or_none()
    return await members_of(connection, root or customer_id)
