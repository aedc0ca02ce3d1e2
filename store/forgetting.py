"""Forgetting what a customer has written and was written to, with all that follows from it.

A file that came with a message is let go: it belongs to nothing any more, is nameless, and older
than any unused one may be, so that whoever drops unused files drops it next.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, delete, select, update

from store.columns import ID, UtcDateTime
from store.conversation_schema import (
    ATTACHMENTS,
    CONVERSATIONS,
    MAIL_IDS,
    MESSAGE_WORDS,
    MESSAGES,
    OUTGOING,
    OUTREACH,
    TIMELINE,
)
from store.database import Database
from store.membership import person_of
from store.statements import Step
from store.ticket_schema import TICKET_LINKS, TICKET_TRAIL, TICKETS

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a file that is let go counts as uploaded."""
CONVERSATIONS_PAGE: Final = 200
"""Forgotten in one write, which others wait for."""

_Stages = tuple[tuple[Any, ...], ...]


class Forgetting:
    """Deletes; what is asked again is done again, so that a kill in between is made good.

    Attributes:
        on_forgotten: Told of the conversations of a customer who was forgotten, so that nobody
            goes on with what he remembers of them; None: nobody remembers any.
    """

    def __init__(self, database: Database) -> None:
        """Forget in a database that is open."""
        self.on_forgotten: Callable[[Sequence[str]], None] | None = None
        self._database = database
        whose: BindParameter[str] = bindparam("whose", type_=ID)
        his = select(CONVERSATIONS.c.conversation_id).where(CONVERSATIONS.c.customer_id == whose)
        tickets = select(TICKETS.c.ticket_id).where(TICKETS.c.customer_id == whose)
        self._of_customer: _Stages = (
            *_of_conversations(his),
            (
                delete(TICKET_LINKS).where(TICKET_LINKS.c.ticket_id.in_(tickets)),
                delete(TICKET_TRAIL).where(TICKET_TRAIL.c.ticket_id.in_(tickets)),
            ),
            (
                delete(TICKETS).where(TICKETS.c.customer_id == whose),
                delete(TIMELINE).where(TIMELINE.c.customer_id == whose),
                delete(OUTREACH).where(OUTREACH.c.customer_id == whose),
                delete(CONVERSATIONS).where(CONVERSATIONS.c.customer_id == whose),
            ),
        )
        which: BindParameter[str] = bindparam("which", type_=ID)
        one = select(CONVERSATIONS.c.conversation_id).where(
            CONVERSATIONS.c.conversation_id == which
        )
        self._of_conversation: _Stages = (
            *_of_conversations(one),
            (
                delete(TIMELINE).where(TIMELINE.c.conversation_id == which),
                delete(CONVERSATIONS).where(CONVERSATIONS.c.conversation_id == which),
            ),
        )

    async def forget(self, customer_id: str) -> None:
        """Forget what a customer, and whoever is one with him by a merge, has had with us.

        His conversations, tickets and timeline; who he is, is forgotten by `CustomerRecords`.

        Raises:
            StoreError: Not all is forgotten; to be asked again.
        """
        what = f"customer {customer_id}"
        async with self._database.reading(what) as connection:
            whose = await person_of(connection, customer_id)
            his = select(CONVERSATIONS.c.conversation_id).where(
                CONVERSATIONS.c.customer_id.in_(whose)
            )
            gone = (await connection.execute(his)).scalars().all()
        rows = tuple({"whose": one} for one in whose)
        try:
            await self._run(what, self._of_customer, rows)
        finally:
            # Also after a failure, for some may be gone.
            if self.on_forgotten is not None and gone:
                self.on_forgotten(gone)

    async def forget_before(self, until: datetime) -> int:
        """Forget idle conversations whose last message is older; return how many.

        Raises:
            StoreError: Not all are forgotten; to be asked again.
        """
        query = (
            select(CONVERSATIONS.c.conversation_id)
            .where(
                CONVERSATIONS.c.state == "idle",
                CONVERSATIONS.c.last_at < bindparam("until", until, type_=UtcDateTime()),
            )
            .limit(CONVERSATIONS_PAGE)
        )
        forgotten = 0
        while True:
            async with self._database.reading("old conversations") as connection:
                found = (await connection.execute(query)).scalars().all()
            if not found:
                return forgotten
            rows = tuple({"which": one} for one in found)
            await self._run("old conversations", self._of_conversation, rows)
            forgotten += len(rows)

    async def _run(self, what: str, stages: _Stages, rows: tuple[dict[str, Any], ...]) -> None:
        # Each stage asks tables that a later one empties, and within one write steps of several
        # tables may change their order.
        for stage in stages:
            await self._database.write(what, *(Step(each, rows) for each in stage), urgent=False)


def _of_conversations(which: Any) -> _Stages:
    """Return what forgets all that belongs to some conversations but themselves."""
    messages = select(MESSAGES.c.message_id).where(MESSAGES.c.conversation_id.in_(which))
    return (
        (
            delete(MESSAGE_WORDS).where(MESSAGE_WORDS.c.message_id.in_(messages)),
            update(ATTACHMENTS)
            .where(ATTACHMENTS.c.message_id.in_(messages))
            .values(message_id=None, name=b"", inline_id="", uploaded_at=LONG_AGO),
            delete(OUTGOING).where(OUTGOING.c.conversation_id.in_(which)),
            delete(MAIL_IDS).where(MAIL_IDS.c.conversation_id.in_(which)),
        ),
        (delete(MESSAGES).where(MESSAGES.c.conversation_id.in_(which)),),
    )
