"""Entries of timelines: written with what they tell of, moved with whom it belongs to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, func, literal, select, update

from domain.contact import Channel
from domain.conversation import Conversation
from domain.message import Message
from domain.proof import Proof
from domain.timeline import EntryKind
from store.columns import ID
from store.conversation_schema import CONVERSATIONS, MESSAGES, TIMELINE
from store.database import Database
from store.schema import CONTACTS
from store.statements import Step, insert_into, upsert

_COLUMNS: Final = tuple(TIMELINE.columns.keys())


class TimelineEntries:
    """Writes `timeline`; each `note_...` returns when it is committed.

    What is noted again, of the same contact or ticket, takes the place of the first.
    """

    def __init__(self, database: Database) -> None:
        """Write into a database that is open."""
        self._database = database
        self._put = upsert(database.dialect, TIMELINE)
        # A message is written once, and its contact may stand there with a better time.
        self._add = insert_into(database.dialect, TIMELINE).on_conflict_do_nothing()
        which: BindParameter[str] = bindparam("which", type_=ID)
        whose: BindParameter[str] = bindparam("whose", type_=ID)
        strength: BindParameter[str] = bindparam("strength", type_=TIMELINE.c.proof.type)
        self._move = (
            update(TIMELINE)
            .where(TIMELINE.c.conversation_id == which)
            .values(customer_id=whose, proof=strength)
        )
        owner = func.coalesce(CONVERSATIONS.c.customer_id, whose)
        self._add_to_known = (
            insert_into(database.dialect, TIMELINE)
            .from_select(
                _COLUMNS,
                select(
                    bindparam("entry", type_=ID),
                    owner,
                    bindparam("moment", type_=TIMELINE.c.at.type),
                    bindparam("what", type_=TIMELINE.c.kind.type),
                    bindparam("way", type_=TIMELINE.c.channel.type),
                    CONVERSATIONS.c.conversation_id,
                    strength,
                    literal(""),
                ).where(CONVERSATIONS.c.conversation_id == which, owner.is_not(None)),
            )
            .on_conflict_do_nothing()
        )
        self._add_messages = (
            insert_into(database.dialect, TIMELINE)
            .from_select(
                _COLUMNS,
                select(
                    MESSAGES.c.message_id,
                    whose,
                    MESSAGES.c.at,
                    literal(EntryKind.MESSAGE.value),
                    MESSAGES.c.channel,
                    MESSAGES.c.conversation_id,
                    strength,
                    literal(""),
                ).where(MESSAGES.c.conversation_id == which),
            )
            .on_conflict_do_nothing()
        )
        self._add_contacts = (
            insert_into(database.dialect, TIMELINE)
            .from_select(
                _COLUMNS,
                select(
                    CONTACTS.c.contact_id,
                    whose,
                    CONTACTS.c.arrived_at,
                    literal(EntryKind.CONTACT.value),
                    CONTACTS.c.channel,
                    CONTACTS.c.conversation_id,
                    strength,
                    literal(""),
                ).where(CONTACTS.c.conversation_id == which),
            )
            .on_conflict_do_nothing()
        )

    def of_message(
        self, conversation: Conversation, message: Message, *, is_new: bool
    ) -> list[Step]:
        """Return the steps that enter a message and its contact for whose conversation it is.

        That is told by the row of the conversation, which may know better than whoever adds the
        message; a new one has no row yet.
        """
        whose = conversation.customer_id
        if is_new and whose is None:
            return []
        entry = _row(
            message.message_id,
            whose or "",
            EntryKind.MESSAGE,
            at=message.at,
            channel=message.channel,
            conversation_id=conversation.conversation_id,
            proof=conversation.proof,
        )
        rows = [entry]
        if message.contact_id is not None:
            contact = {"entry_id": message.contact_id, "kind": EntryKind.CONTACT.value}
            rows.append({**entry, **contact})
        if is_new:
            return [Step(self._add, tuple(rows))]
        told = tuple(
            {
                "entry": row["entry_id"],
                "what": row["kind"],
                "moment": row["at"],
                "way": row["channel"],
                "which": row["conversation_id"],
                "whose": whose,
                "strength": row["proof"],
            }
            for row in rows
        )
        return [Step(self._add_to_known, told)]

    def moved(self, conversation_id: str, customer_id: str, proof: Proof) -> list[Step]:
        """Return the steps that give a customer all entries of a conversation, old and new."""
        row = ({"which": conversation_id, "whose": customer_id, "strength": proof.value},)
        return [Step(each, row) for each in (self._move, self._add_messages, self._add_contacts)]

    async def note_contact(
        self,
        contact_id: str,
        customer_id: str,
        channel: Channel,
        conversation_id: str | None,
        at: datetime,
        proof: Proof,
    ) -> None:
        """Enter a contact; one that was another customer's becomes this one's.

        Raises:
            StoreError: It is not written.
        """
        await self._note(
            _row(
                contact_id,
                customer_id,
                EntryKind.CONTACT,
                at=at,
                channel=channel,
                conversation_id=conversation_id,
                proof=proof,
            )
        )

    async def note_ticket(
        self, ticket_id: str, customer_id: str, at: datetime, proof: Proof = Proof.PRESENTED
    ) -> None:
        """Enter that a ticket was opened.

        Raises:
            StoreError: It is not written.
        """
        await self._note(_row(ticket_id, customer_id, EntryKind.TICKET, at=at, proof=proof))

    async def note_offer(
        self,
        offer_id: str,
        customer_id: str,
        at: datetime,
        note: str,
        *,
        channel: Channel | None = None,
        conversation_id: str | None = None,
    ) -> None:
        """Enter that a customer was offered something, such as a coupon or a survey.

        Args:
            offer_id: 32 hexadecimal digits; noted again, it is one entry.
            customer_id: Who.
            at: Wall time, UTC.
            note: What, as a word of the programme's.
            channel: By which it went out; None: by none.
            conversation_id: In which; None: in none.

        Raises:
            StoreError: It is not written.
        """
        await self._note(
            _row(
                offer_id,
                customer_id,
                EntryKind.OFFER,
                at=at,
                channel=channel,
                conversation_id=conversation_id,
                note=note,
            )
        )

    async def note_identity(self, entry_id: str, customer_id: str, at: datetime, note: str) -> None:
        """Enter that a customer was recognised, merged or unmerged.

        Raises:
            StoreError: It is not written.
        """
        await self._note(_row(entry_id, customer_id, EntryKind.IDENTITY, at=at, note=note))

    async def _note(self, row: Mapping[str, Any]) -> None:
        what = f"timeline entry {row['entry_id']}"
        await self._database.write(what, Step(self._put, (row,)), urgent=False)


def _row(
    entry_id: str,
    customer_id: str,
    kind: EntryKind,
    *,
    at: datetime,
    channel: Channel | None = None,
    conversation_id: str | None = None,
    proof: Proof = Proof.PRESENTED,
    note: str = "",
) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "customer_id": customer_id,
        "at": at,
        "kind": kind.value,
        "channel": None if channel is None else channel.value,
        "conversation_id": conversation_id,
        "proof": proof.value,
        "note": note,
    }
