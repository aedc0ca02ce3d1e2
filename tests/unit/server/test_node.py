"""Whether a node stands, part by part."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from media.figures import HearingFigures
from media.hearing import Hearing
from pbx.cells import CellPool
from pbx.pool_figures import PoolFigures
from server.node import _analysis_ready, _cells_ready
from tests.config_support import RIGHT, loaded

POOL = PoolFigures(
    starting=0,
    warm=4,
    serving=0,
    resting=0,
    leaving=0,
    cells_max=10,
    started=4,
    used_again=0,
    crashed=0,
    failed_starts=0,
    killed={},
    refused=0,
    zygote_restarts=0,
    taps_dropped=0,
    private_kib_max=0,
)


def cells_ready(**figures: int) -> str | None:
    now = replace(POOL, **cast("Any", figures))
    return _cells_ready(cast("CellPool", SimpleNamespace(figures=lambda: now)))


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({"warm": 4}, None),
        ({"warm": 1, "serving": 9}, None),
        ({"warm": 0, "starting": 4}, None),
        ({"warm": 0, "serving": 5, "starting": 1}, None),
        ({"warm": 0}, "none is warm"),
        ({"warm": 0, "serving": 5}, "none is warm"),
        ({"warm": 0, "serving": 10}, "all 10 are taken (cells.max)"),
        ({"warm": 0, "serving": 8, "leaving": 2}, "all 10 are taken (cells.max)"),
    ],
)
def test_cells_are_ready_while_one_can_be_had(figures: dict[str, int], reason: str | None) -> None:
    assert cells_ready(**figures) == reason


@pytest.mark.parametrize(
    ("workers", "ready", "reason"),
    [(2, 2, None), (2, 1, None), (2, 0, "none of 2 workers runs"), (0, 0, None)],
)
def test_analysis_is_ready_while_one_worker_hears(
    workers: int, ready: int, reason: str | None
) -> None:
    configuration = loaded(f"{RIGHT}analysis: {{workers: {workers}}}\n").configuration
    hearing = SimpleNamespace(figures=lambda: HearingFigures(workers_ready=ready))
    assert _analysis_ready(cast("Hearing", hearing), configuration) == reason
