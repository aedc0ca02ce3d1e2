"""A customer's timeline: everything between him and us, over all channels, in order."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.contact import Channel, Disposition
from domain.message import Message
from domain.mood import Mood
from domain.proof import Proof
from domain.ticket import TicketReason, TicketState

PAGE_MAX: Final = 200
"""Entries of one page."""


class EntryKind(StrEnum):
    """What an entry of the timeline tells of."""

    CONTACT = "contact"
    """A call, or a chat or mail contact as a whole."""
    MESSAGE = "message"
    TICKET = "ticket"
    """A ticket was opened."""
    OFFER = "offer"
    """Something was offered to the customer: a coupon, a survey, an apology."""
    IDENTITY = "identity"
    """He was recognised, merged or unmerged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactOutline:
    """A contact in a few words, as the timeline shows it.

    Attributes:
        wait_s, talk_s: Seconds; None or 0 until known.
        mood: The worst that was observed; None: nothing was, or may be told.
        agents: Who served it, in order, at most 5.
        segments: Segments of speech heard of him; 0 without analysis.
    """

    contact_id: str
    queue_id: str
    disposition: Disposition | None
    agent_id: str | None
    wait_s: float | None
    talk_s: float
    closed_at: datetime | None
    mood: Mood | None = None
    agents: tuple[str, ...] = ()
    segments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOutline:
    """A ticket in a few words, as the timeline shows it."""

    ticket_id: str
    number: int
    state: TicketState
    reason: TicketReason
    subject: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One line.

    Attributes:
        entry_id: 32 hexadecimal digits; with `at` it is where the next page goes on.
        proof: How sure it is that it belongs to this customer.
        note: Of an offer or an identity, what happened, as a word of the programme's.
    """

    entry_id: str
    at: datetime
    kind: EntryKind
    channel: Channel | None
    conversation_id: str | None = None
    proof: Proof = Proof.PRESENTED
    contact: ContactOutline | None = None
    message: Message | None = None
    ticket: TicketOutline | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Some entries, the newest first.

    Attributes:
        before: Ask for the next page with this; None: there is none.
    """

    entries: tuple[TimelineEntry, ...]
    before: str | None
