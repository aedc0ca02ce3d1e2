import numpy as np
import pytest

from router.assignment.constrained import solve_constrained
from router.assignment.costs import dense, objective_s
from router.assignment.prices import Pairs
from router.assignment.problem import Problem, TeamRule
from router.assignment.rules import broken, within_rules
from router.assignment.solver import solve, solve_unruled
from tests.unit.router.assignment.people import centre, checked, problem

ALL = np.ones(3, dtype=bool)


def rule(contacts: list[bool], agents: list[bool], most: int) -> TeamRule:
    return TeamRule(np.array(contacts), np.array(agents), most)


def test_a_rule_that_is_not_broken_changes_nothing():
    given = problem([[1, 5], [5, 1]], [600, 600], rules=(rule([True] * 2, [True] * 2, 2),))
    solution = solve(given)
    assert solution.exact
    assert solution.agents.tolist() == [0, 1]


def test_the_pair_that_saves_least_is_given_up():
    given = problem(
        [[1, 50, 50], [50, 9, 50], [50, 50, 5]],
        [600] * 3,
        rules=(TeamRule(ALL, ALL, 2),),
    )
    solution = solve(given)
    assert solution.contacts.tolist() == [0, 2]
    assert within_rules(given, solve_unruled(given)).contacts.tolist() == [0, 2]


def test_another_agent_is_found_where_the_rule_allows_it():
    """Dropping a pair would leave a contact waiting whom somebody else can serve."""
    team = rule([True] * 3, [True, True, False], 1)
    given = problem([[1, 2, 90], [3, 1, 90], [400, 400, 700]], [600] * 3, rules=(team,))
    solution = solve(given)
    checked(given, solution.contacts, solution.agents)
    assert solution.contacts.tolist() == [0, 1]
    assert sorted(solution.agents.tolist()) in ([0, 2], [1, 2])


@pytest.fixture(scope="module")
def ruled() -> Problem:
    given = centre(120, 120)
    half = np.arange(120) % 2 == 0
    limits = (TeamRule(half, half, 5), TeamRule(~half, half, 10))
    return Problem(
        given.terms, given.agent_s, given.leave_s, given.capacity, given.personal, limits
    )


def test_many_contacts_are_solved_within_rules(ruled):
    first = solve_unruled(ruled)
    assert len(broken(ruled, first.contacts, first.agents)) == 2
    solution = solve(ruled)
    checked(ruled, solution.contacts, solution.agents)
    assert objective_s(ruled, first) <= objective_s(ruled, solution)
    assert objective_s(ruled, solution) < objective_s(ruled, within_rules(ruled, first))


def test_where_the_time_is_up_the_best_in_hand_is_taken(ruled, monkeypatch):
    monkeypatch.setattr("router.assignment.constrained.STEPS_MAX", 1e-9)
    first = solve_unruled(ruled)
    cost = dense(ruled)
    contact, agent = np.nonzero(cost < ruled.leave_s[:, np.newaxis])
    every = Pairs(contact, agent, cost[contact, agent])
    solution = solve_constrained(ruled, first, every)
    checked(ruled, solution.contacts, solution.agents)
    assert objective_s(ruled, solution) <= objective_s(ruled, within_rules(ruled, first))
