"""Forecasts of waits where the right answer is known."""

import math

import numpy as np
import pytest

from domain.wait_forecast import WaitForecast
from router.departures import shared_ahead
from router.waiting_time import FORECAST_S_MAX, Asked, Crew, HandleBook, Outlook

QUANTILES = (np.arange(256) + 0.5) / 256


def book(times: np.ndarray) -> HandleBook:
    found = HandleBook()
    for seconds in times:
        found.note("a", float(seconds))
    return found


EXPONENTIAL = book(-200.0 * np.log(1.0 - QUANTILES))
EVEN = book(np.linspace(100.0, 200.0, 256))


def outlook(handles: HandleBook, *ages: float) -> Outlook:
    found = Outlook.of(Crew(np.array(ages), ["a"] * len(ages)), handles)
    assert found is not None
    return found


def forecast(
    view: Outlook,
    able: np.ndarray,
    *,
    ahead: float,
    leave_rate_per_s: float = 0.0,
    urgent_rate_per_s: float = 0.0,
    ring_s: float = 0.0,
) -> WaitForecast | None:
    rates = (np.array([each], dtype=float) for each in (ahead, leave_rate_per_s, urgent_rate_per_s))
    (found,) = view.forecasts(Asked(able[None], np.zeros(1, dtype=np.int64), *rates), ring_s)
    return found


def everybody(ages: int) -> np.ndarray:
    return np.ones(ages, dtype=bool)


def test_without_a_handle_time_nothing_is_known():
    assert Outlook.of(Crew(np.array([5.0]), ["a"]), HandleBook()) is None


def test_nobody_able_is_no_forecast():
    assert forecast(outlook(EVEN, 5.0), np.zeros(1, dtype=bool), ahead=0) is None


def test_a_free_agent_answers_after_the_ringing():
    found = forecast(outlook(EVEN, -1.0, 10.0), everybody(2), ahead=0, ring_s=4.0)
    assert found is not None
    assert (found.p50_s, found.p90_s, found.mean_s) == (4.0, 4.0, 4.0)


def test_one_agent_is_awaited_for_the_rest_of_his_contact():
    for age_s, p50_s, p90_s in ((0.0, 150.0, 190.0), (120.0, 40.0, 72.0)):
        found = forecast(outlook(EVEN, age_s), everybody(1), ahead=0)
        assert found is not None
        assert found.p50_s == pytest.approx(p50_s, abs=12)
        assert found.p90_s == pytest.approx(p90_s, abs=12)


@pytest.mark.parametrize(("agents", "ahead"), [(1, 0), (1, 3), (5, 0), (5, 4), (20, 2), (20, 30)])
def test_memoryless_agents_make_a_gamma_distribution(agents, ahead):
    """Each end of n exponential contacts comes after 200/n s, so the wait is Erlang's."""
    found = forecast(outlook(EXPONENTIAL, *[50.0] * agents), everybody(agents), ahead=ahead)
    rng = np.random.default_rng(1)
    waits = rng.gamma(ahead + 1, 200.0 / agents, 50_000)
    assert found is not None
    # The first departure is exact, but for the grid.
    rough = 0.03 if ahead == 0 else 0.07
    assert found.p50_s == pytest.approx(np.quantile(waits, 0.5), rel=rough)
    assert found.p90_s == pytest.approx(np.quantile(waits, 0.9), rel=rough)
    assert found.mean_s == pytest.approx(waits.mean(), rel=rough)


def test_those_ahead_who_leave_shorten_the_wait():
    """M/M/n+M: with k ahead the departures come at n mu + k theta, then less by theta each."""
    agents, ahead, theta, mu = 5, 10, 1 / 300, 1 / 200
    found = forecast(
        outlook(EXPONENTIAL, *[50.0] * agents),
        everybody(agents),
        ahead=ahead,
        leave_rate_per_s=theta,
    )
    rng = np.random.default_rng(2)
    waits = sum(
        rng.exponential(1 / (agents * mu + left * theta), 20_000) for left in range(ahead + 1)
    )
    assert found is not None
    assert found.p50_s == pytest.approx(np.quantile(waits, 0.5), rel=0.07)
    assert found.p90_s == pytest.approx(np.quantile(waits, 0.9), rel=0.07)


