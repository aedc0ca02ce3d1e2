"""The assignment: which contacts are served now, and by whom, at the least total cost.

The cost is that of all pairs made, plus the price of all contacts left waiting; a pair is made
only where it pays. How it is found depends on the size alone:

| problem | by |
| --- | --- |
| one contact, one agent | its cheapest entry (`small.py`) |
| small | the Hungarian method on all pairs (`small.py`) |
| larger | a minimum-cost flow over the pairs worth a look (`candidates.py`, `flow.py`) |

What breaks a rule about teams (`rules.py`) is solved once more (`constrained.py`).
"""

from typing import Final

import numpy as np

from router.assignment.candidates import candidates
from router.assignment.costs import dense
from router.assignment.flow import solve_flow
from router.assignment.prices import Pairs
from router.assignment.problem import Problem, Solution
from router.assignment.rules import PAIRS_MAX, broken
from router.assignment.small import nobody, solve_dense, solve_one_agent, solve_one_contact

DENSE_WORK_MAX: Final = 300**3
"""Shorter side squared times longer side up to which the Hungarian method is the faster one
(`bench/router.py`)."""


def solve(problem: Problem) -> Solution:
    """Return the cheapest assignment that was found; equal problems give equal ones."""
    solution = solve_unruled(problem)
    if not broken(problem, solution.contacts, solution.agents):
        return solution
    # Mostly nobody needs it, and it takes longer to load than all the rest.
    from router.assignment.constrained import solve_constrained  # noqa: PLC0415

    return solve_constrained(problem, solution, _all_or_few(problem))


def _all_or_few(problem: Problem) -> Pairs:
    """Return the pairs worth a look; all that pay where there are not too many."""
    if len(problem.leave_s) * len(problem.agent_s) > PAIRS_MAX:
        return candidates(problem)
    cost = dense(problem)
    pays = (cost < problem.leave_s[:, np.newaxis]) & (problem.capacity > 0)
    contact, agent = np.nonzero(pays)
    return Pairs(contact, agent, cost[contact, agent])


def solve_unruled(problem: Problem) -> Solution:
    """Return the cheapest assignment, whatever the rules about teams say."""
    contacts, agents = len(problem.leave_s), len(problem.agent_s)
    if not contacts or not agents:
        return nobody()
    if contacts == 1:
        return solve_one_contact(problem)
    if agents == 1:
        return solve_one_agent(problem)
    if dense_work(problem) <= DENSE_WORK_MAX:
        return solve_dense(problem)
    return solve_flow(problem)


def dense_work(problem: Problem) -> int:
    """Return how much work the Hungarian method has with a problem."""
    contacts = len(problem.leave_s)
    places = int(problem.capacity.clip(0, contacts).sum())
    return min(contacts, places) ** 2 * max(contacts, places)
