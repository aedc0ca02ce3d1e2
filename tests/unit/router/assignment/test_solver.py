import numpy as np
import pytest

from router.assignment.costs import least_s, objective_s
from router.assignment.flow import solve_flow
from router.assignment.problem import Problem, Solution
from router.assignment.small import solve_dense
from router.assignment.solver import DENSE_WORK_MAX, dense_work, solve
from tests.unit.router.assignment.people import apart, centre, checked, problem, with_capacity

NEVER = float("inf")


def pairs(solution) -> list[tuple[int, int]]:
    return list(zip(solution.contacts.tolist(), solution.agents.tolist(), strict=True))


def test_nobody_waits_or_nobody_is_free():
    assert pairs(solve(problem([], []))) == []
    assert pairs(solve(problem([[], []], [600, 600]))) == []
    assert pairs(solve(problem([[1, 2]], [600], capacity=[0, 0]))) == []


def test_a_pair_is_made_only_where_it_pays():
    assert pairs(solve(problem([[100]], [100]))) == []
    assert pairs(solve(problem([[99]], [100]))) == [(0, 0)]
    assert pairs(solve(problem([[100, 700], [700, 90]], [100, 100]))) == [(1, 1)]


def test_one_contact_gets_the_cheapest_agent_and_the_first_of_equals():
    assert pairs(solve(problem([[7, 5, 5, NEVER]], [600]))) == [(0, 1)]
    assert pairs(solve(problem([[7, 5, 5]], [600], capacity=[1, 0, 1]))) == [(0, 2)]


def test_one_agent_gets_who_saves_most_and_the_first_of_equals():
    assert pairs(solve(problem([[9], [3], [3]], [600, 600, 600]))) == [(1, 0)]
    assert pairs(solve(problem([[9], [3], [3]], [700, 600, 600]))) == [(0, 0)]
    three = problem([[9], [3], [5], [1]], [600] * 4, capacity=[2])
    assert pairs(solve(three)) == [(1, 0), (3, 0)]


def test_among_equals_who_came_first_and_who_was_idle_first_are_paired():
    equal = problem([[5, 5, 5]] * 2, [600, 600])
    assert set(pairs(solve(equal))) <= {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert solve(equal).agents.max() == 1
    assert pairs(solve(problem([[5, 5]] * 4, [600] * 4)))[-1][0] == 1


def test_the_cheapest_agent_of_both_goes_to_whom_it_saves_more():
    assert pairs(solve(problem([[0, 10], [0, 90]], [600, 600]))) == [(0, 1), (1, 0)]


def test_who_must_be_kept_apart_is():
    both = problem([[0, 10], [0, 90]], [600, 600])
    both = type(both)(both.terms, both.agent_s, both.leave_s, both.capacity, apart((1, 0), (1, 1)))
    assert pairs(solve(both)) == [(0, 0)]


def test_the_dearest_to_leave_are_served():
    many = problem([[10, 10]] * 4, [300, 500, 400, 200])
    assert solve(many).contacts.tolist() == [1, 2]


def above_least_s(given: Problem, solution: Solution) -> float:
    """Return what a solution costs beyond the best that could be thought of."""
    return objective_s(given, solution) - least_s(given)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("size", [(400, 400), (330, 420), (520, 300)])
def test_the_flow_is_near_the_optimum(size, seed):
    contacts, agents = size
    given = centre(contacts, agents, seed)
    assert dense_work(given) > DENSE_WORK_MAX
    solution = solve(given)
    checked(given, solution.contacts, solution.agents)
    assert not solution.exact
    best_s = above_least_s(given, solve_dense(given))
    assert best_s - 0.01 <= above_least_s(given, solution) <= 1.002 * best_s


def test_agents_with_room_for_several_get_several():
    given = centre(420, 130)
    given = with_capacity(given, np.random.default_rng(4).integers(0, 5, 130))
    solution = solve_flow(given)
    checked(given, solution.contacts, solution.agents)
    assert np.bincount(solution.agents).max() > 1
    best_s = above_least_s(given, solve_dense(given))
    assert above_least_s(given, solution) <= 1.002 * best_s


def test_groups_of_a_large_problem_lose_nobody(monkeypatch):
    """What is cut into groups, samples and pieces is solved as well as the whole."""
    given = centre(450, 450, 5)
    best_s = above_least_s(given, solve_dense(given))
    monkeypatch.setattr("router.assignment.groups.PAIRS_MIN", 1)
    monkeypatch.setattr("router.assignment.groups.PIECE_PAIRS", 1_000)
    monkeypatch.setattr("router.assignment.sampled.SAMPLE_MIN", 150)
    solution = solve_flow(given)
    checked(given, solution.contacts, solution.agents)
    assert above_least_s(given, solution) <= 1.01 * best_s


@pytest.mark.parametrize("size", [(40, 60), (450, 450)])
def test_the_same_problem_has_the_same_solution(size):
    contacts, agents = size
    first, second = solve(centre(contacts, agents)), solve(centre(contacts, agents))
    assert pairs(first) == pairs(second)


def test_contacts_alike_are_served_in_order_whatever_the_solver_did():
    """Three hundred contacts alike and as many agents alike but for their place."""
    table = [[float(agent) for agent in range(250)]] * 400
    given = problem(table, [1_000.0] * 400)
    given = type(given)(
        [type(given.terms[0])(None, given.terms[0].table[:1], np.zeros(400, dtype=np.int64))],
        given.agent_s,
        given.leave_s,
        given.capacity,
    )
    assert dense_work(given) > 200**3
    solution = solve_flow(given)
    assert solution.contacts.tolist() == list(range(250))
    assert solution.agents.tolist() == list(range(250))