def test_more_urgent_arrivals_lengthen_the_wait():
    view = outlook(EXPONENTIAL, *[50.0] * 5)
    calm = forecast(view, everybody(5), ahead=5)
    busy = forecast(view, everybody(5), ahead=5, urgent_rate_per_s=0.0125)
    assert calm is not None
    assert busy is not None
    # Half of the departures go to others.
    assert busy.mean_s == pytest.approx(2 * calm.mean_s, rel=0.25)
    assert forecast(view, everybody(5), ahead=5, urgent_rate_per_s=0.05) is None


def test_nobody_is_told_more_than_four_hours():
    assert forecast(outlook(EVEN, 5.0), everybody(1), ahead=200) is None
    found = forecast(outlook(EXPONENTIAL, 5.0), everybody(1), ahead=65)
    assert found is not None
    assert found.p90_s == FORECAST_S_MAX


def test_who_takes_longer_than_anybody_is_still_awaited():
    found = forecast(outlook(EVEN, 1e6), everybody(1), ahead=0)
    assert found is not None
    assert 0 < found.p50_s < 300
    assert math.isfinite(found.p90_s)


def test_more_ahead_and_fewer_agents_never_shorten_a_wait():
    view = outlook(EXPONENTIAL, *range(0, 300, 30))
    before = 0.0
    for ahead in range(30):
        found = forecast(view, everybody(10), ahead=ahead)
        assert found is not None
        assert before <= found.p50_s <= found.p90_s
        before = found.p50_s
    some = np.array([True] * 4 + [False] * 6)
    found = forecast(view, some, ahead=29)
    assert found is not None
    assert found.p50_s > before


def test_a_queue_with_few_times_borrows_those_of_all():
    handles = HandleBook()
    for _ in range(20):
        handles.note("a", 100.0)
    handles.note("b", 900.0)
    assert handles.of("b") is handles.all
    assert handles.of("new") is handles.all
    for _ in range(4):
        handles.note("b", 900.0)
    assert handles.of("b").mean_s == 900.0
    handles.forget("b")
    assert handles.of("b") is handles.all


def test_only_the_shared_part_of_a_group_is_ahead():
    counts = np.array([[4, 6, 3], [1, 0, 9]], dtype=float)
    able, shared = np.array([2.0, 3, 0]), np.array([[2.0, 1, 0], [1, 3, 0]])
    assert shared_ahead(counts, able, shared).tolist() == [4 + 2, 0.5]


def test_many_asked_at_once_are_told_what_each_is_told_alone():
    view = outlook(EXPONENTIAL, -1.0, *range(0, 300, 10))
    rng = np.random.default_rng(7)
    able = rng.random((6, 31)) < 0.4
    able[5] = False
    kind = rng.integers(0, 6, 200)
    ahead = rng.choice([0.0, 0.1, 0.3, 2.0, 7.5, 40.0], 200)
    leave = rng.choice([0.0, 1 / 300, 1 / 30], 200)
    urgent = rng.choice([0.0, 0.01, 0.1], 200)
    together = view.forecasts(Asked(able, kind, ahead, leave, urgent), 3.0)
    assert 40 < sum(each is None for each in together) < 160
    for place, each in enumerate(together):
        alone = forecast(
            view,
            able[kind[place]],
            ahead=ahead[place],
            leave_rate_per_s=leave[place],
            urgent_rate_per_s=urgent[place],
            ring_s=3.0,
        )
        assert (each is None) is (alone is None)
        if each is not None and alone is not None:
            assert (each.p50_s, each.p90_s, each.mean_s) == pytest.approx(
                (alone.p50_s, alone.p90_s, alone.mean_s)
            )
