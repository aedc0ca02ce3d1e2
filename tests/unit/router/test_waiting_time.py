"""Forecasts of waits where the right answer is known."""

import math

import numpy as np
import pytest

from router.waiting_time import FORECAST_S_MAX, Crew, HandleBook, Outlook, shared_ahead

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


def everybody(ages: int) -> np.ndarray:
    return np.ones(ages, dtype=bool)


def test_without_a_handle_time_nothing_is_known():
    assert Outlook.of(Crew(np.array([5.0]), ["a"]), HandleBook()) is None


def test_nobody_able_is_no_forecast():
    assert outlook(EVEN, 5.0).forecast(np.zeros(1, dtype=bool), ahead=0) is None


def test_a_free_agent_answers_after_the_ringing():
    forecast = outlook(EVEN, -1.0, 10.0).forecast(everybody(2), ahead=0, ring_s=4.0)
    assert forecast is not None
    assert (forecast.p50_s, forecast.p90_s, forecast.mean_s) == (4.0, 4.0, 4.0)


def test_one_agent_is_awaited_for_the_rest_of_his_contact():
    for age_s, p50_s, p90_s in ((0.0, 150.0, 190.0), (120.0, 40.0, 72.0)):
        forecast = outlook(EVEN, age_s).forecast(everybody(1), ahead=0)
        assert forecast is not None
        assert forecast.p50_s == pytest.approx(p50_s, abs=12)
        assert forecast.p90_s == pytest.approx(p90_s, abs=12)


@pytest.mark.parametrize(("agents", "ahead"), [(1, 0), (1, 3), (5, 0), (5, 4), (20, 2), (20, 30)])
def test_memoryless_agents_make_a_gamma_distribution(agents, ahead):
    """Each end of n exponential contacts comes after 200/n s, so the wait is Erlang's."""
    forecast = outlook(EXPONENTIAL, *[50.0] * agents).forecast(everybody(agents), ahead=ahead)
    rng = np.random.default_rng(1)
    waits = rng.gamma(ahead + 1, 200.0 / agents, 50_000)
    assert forecast is not None
    # The first departure is exact, but for the grid.
    rough = 0.03 if ahead == 0 else 0.07
    assert forecast.p50_s == pytest.approx(np.quantile(waits, 0.5), rel=rough)
    assert forecast.p90_s == pytest.approx(np.quantile(waits, 0.9), rel=rough)
    assert forecast.mean_s == pytest.approx(waits.mean(), rel=rough)


def test_those_ahead_who_leave_shorten_the_wait():
    """M/M/n+M: with k ahead the departures come at n mu + k theta, then less by theta each."""
    agents, ahead, theta, mu = 5, 10, 1 / 300, 1 / 200
    forecast = outlook(EXPONENTIAL, *[50.0] * agents).forecast(
        everybody(agents), ahead=ahead, leave_rate_per_s=theta
    )
    rng = np.random.default_rng(2)
    waits = sum(
        rng.exponential(1 / (agents * mu + left * theta), 20_000) for left in range(ahead + 1)
    )
    assert forecast is not None
    assert forecast.p50_s == pytest.approx(np.quantile(waits, 0.5), rel=0.07)
    assert forecast.p90_s == pytest.approx(np.quantile(waits, 0.9), rel=0.07)


def test_more_urgent_arrivals_lengthen_the_wait():
    view = outlook(EXPONENTIAL, *[50.0] * 5)
    calm = view.forecast(everybody(5), ahead=5)
    busy = view.forecast(everybody(5), ahead=5, urgent_rate_per_s=0.0125)
    assert calm is not None
    assert busy is not None
    # Half of the departures go to others.
    assert busy.mean_s == pytest.approx(2 * calm.mean_s, rel=0.25)
    assert view.forecast(everybody(5), ahead=5, urgent_rate_per_s=0.05) is None


def test_nobody_is_told_more_than_four_hours():
    assert outlook(EVEN, 5.0).forecast(everybody(1), ahead=200) is None
    forecast = outlook(EXPONENTIAL, 5.0).forecast(everybody(1), ahead=65)
    assert forecast is not None
    assert forecast.p90_s == FORECAST_S_MAX


def test_who_takes_longer_than_anybody_is_still_awaited():
    forecast = outlook(EVEN, 1e6).forecast(everybody(1), ahead=0)
    assert forecast is not None
    assert 0 < forecast.p50_s < 300
    assert math.isfinite(forecast.p90_s)


def test_more_ahead_and_fewer_agents_never_shorten_a_wait():
    view = outlook(EXPONENTIAL, *range(0, 300, 30))
    before = 0.0
    for ahead in range(30):
        forecast = view.forecast(everybody(10), ahead=ahead)
        assert forecast is not None
        assert before <= forecast.p50_s <= forecast.p90_s
        before = forecast.p50_s
    some = np.array([True] * 4 + [False] * 6)
    forecast = view.forecast(some, ahead=29)
    assert forecast is not None
    assert forecast.p50_s > before


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
    counts, able, shared = (np.array(x, dtype=float) for x in ([4, 6, 3], [2, 3, 0], [2, 1, 0]))
    assert shared_ahead(counts, able, shared) == 4 + 2
