"""Figures of care, for the metrics."""

from dataclasses import dataclass, field
from typing import Final

from domain.distribution import Distribution

LATENCY_EDGES_S: Final = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""1.5 s is the aim for 19 of 20 alerts, and stands at an edge."""


def new_latency() -> Distribution:
    """Return a distribution of the seconds from the end of the judged speech to the alert."""
    return Distribution(LATENCY_EDGES_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class CareFigures:
    """How customers' moods are followed. Counters run since the node's start.

    Attributes:
        windows, unknown, late, refused, raised, acknowledged, cleared: See `AlertTotals`.
        open: Alerts that are not cleared.
        watched: Running contacts whose mood is followed.
        permitted: Running contacts whose emotion may be read now.
        latency: Seconds from the end of the speech that was judged last to the alert.
    """

    windows: int = 0
    unknown: int = 0
    late: int = 0
    refused: int = 0
    raised: int = 0
    acknowledged: int = 0
    cleared: int = 0
    open: int = 0
    watched: int = 0
    permitted: int = 0
    latency: Distribution = field(default_factory=new_latency)
