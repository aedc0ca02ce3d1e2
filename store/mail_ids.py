"""Message-IDs of mails in either direction: how an answer finds its conversation."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, select

from domain.conversation import Conversation
from store.conversation_rows import conversation_of
from store.conversation_schema import CONVERSATIONS, MAIL_IDS
from store.database import Database
from store.statements import Step, filled, insert_into, one_of, places_for
from store.vault import Vault

REFERENCES_MAX: Final = 100
"""Of one mail, its newest: a longer thread is found by any of them."""


class MailIds:
    """Keeps marks of Message-IDs. They are compared as they are (RFC 5322 section 3.6.4)."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep them in a database that is open."""
        self._database = database
        self._vault = vault
        self._add = insert_into(database.dialect, MAIL_IDS).on_conflict_do_nothing()

    async def keep(self, mail_ids: Sequence[str], conversation_id: str, message_id: str) -> None:
        """Let Message-IDs lead to a conversation; one that leads to another stays as it is.

        Nobody can draw a conversation to himself by an id that was used before.

        Raises:
            StoreError: They are not written.
        """
        if mail_ids:
            step = self.kept(mail_ids, conversation_id, message_id)
            await self._database.write(f"ids of mail {message_id}", step)

    def kept(self, mail_ids: Sequence[str], conversation_id: str, message_id: str) -> Step:
        """Return the step that keeps Message-IDs, at least one: see `keep`."""
        rows = tuple(
            {"mark": mark, "conversation_id": conversation_id, "message_id": message_id}
            for mark in dict.fromkeys(self._mark(one) for one in mail_ids)
        )
        return Step(self._add, rows)

    async def find(self, references: Sequence[str]) -> Conversation | None:
        """Return the conversation that the newest known reference leads to; None: none is known.

        Args:
            references: Message-IDs as the mail names them, the newest last; In-Reply-To, which
                is newer than all References, at the end.

        Raises:
            StoreError: The database cannot be read.
        """
        marks = [self._mark(one) for one in references[-REFERENCES_MAX:]]
        if not marks:
            return None
        query = _conversations_of(places_for(marks))
        rows = await self._database.rows("conversation of a mail", query, filled("mark", marks))
        found = {row.mark: row for row in rows}
        for mark in reversed(marks):
            if mark in found:
                return conversation_of(found[mark], self._vault)
        return None

    def _mark(self, mail_id: str) -> bytes:
        return self._vault.mark(f"mail\0{mail_id.strip()}")


@cache
def _conversations_of(places: int) -> Select[Any]:
    return (
        select(MAIL_IDS.c.mark, CONVERSATIONS)
        .join(CONVERSATIONS, CONVERSATIONS.c.conversation_id == MAIL_IDS.c.conversation_id)
        .where(one_of(MAIL_IDS.c.mark, "mark", places))
    )
