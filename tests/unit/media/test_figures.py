import math

import pytest

from media.figures import Tally, quantile_s
from media.report import LATENCY_EDGES_S
from tests.unit.media.test_report import BEAT


def histogram(**buckets: int) -> list[int]:
    row = [0] * (len(LATENCY_EDGES_S) + 1)
    for name, count in buckets.items():
        row[int(name.removeprefix("b"))] = count
    return row


def test_quantiles_lie_within_their_bucket() -> None:
    latency = histogram(b0=50, b1=50)
    assert quantile_s(latency, 0.5) == pytest.approx(0.03)
    assert quantile_s(latency, 0.25) == pytest.approx(0.015)
    assert quantile_s(latency, 0.75) == pytest.approx(0.045)
    assert quantile_s(latency, 1.0) == pytest.approx(0.06)


def test_beyond_the_last_edge_is_the_last_edge() -> None:
    assert quantile_s(histogram(b10=3), 0.5) == LATENCY_EDGES_S[-1]


def test_no_frame_no_quantile() -> None:
    assert quantile_s(histogram(), 0.5) is None


def test_a_tally_adds_up_workers() -> None:
    tally = Tally()
    tally.add(BEAT)
    copy = tally.copy()
    copy.add(BEAT)
    assert tally.counters["frames"] == BEAT.frames
    assert copy.counters["frames"] == 2 * BEAT.frames
    assert copy.latency_sum_s == 2 * BEAT.latency_sum_s
    assert copy.buckets()[0] == (LATENCY_EDGES_S[0], 2)
    assert copy.buckets()[-1] == (math.inf, 2 * sum(BEAT.latency))
