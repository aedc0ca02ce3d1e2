"""What the store tells of who has come, and what it is told of contacts that are over."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.contact import Channel, Disposition
from domain.customer import Customer, Identifier
from domain.customer_history import Summary
from domain.mood import Mood
from domain.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Who has come, as far as the store can say.

    Attributes:
        identifier: Under which he came; None when he hides it.
        customer: Without what is sealed; None: nobody knows him, or two share the identifier.
        summary: Of his contacts; None: there were none, or he does not want to be profiled.
        proof: How sure it is that it is he.
    """

    channel: Channel
    queue_id: str
    language: str
    identifier: Identifier | None = field(default=None, repr=False)
    customer: Customer | None = None
    summary: Summary | None = None
    proof: Proof = Proof.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEnded:
    """A contact is over, as the events tell it.

    Attributes:
        at: When, UTC.
        mood: The customer's last; UNKNOWN where none was read.
    """

    contact_id: str
    at: datetime
    queue_id: str
    disposition: Disposition
    agent_id: str | None
    mood: Mood = Mood.UNKNOWN


@dataclass(frozen=True, slots=True)
class ContactJudged:
    """Somebody has said what became of a contact; what he said is in the store already."""

    contact_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EmotionRefused:
    """The customer of a contact does not want his emotion to be read."""

    contact_id: str


Lesson = ContactEnded | ContactJudged | EmotionRefused
"""What a customer's summary is changed by."""
