"""What webhooks count, for `/metrics`."""

from dataclasses import dataclass, field
from typing import Final

from domain.distribution import Distribution

DELIVERY_EDGES_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0)
"""From one answer over a good network to a message that needed all its attempts."""


@dataclass(slots=True, kw_only=True)
class WebhookFigures:
    """One webhook's counters since the start, and what stands at this moment.

    Attributes:
        delivered: Messages that were taken.
        failed: Attempts that were not.
        given_up: Messages whose attempts were used up, or that the receiver wants no more.
        dropped: Messages dropped from the full outbox, the oldest first.
        waiting: Messages that wait.
        seconds: From an event to the answer that took it.
    """

    hook_id: str
    delivered: int = 0
    failed: int = 0
    given_up: int = 0
    dropped: int = 0
    waiting: int = 0
    seconds: Distribution = field(default_factory=lambda: Distribution(DELIVERY_EDGES_S))
