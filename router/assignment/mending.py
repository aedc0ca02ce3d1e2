"""Mending: contacts that a solution leaves waiting although agents are left for them.

A contact whose few candidates were all worth more to others is left, and its price is high. First
those left meet the agents left, exactly and all pairs looked at. Then the cheapest chain is sought,
over all pairs: a contact left takes the agent of another, who takes that of a third, until one takes
an agent with room or is left in his stead. Prices of agents make every step of a chain cost about 0
or more, so that the cheapest chain is found after few steps (Dijkstra, a few seconds at once).

What comes out is never dearer.

Source:
    J. Edmonds, R. M. Karp, Theoretical Improvements in Algorithmic Efficiency for Network Flow
    Problems, Journal of the ACM 19, 1972.
"""

from typing import Final

import numpy as np

from router.assignment.costs import Rows
from router.assignment.parts import part_of
from router.assignment.problem import Index, Problem, Seconds, Solution
from router.assignment.small import solve_dense

DIRECT_MAX: Final = 300
"""Contacts and agents that were left and that are looked at."""
CHAINS_MAX: Final = 12
"""One is made after the other as long as it pays."""
PAIRS_MAX: Final = 4_000_000
"""Looked at for one chain: some 20 ms."""
STEP_S: Final = 2.0
"""Agents who are as near as that are passed together: prices are no better known."""
GAIN_S: Final = 0.01
"""What a chain must save: less is the rounding of costs."""


def mended(problem: Problem, solution: Solution, price: Seconds) -> Solution:
    """Return a solution that leaves fewer waiting, where it pays.

    Args:
        problem: What is solved.
        solution: From which to start.
        price: Seconds by which each agent should be dearer so that not too many want him.
    """
    agent_of = np.full(len(problem.leave_s), -1, dtype=np.int64)
    agent_of[solution.contacts] = solution.agents
    left, free = _left(problem, agent_of)
    if len(left) and len(free):
        _solve_again(problem, agent_of, left, free)
    rows = None
    for _ in range(CHAINS_MAX):
        left, free = _left(problem, agent_of)
        if not len(left) or not len(free):
            break
        rows = rows or Rows(problem)
        if not _chained(problem, rows, agent_of, left, price):
            break
    contacts = np.flatnonzero(agent_of >= 0)
    return Solution(contacts, agent_of[contacts], solution.exact, solution.complete)


def _left(problem: Problem, agent_of: Index) -> tuple[Index, Index]:
    """Return contacts without agent, the dearest to leave first, and agents with room."""
    left = np.flatnonzero(agent_of < 0)
    left = left[np.argsort(-problem.leave_s[left], kind="stable")]
    taken = np.bincount(agent_of[agent_of >= 0], minlength=len(problem.capacity))
    return left[:DIRECT_MAX], np.flatnonzero(problem.capacity > taken)[:DIRECT_MAX]


def _chained(problem: Problem, rows: Rows, agent_of: Index, left: Index, price: Seconds) -> bool:
    """Make the cheapest chain from a contact left; False where none pays."""
    served = np.flatnonzero(agent_of >= 0)
    taken = np.bincount(agent_of[served], minlength=len(problem.capacity))
    room = problem.capacity > taken
    cost = rows(left)
    cost += price
    cost -= problem.leave_s[left, np.newaxis].astype(np.float32)
    first = cost.argmin(axis=0)
    near = cost[first, np.arange(cost.shape[1])]
    near[problem.capacity <= 0] = np.inf
    came = left[first]
    unseen = near.copy()
    in_step = np.zeros(len(room), dtype=np.bool_)
    gain_s, end, given_up = -GAIN_S, -1, -1
    looked_at = 0
    while looked_at < PAIRS_MAX:
        least = unseen.min()
        if not least < gain_s:
            break
        step = np.flatnonzero(unseen <= least + STEP_S)
        unseen[step] = np.inf
        ends = step[room[step]]
        if len(ends):
            saved = near[ends] - price[ends]
            best = int(saved.argmin())
            if saved[best] < gain_s:
                gain_s, end, given_up = float(saved[best]), int(ends[best]), -1
        in_step[:] = False
        in_step[step] = True
        movers = served[in_step[agent_of[served]]]
        if not len(movers):
            continue
        looked_at += len(movers) * len(room)
        cost = rows(movers)
        own = agent_of[movers]
        ahead = near[own] - price[own] - cost[np.arange(len(movers)), own]
        instead = ahead + problem.leave_s[movers]
        best = int(instead.argmin())
        if instead[best] < gain_s:
            gain_s, end, given_up = float(instead[best]), int(own[best]), int(movers[best])
        cost += price
        cost += ahead[:, np.newaxis]
        better = np.flatnonzero((cost.min(axis=0) < near) & (unseen < np.inf))
        # Who could not be reached before is not yet seen, either.
        new = np.flatnonzero((near == np.inf) & (cost.min(axis=0) < np.inf))
        better = np.union1d(better, new[problem.capacity[new] > 0])
        who = cost[:, better].argmin(axis=0)
        near[better] = unseen[better] = cost[who, better]
        came[better] = movers[who]
    if end < 0:
        return False
    if given_up >= 0:
        agent_of[given_up] = -1
    while end >= 0:
        contact = came[end]
        end, agent_of[contact] = agent_of[contact], end
    return True


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
