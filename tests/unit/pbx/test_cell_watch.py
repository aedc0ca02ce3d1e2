import pytest

from pbx.cell_process import Cell, CellState
from pbx.cell_watch import verdict_on


class NoKeeper:
    """Hears nothing."""

    def wake_cell(self, cell: Cell) -> None: ...

    def cell_resting(self, cell: Cell) -> None: ...

    def cell_free(self, cell: Cell) -> None: ...

    def cell_ready(self, cell: Cell) -> None: ...

    def cell_closed(self, cell: Cell) -> None: ...

    def cell_beat(self, cell: Cell) -> None: ...


@pytest.mark.parametrize(
    ("state", "silent_s", "verdict"),
    [
        (CellState.STARTING, 10.0, None),
        (CellState.STARTING, 10.1, "start"),
        (CellState.WARM, 6.0, None),
        (CellState.WARM, 6.1, "heartbeat"),
        (CellState.SERVING, 6.1, "heartbeat"),
        (CellState.LEAVING, 6.1, "heartbeat"),
        (CellState.RESTING, 10.1, "quit"),
        (CellState.LEAVING, 10.1, "quit"),
    ],
)
def test_verdict(state: CellState, silent_s: float, verdict: str | None) -> None:
    cell = Cell("cell-1", 20_000, NoKeeper())
    cell.state = state
    cell.begun_s = cell.heard_s = cell.left_s = 100.0
    assert verdict_on(cell, 100.0 + silent_s, 2.0) == verdict
