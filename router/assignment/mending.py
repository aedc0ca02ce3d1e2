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

from dataclasses import dataclass
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
STEP_S: Final = 16.0
"""Agents who are as near as that are passed together: prices are no better known."""
GAIN_S: Final = 30.0
"""What a chain must save: less is not worth the search."""


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
    """Make the cheapest chain from each contact left; False where none pays."""
    served = np.flatnonzero(agent_of >= 0)
    taken = np.bincount(agent_of[served], minlength=len(problem.capacity))
    room = problem.capacity > taken
    open_to = problem.capacity > 0
    cost = rows(left)
    cost += price
    cost -= problem.leave_s[left, np.newaxis].astype(np.float32)
    root = cost.argmin(axis=0)
    near = cost[root, np.arange(cost.shape[1])]
    near[~open_to] = np.inf
    came = left[root]
    unseen = near.copy()
    in_step = np.zeros(len(room), dtype=np.bool_)
    # Chains from different contacts never meet: what is reached is reached from one alone.
    chains = [_Chain() for _ in left]
    looked_at = 0
    while looked_at < PAIRS_MAX:
        least = unseen.min()
        if not least < max(chain.cost_s for chain in chains):
            break
        step = np.flatnonzero(unseen <= least + STEP_S)
        unseen[step] = np.inf
        open_to[step] = False
        for agent in step[room[step]].tolist():
            chains[root[agent]].offer(float(near[agent] - price[agent]), agent, -1)
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
        for place in np.flatnonzero(instead < -GAIN_S).tolist():
            agent = int(own[place])
            chains[root[agent]].offer(float(instead[place]), agent, int(movers[place]))
        cost += price
        cost += ahead[:, np.newaxis]
        least_of = cost.min(axis=0)
        better = np.flatnonzero((least_of < near) & open_to)
        if not len(better):
            continue
        # argmin along columns is ten times slower than this.
        row, place = np.nonzero(cost[:, better] == least_of[better])
        near[better] = unseen[better] = least_of[better]
        came[better[place]] = movers[row]
        root[better[place]] = root[own[row]]
    for chain in chains:
        if chain.given_up >= 0:
            agent_of[chain.given_up] = -1
        end = chain.end
        while end >= 0:
            contact = came[end]
            end, agent_of[contact] = int(agent_of[contact]), end
    return any(chain.end >= 0 for chain in chains)


@dataclass(slots=True)
class _Chain:
    """The cheapest chain found for a contact left.

    Attributes:
        cost_s: What it costs; below 0: it saves.
        end: The agent where it ends; -1: none was found.
        given_up: The contact of that agent who is left instead; -1: the agent has room.
    """

    cost_s: float = -GAIN_S
    end: int = -1
    given_up: int = -1

    def offer(self, cost_s: float, end: int, given_up: int) -> None:
        """Take another chain where it is cheaper."""
        if cost_s < self.cost_s:
            self.cost_s, self.end, self.given_up = cost_s, end, given_up


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
