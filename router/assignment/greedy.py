"""A greedy assignment: what is in hand when the time for a better one is up.

Every contact asks for its cheapest agent, and an agent takes the one that is dearest to leave; the
others ask again. Of large problems a part is looked at, so the time is bounded whatever the size.
"""

from typing import Final

import numpy as np

from router.assignment.costs import dense
from router.assignment.parts import part_of
from router.assignment.problem import Index, Problem, Solution
from router.assignment.rules import within_rules

PAIRS_MAX: Final = 250_000
"""Pairs looked at: 500 contacts and agents, within 5 ms; who is not among them goes on waiting."""
ROUNDS_MAX: Final = 40
"""How often a contact asks before it goes on waiting."""


def solve_greedy(problem: Problem) -> Solution:
    """Return an assignment that breaks no rule, made within milliseconds."""
    able = np.flatnonzero(problem.capacity > 0)
    most = np.argsort(-problem.leave_s, kind="stable")
    side = int(PAIRS_MAX**0.5)
    # The longest idle, and the dearest to leave, as many as there is room for.
    agents = able[: max(side, PAIRS_MAX // max(len(most), 1))]
    contacts = np.sort(most[: PAIRS_MAX // max(len(agents), 1)])
    part = part_of(problem, contacts, agents, problem.capacity)
    who, where = _ask(part)
    solution = Solution(contacts[who], agents[where], exact=False, complete=False)
    return within_rules(problem, solution)


def _ask(problem: Problem) -> tuple[Index, Index]:
    """Return who got whom, in order of contacts."""
    agent_of = np.full(len(problem.leave_s), -1, dtype=np.int64)
    room = problem.capacity.copy()
    cost = dense(problem)
    asking = np.argsort(-problem.leave_s, kind="stable")
    for _ in range(ROUNDS_MAX):
        if not len(asking) or not len(room):
            break
        wanted = cost[asking].argmin(axis=1)
        pays = cost[asking, wanted] < problem.leave_s[asking]
        asking, wanted = asking[pays], wanted[pays]
        # The first who asks is the dearest to leave.
        agents, first = np.unique(wanted, return_index=True)
        agent_of[asking[first]] = agents
        room[agents] -= 1
        cost[:, agents[room[agents] <= 0]] = np.inf
        asking = np.delete(asking, first)
    contacts = np.flatnonzero(agent_of >= 0)
    return contacts, agent_of[contacts]
