"""How the pool of cells stands, for /metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFigures:
    """How the pool stands, for /metrics.

    Attributes:
        starting, warm, serving, resting, leaving: Cells now, by state.
        started, crashed: Cells since the start that became ready, and that ended without
            being told to.
        used_again: Contacts that a cell was given after its first.
        failed_starts: Cells that ended before they were ready.
        killed: Cells that the pool killed, by reason.
        refused: Calls of `take` that ended in NoCellFree.
        zygote_restarts: Zygotes started in the place of a dead one.
        taps_dropped: Tapped frames dropped, in all cells since the start.
        private_kib_max: Largest private memory of a cell in any heartbeat.
    """

    starting: int
    warm: int
    serving: int
    resting: int
    leaving: int
    cells_max: int
    started: int
    used_again: int
    crashed: int
    failed_starts: int
    killed: dict[str, int]
    refused: int
    zygote_restarts: int
    taps_dropped: int
    private_kib_max: int
