"""Mending: contacts that a solution leaves waiting although agents are left for them.

A contact whose few candidates were all worth more to others is left, and its price is high. It is
solved again, exactly and all pairs looked at, together with agents who were left and with contacts
around both: those that its candidates serve, and those that free agents could serve. What comes
out is never dearer.
"""

from typing import Final

import numpy as np

from router.assignment.parts import part_of
from router.assignment.prices import Pairs
from router.assignment.problem import Index, Problem, Solution
from router.assignment.small import solve_dense

DIRECT_MAX: Final = 300
"""Contacts and agents that were left and that are looked at first."""
AROUND_MAX: Final = 160
"""Contacts looked at in the second step: the exact solution then takes some milliseconds."""
AROUND_TIMES_MAX: Final = 3
"""It is done again as long as it helps."""


def mended(problem: Problem, solution: Solution, pairs: Pairs) -> Solution:
    """Return a solution that leaves fewer waiting, where it pays.

    Args:
        problem: What is solved.
        solution: From which to start.
        pairs: The pairs that it was made of.
    """
    agent_of = np.full(len(problem.leave_s), -1, dtype=np.int64)
    agent_of[solution.contacts] = solution.agents
    left, free = _left(problem, agent_of)
    if len(left) and len(free):
        _solve_again(problem, agent_of, left, free)
        left, free = _left(problem, agent_of)
    for _ in range(AROUND_TIMES_MAX):
        before = len(left)
        if not before or not len(free):
            break
        _solve_again(problem, agent_of, _around(agent_of, left, free, pairs), free)
        left, free = _left(problem, agent_of)
        if len(left) == before:
            break
    contacts = np.flatnonzero(agent_of >= 0)
    return Solution(contacts, agent_of[contacts], solution.exact, solution.complete)


def _left(problem: Problem, agent_of: Index) -> tuple[Index, Index]:
    """Return contacts without agent, the dearest to leave first, and agents with room."""
    left = np.flatnonzero(agent_of < 0)
    left = left[np.argsort(-problem.leave_s[left], kind="stable")]
    taken = np.bincount(agent_of[agent_of >= 0], minlength=len(problem.capacity))
    return left[:DIRECT_MAX], np.flatnonzero(problem.capacity > taken)[:DIRECT_MAX]


def _around(agent_of: Index, left: Index, free: Index, pairs: Pairs) -> Index:
    """Return the contacts left, and others that may make room for them, at most AROUND_MAX."""
    contacts = left[: AROUND_MAX // 2]
    seen = np.zeros(len(agent_of), dtype=np.bool_)
    seen[contacts] = True
    wanted = np.zeros(int(max(agent_of.max(), free.max(), pairs.agent.max(initial=0))) + 1, bool)
    wanted[free] = True
    served = np.flatnonzero(agent_of >= 0)
    while len(contacts) < AROUND_MAX:
        near = seen.copy()
        near[pairs.contact[wanted[pairs.agent]]] = True
        wanted[pairs.agent[seen[pairs.contact]]] = True
        near[served[wanted[agent_of[served]]]] = True
        new = np.flatnonzero(near & ~seen)
        if not len(new):
            break
        new = new[: AROUND_MAX - len(contacts)]
        seen[new] = True
        contacts = np.concatenate([contacts, new])
    return contacts


def _solve_again(problem: Problem, agent_of: Index, contacts: Index, free: Index) -> None:
    """Solve for some contacts, their agents and free ones, and enter it in `agent_of`."""
    contacts = np.sort(contacts)
    own = agent_of[contacts]
    agents = np.union1d(own[own >= 0], free)
    others = agent_of.copy()
    others[contacts] = -1
    taken = np.bincount(others[others >= 0], minlength=len(problem.capacity))
    again = solve_dense(part_of(problem, contacts, agents, problem.capacity - taken))
    agent_of[contacts] = -1
    agent_of[contacts[again.contacts]] = agents[again.agents]
