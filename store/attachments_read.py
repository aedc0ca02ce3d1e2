"""The attachments of some messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, select

from domain.attachment import Attachment
from store.conversation_schema import ATTACHMENTS
from store.message_rows import attachment_of
from store.readers import Reading
from store.vault import Vault

OF_MESSAGES: Final = (
    select(ATTACHMENTS)
    .where(ATTACHMENTS.c.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(ATTACHMENTS.c.message_id, ATTACHMENTS.c.place)
)
"""Of some messages; built once, for it is asked of every page."""


async def attachments_of(
    connection: Reading, message_ids: Sequence[str], vault: Vault
) -> Mapping[str, Sequence[Attachment]]:
    """Return the attachments of messages by message_id, each in its place; none: no key."""
    if not message_ids:
        return {}
    values = {"messages": list(message_ids)}
    return attachments_by_message(await connection.execute(OF_MESSAGES, values), vault)


def attachments_by_message(
    rows: Iterable[Row[Any]], vault: Vault
) -> Mapping[str, Sequence[Attachment]]:
    """Return the attachments of `OF_MESSAGES` by message_id; none: no key."""
    found: dict[str, list[Attachment]] = defaultdict(list)
    for row in rows:
        found[row.message_id].append(attachment_of(row, vault))
    return found
