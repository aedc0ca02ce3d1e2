"""From the stream of events to what tickets have to know. Pure.

A contact's mood is remembered until it is over, so the place in the stream from which everything
can be found again is just before the oldest mood of a contact that still runs.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.consent import Answer, Purpose
from domain.contact import Channel
from domain.conversation_events import MessageStored
from domain.events import (
    ConsentChanged,
    ContactClosed,
    ContactConnected,
    Envelope,
    MoodChanged,
    OutcomeReported,
)
from domain.message import Author
from domain.mood import Mood
from tickets.rules import Ended

MOODS_MAX: Final = 10_000
"""Contacts whose mood is remembered, ten times the calls of the largest node; of one that is
forgotten no ticket is opened for anger."""


@dataclass(frozen=True, slots=True)
class CustomerWrote:
    """A customer's message is stored."""

    at: datetime
    message_id: str
    conversation_id: str
    contact_id: str | None
    queue_id: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class CustomerCalled:
    """A contact has reached an agent."""

    at: datetime
    contact_id: str


@dataclass(frozen=True, slots=True)
class ContactOver:
    """A contact is disposed."""

    contact_id: str
    queue_id: str
    ended: Ended


@dataclass(frozen=True, slots=True)
class NotSettled:
    """Somebody has said that a contact's matter is not settled."""

    contact_id: str


Matter = CustomerWrote | CustomerCalled | ContactOver | NotSettled


class Tracker:
    """Remembers moods; asked event by event, in the order of the stream."""

    def __init__(self, *, moods_max: int = MOODS_MAX) -> None:
        """Begin with nothing heard."""
        self._moods_max = moods_max
        self._felt: OrderedDict[str, tuple[int, Mood]] = OrderedDict()

    @property
    def needed_from(self) -> int | None:
        """Sequence number of the oldest event that is still needed; None: of none."""
        first = next(iter(self._felt.values()), None)
        return None if first is None else first[0]

    def hear(self, envelope: Envelope) -> Matter | None:
        """Take the next event; return what tickets have to do with it, if anything."""
        match envelope.event:
            case MessageStored(author=Author.CUSTOMER, automatic=False, internal=False) as stored:
                return CustomerWrote(
                    envelope.at,
                    stored.message_id,
                    stored.conversation_id,
                    stored.contact_id,
                    stored.queue_id,
                    stored.channel,
                )
            case ContactConnected(contact_id=contact_id):
                return CustomerCalled(envelope.at, contact_id)
            case MoodChanged(contact_id=contact_id, after=mood):
                since, _ = self._felt.get(contact_id, (envelope.sequence, mood))
                self._felt[contact_id] = (since, mood)
                if len(self._felt) > self._moods_max:
                    self._felt.popitem(last=False)
            case ConsentChanged(
                contact_id=contact_id, purpose=Purpose.EMOTION, answer=Answer.REFUSED
            ):
                self._felt.pop(contact_id, None)
            case ContactClosed() as closed:
                _, mood = self._felt.pop(closed.contact_id, (0, Mood.UNKNOWN))
                ended = Ended(disposition=closed.disposition, wait_s=closed.wait_s, mood=mood)
                return ContactOver(closed.contact_id, closed.queue_id, ended)
            case OutcomeReported(contact_id=contact_id, resolved=False):
                return NotSettled(contact_id)
        return None
