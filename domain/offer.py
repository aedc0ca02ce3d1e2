"""An offer: an assignment shown to the agent, with a deadline."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OfferState(StrEnum):
    """Where an offer stands; all but PENDING are final."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferTrigger(StrEnum):
    """What settles an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[dict[tuple[OfferState, OfferTrigger], OfferState]] = {
    (OfferState.PENDING, OfferTrigger.ACCEPT): OfferState.ACCEPTED,
    (OfferState.PENDING, OfferTrigger.DECLINE): OfferState.DECLINED,
    (OfferState.PENDING, OfferTrigger.EXPIRE): OfferState.EXPIRED,
    (OfferState.PENDING, OfferTrigger.WITHDRAW): OfferState.WITHDRAWN,
}


class DeclineReason(StrEnum):
    """Why an offer came to nothing on the agent's side."""

    BUSY = "busy"
    """The telephone answered 486 or 600."""
    DECLINED = "declined"
    """The telephone answered 603 or the agent pressed decline."""
    UNREACHABLE = "unreachable"
    """No binding, or the telephone or the network answered another failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One assignment, shown.

    Attributes:
        expires_at_s: Deadline on the injected monotonic clock, seconds.
    """

    offer_id: str
    contact_id: str
    agent_id: str
    queue_id: str
    made_at_s: float
    expires_at_s: float
