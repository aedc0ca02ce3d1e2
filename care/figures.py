"""How care does, for the metrics."""

from dataclasses import dataclass
from typing import Final

LATE_EDGES_S: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Upper edges of the histogram from the end of the speech to the alert; the aim is 1.5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareFigures:
    """How care stands. Counters run since the node's start; see `care.alerts.AlertTotals`.

    Attributes:
        watched: Contacts that are watched now.
        permitted: Contacts whose customers may be judged now.
        open: Alerts that are not cleared.
        dropped: Things to remember that were given up because the store was too slow.
        failed: Things to remember that the store could not write or read.
        late_buckets: Alerts within each of LATE_EDGES_S from the end of the speech that was
            judged last, cumulative, and all.
        late_sum_s: Of all alerts.
    """

    windows: int = 0
    unknown: int = 0
    late: int = 0
    refused: int = 0
    raised: int = 0
    acknowledged: int = 0
    cleared: int = 0
    watched: int = 0
    permitted: int = 0
    open: int = 0
    dropped: int = 0
    failed: int = 0
    late_buckets: tuple[tuple[float, int], ...] = ()
    late_sum_s: float = 0.0


class LateHistogram:
    """Counts seconds into LATE_EDGES_S."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts = [0] * (len(LATE_EDGES_S) + 1)
        self.sum_s = 0.0

    def observe(self, late_s: float) -> None:
        """Count one."""
        place = sum(late_s > edge for edge in LATE_EDGES_S)
        self._counts[place] += 1
        self.sum_s += late_s

    def buckets(self) -> tuple[tuple[float, int], ...]:
        """Return how many were within each edge, cumulative, and all."""
        total, found = 0, []
        for edge, count in zip((*LATE_EDGES_S, float("inf")), self._counts, strict=True):
            total += count
            found.append((edge, total))
        return tuple(found)
