"""Ports of decisions: who keeps them, and who can be offered a contact now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.decision import Decision, Obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether one agent can be offered a contact now.

    Attributes:
        obstacle: The first that stands in the way; None: he can be offered it.
        cost_s: What the pair would cost, seconds of waiting; None where there is an obstacle.
    """

    agent_id: str
    obstacle: Obstacle | None = None
    cost_s: float | None = None


class EligibilityDesk(Protocol):
    """What the API asks of the router about a contact that waits."""

    def eligibility(self, contact_id: str) -> Sequence[Eligibility]:
        """Return every agent, those who can be offered the contact first, the cheapest first.

        Raises:
            NotKnown: The contact does not wait.
        """
        ...


class DecisionLedger(Protocol):
    """The record of decisions."""

    async def of_contact(self, contact_id: str) -> Sequence[Decision]:
        """Return the decisions about a contact in the order they were made.

        Raises:
            StoreError: They cannot be read.
        """
        ...
