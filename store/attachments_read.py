"""The attachments of some messages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from domain.attachment import Attachment
from store.conversation_schema import ATTACHMENTS
from store.message_rows import attachment_of
from store.readers import Reading
from store.vault import Vault


async def attachments_of(
    connection: Reading, message_ids: Sequence[str], vault: Vault
) -> Mapping[str, Sequence[Attachment]]:
    """Return the attachments of messages by message_id, each in its place; none: no key."""
    found: dict[str, list[Attachment]] = defaultdict(list)
    if message_ids:
        query = (
            select(ATTACHMENTS)
            .where(ATTACHMENTS.c.message_id.in_(message_ids))
            .order_by(ATTACHMENTS.c.message_id, ATTACHMENTS.c.place)
        )
        for row in await connection.execute(query):
            found[row.message_id].append(attachment_of(row, vault))
    return found
