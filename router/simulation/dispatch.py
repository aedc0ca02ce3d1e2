"""What the world asks of a policy: the interface of the router's core, and no more.

A policy is told what has happened and returns what shall be done. The core has this form, so it
is simulated as it runs; the baselines have it too, and play by the same rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from router.core import Output
from router.inputs import Input


@dataclass(frozen=True, slots=True)
class Told:
    """What a waiting customer is told.

    Attributes:
        p50_s: Half of those who are told this wait no longer.
        p90_s: Nine of ten wait no longer; None: nothing is said about that.
    """

    p50_s: float
    p90_s: float | None = None


class Dispatcher(Protocol):
    """One way of routing."""

    @property
    def wants_assignment(self) -> bool:
        """`assign` may bring offers."""

    def handle(self, happened: Input, now_s: float) -> Sequence[Output]:
        """Take one input.

        Raises:
            LimitExceeded: The queue is at its limit of waiting contacts.
        """

    def advance(self, now_s: float) -> Sequence[Output]:
        """Do what is due by now."""

    def assign(self, now_s: float) -> Sequence[Output]:
        """Make offers."""

    def next_deadline_s(self) -> float | None:
        """Return when `advance` must be called next; None for not at all."""

    def told(self, contact_id: str, now_s: float) -> Told | None:
        """Return what a contact that waits is told about its wait; None for nothing."""
