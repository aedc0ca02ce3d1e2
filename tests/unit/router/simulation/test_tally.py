import pytest

from router.simulation.tally import gini, merged, quantile, share_within


def test_the_gini_coefficient_of_known_values() -> None:
    assert gini([3.0, 3.0, 3.0]) == pytest.approx(0)
    assert gini([0.0, 0.0, 0.0, 8.0]) == pytest.approx(0.75)
    # Mean absolute difference of 1, 2, 3 is 8/9; half of it over the mean of 2 is 2/9.
    assert gini([2.0, 1.0, 3.0]) == pytest.approx(2 / 9)
    assert gini([0.0, 0.0]) == 0.0


def test_quantiles_lie_between_values() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.5) == 3.0
    assert quantile([0.0, 10.0], 0.95) == pytest.approx(9.5)
    assert quantile([7.0], 0.95) == 7.0


def test_the_share_within_a_limit_is_that_of_kaplan_and_meier() -> None:
    seen = [(float(time), True) for time in range(1, 11)]
    assert share_within(seen, 5.0) == pytest.approx(0.5)
    # 6-MP group of Freireich 1963 as Kaplan-Meier texts show it: survival at 10 weeks is 0.753.
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    gone = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    times = [(float(week), True) for week in weeks] + [(float(week), False) for week in gone]
    assert 1 - share_within(times, 10.0) == pytest.approx(0.753, abs=0.0005)
    assert 1 - share_within(times, 23.0) == pytest.approx(0.448, abs=0.0005)


def test_days_are_merged_by_half_hour() -> None:
    empty = [[0.0, 0.0] for _ in range(48)]
    one = [row[:] for row in empty]
    one[20] = [30.0, 2.0]
    two = [row[:] for row in empty]
    two[20] = [90.0, 4.0]
    means = merged([one, two])
    assert means[20] == 20.0
    assert means[:20] == [None] * 20
