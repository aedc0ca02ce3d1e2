"""Commands: what shall be done. Imperative, exactly one receiver, may fail."""

from dataclasses import dataclass
from enum import StrEnum

from domain.contact import Disposition
from domain.offer import Offer
from domain.skill import SkillRequirement


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySupervisor:
    """Tell whoever watches that an alert has risen; what it says stands in `AlertRaised`."""

    alert_id: str
    contact_id: str
    queue_id: str
    rule_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseAgent:
    """Show the agent who serves the customer what he may say.

    Attributes:
        language: BCP 47 tag of the language the customer is served in.
        phrase: From the configuration, in that language.
    """

    alert_id: str
    contact_id: str
    agent_id: str
    language: str
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisePriority:
    """Serve a waiting contact earlier.

    Attributes:
        steps: Added to its priority, at least 1.
    """

    alert_id: str
    contact_id: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTransfer:
    """Offer the agent to hand the customer over to somebody with a skill; he decides."""

    alert_id: str
    contact_id: str
    agent_id: str
    requirement: SkillRequirement


Command = OfferContact | WithdrawOffer | ReleaseContact
"""What the router has done by a channel."""

CareCommand = NotifySupervisor | AdviseAgent | RaisePriority | OfferTransfer
"""What an alert rule has done about how a customer feels."""
