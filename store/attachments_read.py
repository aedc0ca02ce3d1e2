"""The attachments of some messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import select

from domain.attachment import Attachment
from store.conversation_schema import ATTACHMENTS
from store.message_rows import attachment_of
from store.readers import Reading
from store.statements import Query, filled, one_of, places_for
from store.vault import Vault


@cache
def of_messages(places: int) -> Query:
    """Return the question for the attachments of messages; its parameters are `message`."""
    return (
        select(ATTACHMENTS)
        .where(one_of(ATTACHMENTS.c.message_id, "message", places))
        .order_by(ATTACHMENTS.c.message_id, ATTACHMENTS.c.place)
    )


async def attachments_of(
    connection: Reading, message_ids: Sequence[str], vault: Vault
) -> Mapping[str, Sequence[Attachment]]:
    """Return the attachments of messages by message_id, each in its place; none: no key."""
    if not message_ids:
        return {}
    query = of_messages(places_for(message_ids))
    rows = await connection.execute(query, filled("message", message_ids))
    return attachments_by_message(rows, vault)


def attachments_by_message(rows: Iterable[Any], vault: Vault) -> Mapping[str, Sequence[Attachment]]:
    """Return the attachments of `of_messages` by message_id; none: no key."""
    found: dict[str, list[Attachment]] = defaultdict(list)
    for row in rows:
        found[row.message_id].append(attachment_of(row, vault))
    return found
