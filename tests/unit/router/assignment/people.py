"""Assignment problems for tests: random tables, and moments of a generated centre."""

import numpy as np

from bench.router_cost import posed
from bench.router_people import scene
from router.assignment.problem import Personal, Problem, TeamRule, Term


def problem(
    cost: list[list[float]],
    leave_s: list[float],
    capacity: list[int] | None = None,
    rules: tuple[TeamRule, ...] = (),
) -> Problem:
    """Return a problem in which every contact has a row of its own."""
    agents = len(cost[0]) if cost else 0
    table = np.array(cost, dtype=np.float32).reshape(len(leave_s), agents)
    return Problem(
        terms=[Term(None, table, np.arange(len(leave_s)))],
        agent_s=np.zeros(agents, dtype=np.float32),
        leave_s=np.array(leave_s, dtype=np.float64),
        capacity=np.array([1] * agents if capacity is None else capacity, dtype=np.int64),
        rules=rules,
    )


def centre(contacts: int, agents: int, seed: int = 1) -> Problem:
    """Return a moment of a generated centre, costs by the default weights."""
    return posed(scene(contacts, agents, seed), seed)()


def with_capacity(given: Problem, capacity: np.ndarray) -> Problem:
    """Return the problem with other capacities."""
    return Problem(
        terms=given.terms,
        agent_s=given.agent_s,
        leave_s=given.leave_s,
        capacity=capacity.astype(np.int64),
        personal=given.personal,
        rules=given.rules,
    )


def checked(given: Problem, contacts: np.ndarray, agents: np.ndarray) -> None:
    """Assert that these pairs are an assignment: nobody twice, over capacity or unwillingly."""
    assert contacts.dtype == agents.dtype == np.int64
    assert np.all(np.diff(contacts) > 0)
    taken = np.bincount(agents, minlength=len(given.agent_s))
    assert np.all(taken <= given.capacity)
    for rule in given.rules:
        assert np.count_nonzero(rule.contacts[contacts] & rule.agents[agents]) <= rule.pairs_max


def apart(*pairs: tuple[int, int]) -> Personal:
    """Return pairs that must not be made."""
    contact, agent = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Personal(contact, agent, np.full(len(pairs), np.inf, dtype=np.float32))
