from math import exp

import numpy as np
import pytest

from router.occupancy import TIME_CONSTANT_S, Occupancy

HOUR_S = TIME_CONSTANT_S


def share(occupancy: Occupancy, now_s: float, column: int = 0) -> float:
    return float(occupancy.share(np.array([column]), now_s)[0])


def test_work_raises_it_and_rest_lowers_it_by_the_same_law():
    occupancy = Occupancy(2)
    occupancy.note(0, True, 1_000.0)
    assert share(occupancy, 1_000.0) == 0.0
    assert share(occupancy, 1_000.0 + HOUR_S) == pytest.approx(1 - exp(-1))
    occupancy.note(0, False, 1_000.0 + HOUR_S)
    assert share(occupancy, 1_000.0 + 2 * HOUR_S) == pytest.approx((1 - exp(-1)) * exp(-1))
    assert share(occupancy, 1_000.0 + 2 * HOUR_S, column=1) == 0.0


def test_nothing_is_counted_for_the_time_before_an_agent_was_first_seen():
    occupancy = Occupancy(1)
    occupancy.note(0, True, 50 * HOUR_S)
    assert share(occupancy, 50 * HOUR_S) == 0.0


def test_half_of_the_time_is_half():
    occupancy, now_s = Occupancy(1), 1.0
    for n in range(2_000):
        occupancy.note(0, n % 2 == 0, now_s)
        now_s += 30
    assert share(occupancy, now_s) == pytest.approx(0.5, abs=0.01)


def test_looking_changes_nothing_and_a_share_stays_within_its_bounds():
    occupancy = Occupancy(1)
    occupancy.set_share(0, 1.0, 10.0)
    looks = [share(occupancy, now_s) for now_s in (10.0, 500.0, 10.0)]
    assert looks[0] == looks[2] == 1.0
    assert 0 < looks[1] < 1
    assert share(occupancy, 0.0) <= 1.0, "a clock that stands back a little"


def test_another_policy_keeps_what_is_known_of_its_agents():
    old, new = Occupancy(2), Occupancy(3)
    old.note(1, True, 100.0)
    new.take_over(2, old, 1)
    assert share(new, 4_000.0, 2) == share(old, 4_000.0, 1) > 0.5
    assert share(new, 4_000.0, 0) == 0.0
