import numpy as np

from config.routing import Routing
from router.cost import (
    IDLE_S_MAX,
    PAIR_UNITS_MAX,
    URGENCY_UNITS_MAX,
    idleness_s,
    pair_units,
    suitability_s,
    urgency_s,
    urgency_units,
)


def test_an_expert_is_kept_and_a_good_command_of_the_language_preferred():
    surplus = np.array([0, 4, 0])
    language = np.array([5, 5, 2], dtype=np.int8)
    np.testing.assert_array_equal(suitability_s(surplus, language, 5.0), [0.0, 20.0, 15.0])


def test_the_longer_idle_the_cheaper_up_to_an_hour():
    idle = np.array([0.0, 60.0, IDLE_S_MAX, 10 * IDLE_S_MAX])
    np.testing.assert_allclose(idleness_s(idle, 0.05), [180.0, 177.0, 0.0, 0.0])


def test_no_weight_can_leave_the_bounds():
    huge = np.array([0.0, 1e300])
    assert pair_units(huge, huge).tolist() == [0, PAIR_UNITS_MAX]
    assert urgency_units(huge).tolist() == [0, URGENCY_UNITS_MAX]


def test_one_step_of_priority_is_worth_its_seconds():
    weights = Routing(priority_weight_s=60, wait_weight_per_s=1)
    assert urgency_s(0, 1, weights) == urgency_s(60, 0, weights)


def test_units_are_milliseconds():
    assert urgency_units(np.array([1.2345])).tolist() == [1234]
