"""A case: one contact of the simulated day, from its arrival to its end."""

from dataclasses import dataclass
from enum import StrEnum

from router.simulation.arrivals import Arrival
from router.simulation.customers import Customer
from router.simulation.dispatch import Told
from router.simulation.truth import Fate


class End(StrEnum):
    """Where a case stands at the end of the day."""

    WAITING = "waiting"
    SERVED = "served"
    """An agent talks with the customer, or did."""
    ABANDONED = "abandoned"
    RELEASED = "released"
    """The queue's longest wait had passed."""
    REFUSED = "refused"
    """The queue was at its limit."""


@dataclass(slots=True)
class Case:
    """One contact.

    Attributes:
        value: The customer's true value tier, whatever the policy is told.
        mood: When it came, 0.0 to 1.0.
        repeat: The same matter was not resolved before.
        waited_s: Until it was answered, abandoned or released; so far while it waits.
        rung: Offers made for it.
        fate: What becomes of it; None before it is answered.
        finished_s: When it ended; None before.
    """

    arrival: Arrival
    customer: Customer
    value: int
    mood: float
    repeat: bool
    end: End = End.WAITING
    waited_s: float = 0.0
    rung: int = 0
    agent_id: str | None = None
    fate: Fate | None = None
    finished_s: float | None = None
    told: Told | None = None

    def wait_until(self, now_s: float) -> float:
        """Return the wait, up to now while it goes on."""
        return now_s - self.arrival.at_s if self.end is End.WAITING else self.waited_s
