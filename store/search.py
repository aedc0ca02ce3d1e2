"""Search in what was written: the index knows marks, the opened text decides."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, Text, cast, column, func, literal, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation_ports import Found
from domain.errors import LimitExceeded
from store.attachments_read import attachments_of
from store.conversation_schema import CONVERSATIONS, MESSAGE_SEARCH, MESSAGE_WORDS, MESSAGES
from store.database import Database
from store.message_rows import body_of
from store.readers import Reading
from store.vault import Vault
from store.words import Query, WordMarks

HITS_MAX: Final = 200
"""Of one answer."""
OPENED_MAX: Final = 500
"""Messages opened for one answer, which takes 2 to 5 ms (200 to 8,000 characters each):
the index knows characters without their order, and of so many that have them all, some have them
as they were asked for."""
EXCERPT_CHARACTERS: Final = 300
_SEARCH: Final = table(MESSAGE_SEARCH, column("rowid"), column(MESSAGE_SEARCH))
_WORDS: Final = MESSAGE_WORDS.c


class MessageSearch:
    """Finds messages by their words."""

    def __init__(self, database: Database, vault: Vault, marks: WordMarks) -> None:
        """Search in a database that is open."""
        self._database = database
        self._vault = vault
        self._marks = marks

    async def search(
        self, words: str, *, customer_ids: Sequence[str], limit: int, before: str | None
    ) -> Sequence[Found]:
        """Return the newest messages with all these words in text, subject or names of files.

        Args:
            words: As somebody types them; without letters or digits nothing is found. A word
                must be whole; characters of Chinese, Japanese and Korean need only follow each
                other.
            customer_ids: Only messages to and from these; empty: of everybody.
            limit: At most so many. There may be fewer though older ones would be found, when
                500 were opened that have the characters in another order.
            before: The message_id of the last hit of the page before.

        Raises:
            LimitExceeded: `limit` is over 200.
            StoreError: The database cannot be read.
        """
        if limit > HITS_MAX:
            raise LimitExceeded("hits of one page", limit, HITS_MAX)
        query = Query(words)
        marks = self._marks.of(query.tokens)
        if not marks:
            return []
        found: list[Found] = []
        opened = 0
        async with self._database.reading("search") as connection:
            last: int | None = None
            if before is not None:
                last = await self._place(connection, before)
                if last is None:
                    return []
            while len(found) < limit and opened < OPENED_MAX:
                wanted = limit - len(found)
                select_ = self._candidates(marks, customer_ids, last).limit(wanted)
                rows = (await connection.execute(select_)).all()
                ids = [row.message_id for row in rows]
                files = await attachments_of(connection, ids, self._vault)
                found += [hit for row in rows if (hit := self._hit(query, row, files)) is not None]
                opened += len(rows)
                if len(rows) < wanted:
                    break
                last = rows[-1].word_id
        return found

    async def _place(self, connection: Reading, message_id: str) -> int | None:
        query = select(_WORDS.word_id).where(_WORDS.message_id == message_id)
        place: int | None = (await connection.execute(query)).scalar()
        return place

    def _candidates(
        self, marks: Sequence[str], customer_ids: Sequence[str], last: int | None
    ) -> Select[Any]:
        """Return the newest messages that have all marks, before a place in the index."""
        query = (
            select(
                _WORDS.word_id,
                MESSAGES.c.message_id,
                MESSAGES.c.conversation_id,
                MESSAGES.c.channel,
                MESSAGES.c.at,
                MESSAGES.c.body,
                CONVERSATIONS.c.customer_id,
            )
            .select_from(MESSAGE_WORDS)
            .join(MESSAGES, MESSAGES.c.message_id == _WORDS.message_id)
            .join(CONVERSATIONS, CONVERSATIONS.c.conversation_id == MESSAGES.c.conversation_id)
        )
        order: Any = _WORDS.word_id
        if customer_ids:
            query = query.where(CONVERSATIONS.c.customer_id.in_(customer_ids))
        if self._database.dialect != "sqlite":
            wanted = " & ".join(f"'{mark}'" for mark in marks)
            query = query.where(_WORDS.words.op("@@")(cast(literal(wanted, Text), TSQUERY)))
        elif customer_ids:
            # One customer's messages are few; how often a word is used by all others is not.
            for mark in marks:
                query = query.where(func.instr(_WORDS.words, mark) > 0)
        else:
            order = _SEARCH.c.rowid
            query = query.join(_SEARCH, _SEARCH.c.rowid == _WORDS.word_id).where(
                _SEARCH.c[MESSAGE_SEARCH].op("MATCH")(" AND ".join(f'"{mark}"' for mark in marks))
            )
        if last is not None:
            query = query.where(order < last)
        return query.order_by(order.desc())

    def _hit(
        self, query: Query, row: Row[Any], files: Mapping[str, Sequence[Attachment]]
    ) -> Found | None:
        body = body_of(row, self._vault)
        texts = [body.text, body.subject, *(one.name for one in files.get(row.message_id, ()))]
        if not query.matches(texts):
            return None
        excerpts = (query.excerpt(text, EXCERPT_CHARACTERS) for text in texts)
        return Found(
            message_id=row.message_id,
            conversation_id=row.conversation_id,
            customer_id=row.customer_id,
            channel=Channel(row.channel),
            at=row.at,
            excerpt=next((excerpt for excerpt in excerpts if excerpt), ""),
        )
