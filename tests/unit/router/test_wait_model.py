import numpy as np
import pytest

from router.wait_model import (
    PRIORITIES_MAX,
    RATE_HALF_LIFE_S,
    SAMPLES_MAX,
    Arrivals,
    HandleTimes,
    Patience,
    Ringing,
)


def times(*seconds: float) -> HandleTimes:
    found = HandleTimes()
    for each in seconds:
        found.note(each)
    return found


def test_the_newest_times_are_kept():
    found = times(*[10.0] * SAMPLES_MAX, *[20.0] * (SAMPLES_MAX // 2))
    assert len(found) == SAMPLES_MAX
    assert found.mean_s == 15.0
    assert found.deviation_s == 5.0
    assert found.version == SAMPLES_MAX * 3 // 2
    assert (HandleTimes().mean_s, HandleTimes().deviation_s) == (0.0, 0.0)


def test_survival_falls_from_one_and_never_to_nothing():
    found = times(100, 200, 300)
    survival = found.survival(np.array([0.0, 100, 150, 200, 300, 600, 1e9]))
    assert survival[:5] == pytest.approx([1.0, 0.75, 0.625, 0.5, 0.25])
    assert 0 < survival[5] < 0.25
    assert survival[6] > 0
    assert (np.diff(survival) < 0).all()


def test_a_table_is_made_anew_for_another_step_or_time():
    found = times(100, 200)
    table = found.table(10.0, 50)
    assert found.table(10.0, 50) is table
    assert table[10] == found.survival(np.array([100.0]))[0]
    assert found.table(20.0, 50)[5] == table[10]
    found.note(50)
    assert found.table(20.0, 50)[5] != table[10]


def test_patience_counts_those_who_stayed_too():
    rng = np.random.default_rng(1)
    patience = Patience()
    for limit_s, wait_s in zip(
        rng.exponential(300, 3_000), rng.exponential(200, 3_000), strict=True
    ):
        patience.note(min(limit_s, wait_s), left=limit_s < wait_s)
    assert patience.rate_per_s == pytest.approx(1 / 300, rel=0.25)
    assert Patience().rate_per_s == 0.0


def test_ringing_begins_with_the_first():
    ringing = Ringing()
    ringing.note(4.0)
    assert ringing.seconds == 4.0
    ringing.note(36.0)
    assert ringing.seconds == 5.0


def test_arrivals_of_a_higher_priority():
    arrivals = Arrivals()
    assert arrivals.rate_above_per_s(0, 5.0) == 0.0
    for second in range(4_000):
        arrivals.note(2 if second % 10 == 0 else 0, float(second))
    assert arrivals.rate_above_per_s(0, 4_000.0) == pytest.approx(0.1, rel=0.02)
    assert arrivals.rate_above_per_s(-1, 4_000.0) == pytest.approx(1.0, rel=0.02)
    assert arrivals.rate_above_per_s(2, 4_000.0) == 0.0
    much_later = 4_000.0 + RATE_HALF_LIFE_S
    assert arrivals.rate_above_per_s(0, much_later) == pytest.approx(0.05, rel=0.05)
    arrivals.note(PRIORITIES_MAX + 5, much_later)
    assert arrivals.rate_above_per_s(2, much_later) > 0
