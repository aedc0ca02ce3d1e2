"""What pairs cost: the terms of a problem summed, for a row, for some pairs, for everybody."""

import numpy as np
from numpy.typing import NDArray

from router.assignment.problem import Index, Problem, Seconds, Solution


def row(problem: Problem, contact: int) -> Seconds:
    """Return what one contact costs by each agent, shape (agents,)."""
    cost = problem.agent_s.astype(np.float32)
    for term in problem.terms:
        cost += term.table[term.index[contact]]
    personal = problem.personal
    if len(personal.contact):
        own = np.flatnonzero(personal.contact == contact)
        cost[personal.agent[own]] += personal.seconds[own]
    return cost


def column(problem: Problem, agent: int) -> Seconds:
    """Return what each contact costs by one agent, shape (contacts,)."""
    # In the order of `row`, so that equal pairs are equal to the last digit.
    cost = np.full(len(problem.leave_s), problem.agent_s[agent], dtype=np.float32)
    for term in problem.terms:
        cost += term.table[term.index, agent]
    personal = problem.personal
    if len(personal.contact):
        own = np.flatnonzero(personal.agent == agent)
        cost[personal.contact[own]] += personal.seconds[own]
    return cost


def dense(problem: Problem) -> Seconds:
    """Return what each pair costs, shape (contacts, agents); +inf: never."""
    contacts, agents = len(problem.leave_s), len(problem.agent_s)
    cost = np.empty((contacts, agents), dtype=np.float32)
    cost[:] = problem.agent_s
    part = np.empty_like(cost)
    for term in problem.terms:
        # Ten times as fast as indexing: no bounds are checked, and no new array is made.
        cost += np.take(term.table, term.index, axis=0, out=part, mode="clip")
    personal = problem.personal
    cost[personal.contact, personal.agent] += personal.seconds
    return cost


class PairCosts:
    """Looks up what some pairs cost."""

    def __init__(self, problem: Problem) -> None:
        """Prepare to find the personal part of a pair."""
        self._problem = problem
        self._agents = max(len(problem.agent_s), 1)
        keys = problem.personal.contact * self._agents + problem.personal.agent
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._seconds = problem.personal.seconds[order]

    def __call__(self, contacts: Index, agents: Index) -> Seconds:
        """Return what these pairs cost, shape (pairs,)."""
        cost = self._problem.agent_s[agents].astype(np.float32)
        for term in self._problem.terms:
            cost += term.table[term.index[contacts], agents]
        if len(self._keys):
            keys = contacts * self._agents + agents
            place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            found = self._keys[place] == keys
            cost[found] += self._seconds[place[found]]
        return cost


def objective_s(problem: Problem, solution: Solution) -> float:
    """Return what a solution costs: its pairs, and the price of all who go on waiting.

    Returns:
        Seconds of waiting; +inf where a pair stands in it that must not be made.
    """
    left: NDArray[np.bool_] = np.ones(len(problem.leave_s), dtype=np.bool_)
    left[solution.contacts] = False
    pairs = PairCosts(problem)(solution.contacts, solution.agents)
    return float(pairs.sum(dtype=np.float64)) + float(problem.leave_s[left].sum())


def least_s(problem: Problem) -> float:
    """Return what serving everybody would cost if each reason alone chose the agent.

    Costs are told against means and may be below 0, so a share of their sum says nothing; a share
    of what a solution costs above this does.
    """
    least = np.full(len(problem.leave_s), problem.agent_s.min(initial=0.0), dtype=np.float64)
    for term in problem.terms:
        finite = np.where(np.isfinite(term.table), term.table, np.inf)
        rows = finite.min(axis=1, initial=np.inf)
        least += np.where(np.isfinite(rows), rows, 0.0)[term.index]
    return float(least.sum())
