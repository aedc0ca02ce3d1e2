"""The events of offers and of the queue they come from, of `domain.events.Event`."""

from dataclasses import dataclass

from domain.decision import Decision
from domain.offer import DeclineReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """An agent's telephone is asked to ring.

    Attributes:
        ring_s: Seconds until the offer lapses.
        cost: What the solver paid for this pair; lower is better.
    """

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str
    ring_s: float
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferExplained:
    """Why an offer was made to this agent; comes with each `OfferMade`.

    Attributes:
        decision: Who else could have been offered the contact, and what each would have cost.
    """

    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactOverflowed:
    """A contact has waited too long and goes on waiting in another queue.

    Attributes:
        queue_id: Where it waited.
        to_queue_id: Where it waits from now on.
    """

    contact_id: str
    queue_id: str
    to_queue_id: str
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """The agent has answered."""

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined:
    """The agent's side refused: busy, declined or out of reach."""

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str
    reason: DeclineReason


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferExpired:
    """Ring no answer."""

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str
    rang_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """The customer left while the agent's telephone rang."""

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str
