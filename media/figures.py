"""Figures of hearing, for the metrics: those of all workers, the dead ones too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from media.report import LATENCY_EDGES_S, Heartbeat

_COUNTERS: Final = (
    "frames",
    "lost",
    "overrun",
    "misplaced",
    "packets_refused",
    "connections_refused",
    "reports_dropped",
    "windows",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingFigures:
    """How hearing stands. Counters run since the node's start; see `report.Heartbeat`.

    Attributes:
        workers: Asked for by the configuration.
        workers_ready: Able to hear now.
        restarts: Workers started in the place of one that ended.
        contacts_assigned: Contacts that have been given a tap path and are not over.
        contacts_heard: Contacts whose audio comes in now.
        contacts_unheard: Contacts whose worker ended before they did: unheard until their
            cells found the next one.
        assignments_refused: Contacts that got no tap path, for want of a ready worker or room.
        windows: Windows judged for emotion.
        waiting: Frames that wait to be heard.
        busy_shares: Of one core, for each worker.
        latency_buckets: Frames heard within each of LATENCY_EDGES_S, cumulative, and all.
        latency_sum_s: Of all frames.
        latency_p50_s, latency_p99_s: Since the node's start; None before the first frame.
    """

    workers: int = 0
    workers_ready: int = 0
    restarts: int = 0
    contacts_assigned: int = 0
    contacts_heard: int = 0
    contacts_unheard: int = 0
    assignments_refused: int = 0
    frames: int = 0
    lost: int = 0
    overrun: int = 0
    misplaced: int = 0
    packets_refused: int = 0
    connections_refused: int = 0
    reports_dropped: int = 0
    windows: int = 0
    waiting: int = 0
    busy_shares: tuple[float, ...] = ()
    latency_buckets: tuple[tuple[float, int], ...] = ()
    latency_sum_s: float = 0.0
    latency_p50_s: float | None = None
    latency_p99_s: float | None = None


@dataclass(slots=True)
class Tally:
    """Counters of workers, added up."""

    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTERS, 0))
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_EDGES_S) + 1))
    latency_sum_s: float = 0.0

    def add(self, beat: Heartbeat) -> None:
        """Add what one worker counted from its start to its last heartbeat."""
        for name in _COUNTERS:
            self.counters[name] += getattr(beat, name)
        self.latency = [a + b for a, b in zip(self.latency, beat.latency, strict=True)]
        self.latency_sum_s += beat.latency_sum_s

    def copy(self) -> "Tally":
        """Return a tally that counts on from here by itself."""
        return Tally(dict(self.counters), list(self.latency), self.latency_sum_s)

    def buckets(self) -> tuple[tuple[float, int], ...]:
        """Return (upper edge in s, frames within it), the last edge infinite."""
        total = 0
        rows: list[tuple[float, int]] = []
        for edge, count in zip((*LATENCY_EDGES_S, float("inf")), self.latency, strict=True):
            total += count
            rows.append((edge, total))
        return tuple(rows)


def quantile_s(latency: Sequence[int], share: float) -> float | None:
    """Return the time within which a share of the frames was heard, from a histogram.

    Within a bucket frames count as evenly spread; what lies beyond the last edge counts as
    the last edge.

    Args:
        latency: Frames in each bucket of LATENCY_EDGES_S, and beyond.
        share: 0.0 to 1.0.

    Returns:
        None when there is no frame.
    """
    wanted = share * sum(latency)
    if not sum(latency):
        return None
    low = 0.0
    for edge, count in zip(LATENCY_EDGES_S, latency, strict=False):
        if count and wanted <= count:
            return low + (edge - low) * wanted / count
        wanted -= count
        low = edge
    return LATENCY_EDGES_S[-1]
