"""The record of conversations and messages: whatever is acknowledged stands here."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from weakref import WeakValueDictionary

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    bindparam,
    exists,
    func,
    insert,
    select,
    text,
    update,
)

from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation import Conversation
from domain.conversation_ports import Found
from domain.customer import Identifier
from domain.errors import LimitExceeded
from domain.message import Delivery, Inbound, Message
from domain.proof import Proof
from store.attachments_read import attachments_by_message, of_messages
from store.columns import ID
from store.conversation_rows import address_mark, conversation_of, conversation_row, standing_row
from store.conversation_schema import ATTACHMENTS, CONVERSATIONS, MESSAGE_WORDS, MESSAGES
from store.database import Database
from store.mail_ids import MailIds
from store.message_rows import (
    body_of,
    inbound_mark,
    message_of,
    message_row,
    said_again_mark,
)
from store.outgoing import OutgoingMessages
from store.search import MessageSearch
from store.statements import Step, filled, places_for
from store.timeline_entries import TimelineEntries
from store.vault import Vault
from store.words import WordMarks, tokens

MESSAGES_PAGE_MAX: Final = 500
"""Messages of one answer."""
_FIXED: Final = frozenset(("conversation_id", "source", "channel", "customer_id", "opened_at"))
"""Columns of a conversation that its further steps do not write anew."""
_BY_ID: Final = select(CONVERSATIONS).where(
    CONVERSATIONS.c.conversation_id == bindparam("which", type_=ID)
)
_OF_ADDRESS: Final = (
    select(CONVERSATIONS)
    .where(
        CONVERSATIONS.c.source == bindparam("place"),
        CONVERSATIONS.c.address_mark == bindparam("mark"),
        CONVERSATIONS.c.address_kind == bindparam("kind"),
    )
    .order_by(CONVERSATIONS.c.last_at.desc())
    .limit(1)
)
_ALL: Final = (
    select(MESSAGES)
    .where(
        MESSAGES.c.conversation_id == bindparam("which", type_=ID),
        MESSAGES.c.sequence > bindparam("after"),
    )
    .order_by(MESSAGES.c.sequence)
    .limit(bindparam("most", type_=Integer()))
)
_NEWER: Final = {True: _ALL, False: _ALL.where(MESSAGES.c.internal.is_(False))}
"""By whether notes among agents are among them."""
_ONE: Final = select(
    MESSAGES,
    exists().where(ATTACHMENTS.c.message_id == MESSAGES.c.message_id).label("has_attachments"),
)
_MESSAGE: Final = _ONE.where(MESSAGES.c.message_id == bindparam("which"))
_MARKED: Final = _ONE.where(MESSAGES.c.client_mark == bindparam("which"))


class ConversationRecords:
    """Implements `ConversationStore`. A method that writes returns when it is committed."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        entries: TimelineEntries,
        outgoing: OutgoingMessages,
        mail_ids: MailIds,
    ) -> None:
        """Keep conversations in a database that is open.

        Args:
            database: Open.
            vault: Seals what was written, and by whom.
            entries: Of the same database.
            outgoing: Of the same database.
            mail_ids: Of the same database.
        """
        self._database = database
        self._vault = vault
        self._entries = entries
        self._outgoing = outgoing
        self._mail_ids = mail_ids
        self._marks = WordMarks(vault)
        self._search = MessageSearch(database, vault, self._marks)
        # Of one conversation, so that no message comes in while it goes to another customer.
        self._writing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        which: BindParameter[str] = bindparam("which", type_=ID)
        whose: BindParameter[str] = bindparam("whose", type_=ID)
        self._open = insert(CONVERSATIONS)
        # The columns that a row names are set besides.
        self._update = (
            update(CONVERSATIONS)
            .where(CONVERSATIONS.c.conversation_id == which)
            # Whoever did not hear that it was assigned must not take that back.
            .values(customer_id=func.coalesce(CONVERSATIONS.c.customer_id, whose))
        )
        self._assign = (
            update(CONVERSATIONS)
            .where(CONVERSATIONS.c.conversation_id == which)
            .values(customer_id=whose)
        )
        self._add = insert(MESSAGES)
        self._add_words = insert(MESSAGE_WORDS)
        self._bind = (
            update(ATTACHMENTS)
            .where(ATTACHMENTS.c.attachment_id == which, ATTACHMENTS.c.message_id.is_(None))
            .values(message_id=whose, place=bindparam("position"))
        )
        self._deliver = update(MESSAGES).where(MESSAGES.c.message_id == which)

    async def find_duplicate(self, inbound: Inbound) -> Message | None:
        """Return the message that was stored of the same source, sender and client id.

        Raises:
            StoreError: The database cannot be read.
        """
        return await self._marked(inbound_mark(inbound, self._vault))

    async def find_said(
        self, conversation_id: str, agent_id: str | None, client_id: str
    ) -> Message | None:
        """Return what an agent, or the system, has said in a conversation under a client id.

        Raises:
            StoreError: The database cannot be read.
        """
        if not client_id:
            return None
        return await self._marked(
            said_again_mark(conversation_id, agent_id, client_id, self._vault)
        )

    async def open(self, conversation: Conversation) -> None:
        """Write a new conversation.

        Raises:
            Duplicate: It is there.
            StoreError: It is not written.
        """
        step = Step(self._open, (conversation_row(conversation, self._vault),))
        await self._write(conversation.conversation_id, step)

    async def update(self, conversation: Conversation) -> None:
        """Write how a conversation stands; whose it is only while it is nobody's: see `assign`.

        Raises:
            Outdated: There is no such conversation.
            StoreError: It is not written.
        """
        await self._write(conversation.conversation_id, self._changed(conversation))

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        what = f"conversation {conversation_id}"
        rows = await self._database.rows(what, _BY_ID, {"which": conversation_id})
        return conversation_of(rows[0], self._vault) if rows else None

    async def of_address(self, source: str, address: Identifier) -> Conversation | None:
        """Return the newest conversation of an address in one place.

        Raises:
            StoreError: The database cannot be read.
        """
        values = {
            "place": source,
            "mark": address_mark(address, self._vault),
            "kind": address.kind.value,
        }
        rows = await self._database.rows(f"conversations of {source}", _OF_ADDRESS, values)
        return conversation_of(rows[0], self._vault) if rows else None

    async def of_customers(
        self, customer_ids: Sequence[str], *, limit: int = 50
    ) -> Sequence[Conversation]:
        """Return the newest conversations of some customers.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(CONVERSATIONS)
            .where(CONVERSATIONS.c.customer_id.in_(customer_ids))
            .order_by(CONVERSATIONS.c.last_at.desc())
            .limit(limit)
        )
        async with self._database.reading("conversations of a customer") as connection:
            rows = (await connection.execute(query)).all()
        return [conversation_of(row, self._vault) for row in rows]

    async def unsettled(self) -> Sequence[Conversation]:
        """Return every conversation that is not idle, the oldest first: read at the start.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(CONVERSATIONS)
            # In the words of the index, which a parameter would not be.
            .where(text("state != 'idle'"))
            .order_by(CONVERSATIONS.c.opened_at, CONVERSATIONS.c.conversation_id)
        )
        async with self._database.reading("conversations that are not idle") as connection:
            rows = (await connection.execute(query)).all()
        return [conversation_of(row, self._vault) for row in rows]

    async def add(
        self,
        conversation: Conversation,
        message: Message,
        *,
        inbound: Inbound | None,
        is_new: bool,
        outgoing: bool = False,
    ) -> None:
        """Write a message and all that follows from it; see the port.

        Raises:
            Duplicate: The same was stored meanwhile, which `find_duplicate` or `find_said` then
                finds; if they do not, another message has its sequence or its id.
            Outdated: An attachment belongs to another message or is gone, or the conversation
                is not stored; nothing is written.
            StoreError: It is not written.
        """
        vault = self._vault
        steps = [
            Step(self._open, (conversation_row(conversation, vault),))
            if is_new
            else self._changed(conversation),
            Step(self._add, (message_row(message, inbound, vault),)),
        ]
        if message.attachments:
            bound = tuple(
                {
                    "which": one.attachment_id,
                    "whose": message.message_id,
                    "position": place,
                }
                for place, one in enumerate(message.attachments)
            )
            steps.append(Step(self._bind, bound, exact=True))
        words = tokens((message.text, message.subject, *(one.name for one in message.attachments)))
        if words:
            row = {"message_id": message.message_id, "words": " ".join(self._marks.of(words))}
            steps.append(Step(self._add_words, (row,)))
        if inbound is not None and inbound.mail_id:
            steps.append(
                self._mail_ids.kept(
                    (inbound.mail_id,), conversation.conversation_id, message.message_id
                )
            )
        if outgoing:
            steps.append(self._outgoing.queued(conversation, message))
        async with self._lock(conversation.conversation_id):
            await self._database.write(
                f"message {message.message_id}",
                *steps,
                *self._entries.of_message(conversation, message, is_new=is_new),
            )

    async def messages(
        self, conversation_id: str, *, after: int, limit: int, internal: bool
    ) -> Sequence[Message]:
        """Return messages with a higher sequence, in order.

        Raises:
            LimitExceeded: `limit` is over 500.
            StoreError: The database cannot be read.
        """
        if limit > MESSAGES_PAGE_MAX:
            raise LimitExceeded("messages of one page", limit, MESSAGES_PAGE_MAX)
        what = f"messages of {conversation_id}"
        values = {"which": conversation_id, "after": after, "most": limit}
        return await self._whole(what, await self._database.rows(what, _NEWER[internal], values))

    async def message(self, message_id: str) -> Message | None:
        """Return one message; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        return await self._one(_MESSAGE, message_id)

    async def headers(self, message_id: str) -> Mapping[str, str]:
        """Return what the channel wanted kept with a message; empty for none, or no message.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(MESSAGES.c.message_id, MESSAGES.c.body).where(
            MESSAGES.c.message_id == message_id
        )
        async with self._database.reading(f"message {message_id}") as connection:
            row = (await connection.execute(query)).first()
        return {} if row is None else body_of(row, self._vault).headers

    async def set_delivery(self, message_id: str, delivery: Delivery, failure: str = "") -> None:
        """Write how far a message to the customer has come.

        Raises:
            StoreError: It is not written.
        """
        row = {"which": message_id, "delivery": delivery.value, "failure": failure}
        await self._database.write(f"delivery of message {message_id}", Step(self._deliver, (row,)))

    async def assign(self, conversation_id: str, customer_id: str, proof: str) -> None:
        """Write whose conversation it is; its entries go to that customer's timeline.

        Raises:
            Outdated: There is no such conversation.
            StoreError: It is not written.
        """
        row = {"which": conversation_id, "whose": customer_id, "proof": proof}
        await self._write(
            conversation_id,
            Step(self._assign, (row,), exact=True),
            *self._entries.moved(conversation_id, customer_id, Proof(proof)),
        )

    async def note_contact(
        self,
        contact_id: str,
        customer_id: str,
        channel: Channel,
        conversation_id: str | None,
        at: datetime,
        proof: Proof,
    ) -> None:
        """Write whose contact it is; see `TimelineEntries.note_contact`."""
        await self._entries.note_contact(
            contact_id, customer_id, channel, conversation_id, at, proof
        )

    async def search(
        self,
        words: str,
        *,
        customer_ids: Sequence[str] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[Found]:
        """Return the newest messages with all these words; see `MessageSearch.search`."""
        return await self._search.search(
            words, customer_ids=customer_ids, limit=limit, before=before
        )

    def _changed(self, conversation: Conversation) -> Step:
        row = standing_row(conversation, self._vault)
        changed = {name: value for name, value in row.items() if name not in _FIXED}
        which = {"which": conversation.conversation_id, "whose": conversation.customer_id}
        return Step(self._update, ({**changed, **which},), exact=True)

    async def _write(self, conversation_id: str, *steps: Step) -> None:
        async with self._lock(conversation_id):
            await self._database.write(f"conversation {conversation_id}", *steps)

    def _lock(self, conversation_id: str) -> asyncio.Lock:
        lock = self._writing.get(conversation_id)
        if lock is None:
            lock = self._writing[conversation_id] = asyncio.Lock()
        return lock

    async def _marked(self, mark: bytes | None) -> Message | None:
        return None if mark is None else await self._one(_MARKED, mark)

    async def _one(self, query: Select[Any], value: object) -> Message | None:
        rows = await self._database.rows("message", query, {"which": value})
        if not rows:
            return None
        if not rows[0].has_attachments:
            return message_of(rows[0], (), self._vault)
        return (await self._whole("attachments of a message", rows))[0]

    async def _whole(self, what: str, rows: Sequence[Any]) -> list[Message]:
        attachments: Mapping[str, Sequence[Attachment]] = {}
        if ids := [row.message_id for row in rows]:
            query = of_messages(places_for(ids))
            found = await self._database.rows(what, query, filled("message", ids))
            attachments = attachments_by_message(found, self._vault)
        return [message_of(row, attachments.get(row.message_id, ()), self._vault) for row in rows]
