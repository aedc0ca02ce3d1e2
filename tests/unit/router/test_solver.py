import numpy as np
import pytest

from router.cost import NOT_ELIGIBLE, PAIR_UNITS_MAX, URGENCY_UNITS_MAX
from router.solver import (
    AGENTS_MAX,
    ARCS_MAX,
    CONTACTS_MAX,
    Problem,
    objective,
    solve,
    solve_flow,
)


def problem(supply, urgency, pair, rank=None):
    urgency = np.array(urgency, dtype=np.int64)
    return Problem(
        supply=np.array(supply, dtype=np.int64),
        urgency=urgency,
        waiting_rank=np.arange(len(urgency)) if rank is None else np.array(rank),
        pair=np.array(pair, dtype=np.int64),
    )


def pairs(solution):
    return dict(zip(solution.contacts.tolist(), solution.agents.tolist(), strict=True))


def test_nobody_and_nothing():
    assert pairs(solve(problem([], [], np.zeros((0, 3))))) == {}
    assert pairs(solve(problem([1], [5], np.zeros((1, 0))))) == {}


def test_nobody_eligible():
    for shape in ([[NOT_ELIGIBLE]], [[NOT_ELIGIBLE] * 3]):
        assert pairs(solve(problem([1], [5], shape))) == {}
    assert pairs(solve(problem([1, 1], [5, 5], [[NOT_ELIGIBLE], [NOT_ELIGIBLE]]))) == {}
    nobody = [[NOT_ELIGIBLE] * 2, [NOT_ELIGIBLE] * 2]
    assert pairs(solve(problem([1, 1], [5, 5], nobody))) == {}


def test_one_class_the_most_urgent_gets_the_cheapest():
    solution = solve(problem([3], [10, 30, 20], [[5, 1, NOT_ELIGIBLE]]))
    assert pairs(solution) == {1: 1, 2: 0}


def test_one_agent_goes_where_most_is_saved():
    # The second is more urgent by 20, but costs 50 more.
    assert pairs(solve(problem([1, 1], [10, 30], [[0], [50]]))) == {0: 0}
    assert pairs(solve(problem([1, 1], [10, 80], [[0], [50]]))) == {1: 0}


def test_as_many_as_possible_are_served_at_any_cost():
    dear = PAIR_UNITS_MAX
    # The urgent contact could have agent 0 for nothing, but then the other has nobody.
    solution = solve(problem([1, 1], [1_000, 0], [[0, dear], [0, NOT_ELIGIBLE]]))
    assert pairs(solution) == {0: 1, 1: 0}


def test_ties_go_to_the_longest_waiting_and_the_longest_idle():
    same = [[7, 7], [7, 7], [7, 7]]
    solution = solve(problem([1, 1, 1], [5, 5, 5], same, rank=[2, 0, 1]))
    assert set(solution.contacts.tolist()) == {1, 2}
    alone = solve_flow(problem([1, 1], [5, 5], [[7, 7, 7], [7, 7, 7]]))
    assert sorted(alone.agents.tolist()) == [0, 1]


def test_within_a_class_the_flow_serves_the_most_urgent_too():
    solution = solve_flow(problem([3, 1], [1, 9, 5, 2], [[4, 4], [NOT_ELIGIBLE] * 2]))
    assert set(solution.contacts.tolist()) == {1, 2}


def test_the_largest_numbers_do_not_overflow():
    classes = 40
    pair = np.full((classes, AGENTS_MAX), PAIR_UNITS_MAX)
    pair[:, ::30] = 0
    urgency = np.full(CONTACTS_MAX, URGENCY_UNITS_MAX)
    urgency[::7] = 0
    solution = solve(problem([CONTACTS_MAX // classes] * classes, urgency, pair))
    assert len(set(solution.agents.tolist())) == len(solution.agents) > 100


def test_too_many_pairs_are_thinned_out_and_nothing_is_far_from_the_best():
    rng = np.random.default_rng(5)
    classes, agents = 60, 400
    assert classes * agents > ARCS_MAX
    pair = rng.integers(0, 20, (classes, agents)) * 5_000 + np.sort(
        rng.integers(0, 180_000, agents)
    )
    wide = problem([2] * classes, rng.integers(0, 600_000, 2 * classes), pair)
    thin = solve(wide)
    assert not thin.exact
    assert len(thin.contacts) == 2 * classes
    assert objective(wide, thin) >= 0


def test_more_than_the_limit_is_our_own_mistake():
    many = problem([AGENTS_MAX + 1], np.zeros(CONTACTS_MAX + 1), np.zeros((1, 5)))
    with pytest.raises(AssertionError):
        solve(many)
