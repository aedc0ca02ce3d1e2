"""Commands: what shall be done. Imperative, exactly one receiver, may fail."""

from dataclasses import dataclass
from enum import StrEnum

from domain.contact import Disposition
from domain.offer import Offer


class WithdrawReason(StrEnum):
    """Why a ringing telephone is silenced."""

    EXPIRED = "expired"
    """Ring no answer; the contact is waiting again."""
    CONTACT_LEFT = "contact_left"
    AGENT_GONE = "agent_gone"
    """The agent was removed or lost his registration; the contact is waiting again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferContact:
    """Ring the agent for this contact."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOffer:
    """Stop ringing. Except for CONTACT_LEFT the contact goes on waiting."""

    offer: Offer
    reason: WithdrawReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContact:
    """Stop waiting and end the contact; the router no longer knows it."""

    contact_id: str
    disposition: Disposition


Command = OfferContact | WithdrawOffer | ReleaseContact
