"""Forecasts of waits against what happens: covered as promised, and better than a mean alone.

Judged are customers who never leave, so that what is compared is the whole wait; the others leave
as they like, and the correction learns from all.
"""

from functools import cache
from statistics import mean

import pytest

from tests.sim.wait_queues import Judged, Run, Shop

SIX = ("a", "a", "b", "b", "ab", "ab")
SHOPS = {
    "busy": Shop(SIX, load=0.9),
    "full": Shop(SIX, load=1.05),
    "overrun, some urgent": Shop(SIX, load=1.3, spread=1.2, urgent=0.1),
}


@cache
def judged(name: str) -> list[Judged]:
    return Run(SHOPS[name], seed=1, contacts=3_000).run().judged


def covered(cases: list[Judged]) -> tuple[float, float]:
    return (
        mean(one.waited_s <= one.told.p50_s for one in cases),
        mean(one.waited_s <= one.told.p90_s for one in cases),
    )


@pytest.mark.parametrize("name", SHOPS)
def test_a_forecast_covers_what_it_promises(name):
    cases = judged(name)
    assert len(cases) > 400
    p50, p90 = covered(cases)
    assert 0.45 <= p50 <= 0.55
    assert 0.86 <= p90 <= 0.94


@pytest.mark.parametrize("name", SHOPS)
def test_the_mean_is_not_biased_and_the_median_is_nearer_than_todays_number(name):
    cases = [one for one in judged(name) if one.today_s is not None]
    waited = mean(one.waited_s for one in cases)
    assert abs(mean(one.told.mean_s for one in cases) / waited - 1) < 0.12
    error = mean(abs(one.told.p50_s - one.waited_s) for one in cases)
    today = mean(abs(one.today_s - one.waited_s) for one in cases if one.today_s is not None)
    assert error < 0.8 * today


def test_without_its_correction_it_is_near_already():
    cases = [one for name in SHOPS for one in judged(name)]
    assert 0.4 < mean(one.waited_s <= one.raw.p50_s for one in cases) < 0.66
    assert 0.85 < mean(one.waited_s <= one.raw.p90_s for one in cases) < 0.97


def test_the_same_seed_is_the_same_run():
    first = Run(SHOPS["busy"], seed=3, contacts=600).run().judged
    assert first == Run(SHOPS["busy"], seed=3, contacts=600).run().judged
    assert first
