"""What the router's core is told, where no event of the domain says it.

A contact that begins to wait is told by the event `domain.events.ContactQueued` itself.
"""

from dataclasses import dataclass
from enum import Enum

from domain.agent import AgentState
from domain.customer_profile import CustomerProfile
from domain.events import ContactQueued
from domain.mood import Mood
from domain.offer import DeclineReason
from router.policy import RouterPolicy


@dataclass(frozen=True, slots=True)
class ContactLeft:
    """The customer is gone while waiting or while a telephone rang for him."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent has answered the telephone."""

    offer_id: str


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """The agent's side refused the offer."""

    offer_id: str
    reason: DeclineReason


@dataclass(frozen=True, slots=True)
class ContactFinished:
    """The conversation has ended."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class PriorityAdded:
    """A waiting contact is to be served earlier.

    Attributes:
        steps: Of priority, at least 1.
    """

    contact_id: str
    steps: int


@dataclass(frozen=True, slots=True)
class PlaceKept:
    """A contact waits with nobody on the line: its customer is to be called back.

    The queue's longest wait does not end it, and its leaving is no abandonment. May come before
    the contact is queued.
    """

    contact_id: str


@dataclass(frozen=True, slots=True)
class CustomerKnown:
    """It is known who a customer is.

    May come before his contact is queued, or late: a slow customer database delays no ring.
    """

    contact_id: str
    profile: CustomerProfile


@dataclass(frozen=True, slots=True)
class MoodObserved:
    """How a customer who waits or is served feels by now."""

    contact_id: str
    mood: Mood


@dataclass(frozen=True, slots=True)
class OutcomeKnown:
    """What became of a contact; the outcome model learns from it.

    Attributes:
        resolved: The matter was settled; None: not known.
        satisfied: What the customer gave, 0.0 to 1.0; None: not known.
        calmer: He was calmer at the end than at the start; None: not known.
        at_days: When, in days since any day that stays the same over restarts; None: by the core's
            own clock.
    """

    contact_id: str
    resolved: bool | None = None
    satisfied: float | None = None
    calmer: bool | None = None
    at_days: float | None = None


@dataclass(frozen=True, slots=True)
class AgentStateRequested:
    """An agent, or the API on his behalf, asks for READY, NOT_READY or LOGGED_OUT."""

    agent_id: str
    state: AgentState
    reason: str = ""


class Place(Enum):
    """Where an agent serves."""

    TELEPHONE = "telephone"
    DESK = "desk"
    """The program in which he reads and writes."""


@dataclass(frozen=True, slots=True)
class ReachabilityChanged:
    """The agent's telephone has registered, or its last binding is gone; or so his desk.

    Attributes:
        place: Which of the two; None: both, where nobody tells them apart.
    """

    agent_id: str
    reachable: bool
    place: Place | None = None

    @property
    def is_desk(self) -> bool:
        """Whether it is about the desk alone."""
        return self.place is Place.DESK


@dataclass(frozen=True, slots=True)
class ShiftChanged:
    """An agent's working hours have begun or ended."""

    agent_id: str
    on_shift: bool


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The configuration was read again."""

    policy: RouterPolicy


Input = (
    ContactQueued
    | ContactLeft
    | OfferAnswered
    | OfferRefused
    | ContactFinished
    | PriorityAdded
    | PlaceKept
    | CustomerKnown
    | MoodObserved
    | OutcomeKnown
    | AgentStateRequested
    | ReachabilityChanged
    | ShiftChanged
    | PolicyChanged
)
