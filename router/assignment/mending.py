"""Mending: contacts that a solution leaves waiting although agents are left for them.

A contact whose few candidates were all worth more to others is left, and its price is high. The
cheapest chain is sought among all candidates: a contact left takes the agent of another, who takes
that of a third, until one takes an agent with room or is left in his stead. Prices of agents make
every step of a chain cost about 0 or more, so that it is found as shortest paths are (Dijkstra's
method, some seconds at once). Who is left even then meets the agents left, exactly and all pairs
looked at.

What comes out is never dearer.

Source:
    J. Edmonds, R. M. Karp, Theoretical Improvements in Algorithmic Efficiency for Network Flow
    Problems, Journal of the ACM 19, 1972.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from router.assignment.costs import PairCosts
from router.assignment.parts import part_of
from router.assignment.prices import Pairs
from router.assignment.problem import Index, Problem, Seconds, Solution
from router.assignment.small import solve_dense

DIRECT_MAX: Final = 300
"""Contacts and agents that were left and that are looked at."""
ALL_MAX: Final = 12
"""Contacts and agents that were left and all of whose pairs may be part of a chain."""
CHAINS_MAX: Final = 12
"""One is made after the other as long as it pays."""
STEP_S: Final = 16.0
"""Agents who are as near as that are passed together: prices are no better known."""
GAIN_S: Final = 30.0
"""What a chain must save: less is not worth the search."""


def mended(problem: Problem, solution: Solution, price: Seconds, met: Pairs) -> Solution:
    """Return a solution that leaves fewer waiting, where it pays.

    Args:
        problem: What is solved.
        solution: From which to start.
        price: Seconds by which each agent should be dearer so that not too many want him.
        met: Pairs of which chains are made, in order of their contacts.
    """
    agent_of = np.full(len(problem.leave_s), -1, dtype=np.int64)
    agent_of[solution.contacts] = solution.agents
    cost_of = PairCosts(problem)
    left, free = _left(problem, agent_of)
    if len(left) and len(free):
        met = _with_all(problem, cost_of, met, left[:ALL_MAX], free[:ALL_MAX])
    for _ in range(CHAINS_MAX):
        left, free = _left(problem, agent_of)
        if not len(left) or not len(free) or not _chained(problem, cost_of, agent_of, met, price):
            break
    left, free = _left(problem, agent_of)
    if len(left) and len(free):
        _solve_again(problem, agent_of, left, free)
    contacts = np.flatnonzero(agent_of >= 0)
    return Solution(contacts, agent_of[contacts], solution.exact, solution.complete)


def _left(problem: Problem, agent_of: Index) -> tuple[Index, Index]:
    """Return contacts without agent, the dearest to leave first, and agents with room."""
    left = np.flatnonzero(agent_of < 0)
    left = left[np.argsort(-problem.leave_s[left], kind="stable")]
    taken = np.bincount(agent_of[agent_of >= 0], minlength=len(problem.capacity))
    return left[:DIRECT_MAX], np.flatnonzero(problem.capacity > taken)[:DIRECT_MAX]


def _with_all(problem: Problem, cost_of: PairCosts, met: Pairs, left: Index, free: Index) -> Pairs:
    """Return the pairs with all those of some contacts and of some agents."""
    contacts, agents = len(problem.leave_s), len(problem.capacity)
    every, anybody = np.arange(contacts), np.arange(agents)
    contact = np.concatenate([met.contact, np.repeat(left, agents), np.tile(every, len(free))])
    agent = np.concatenate([met.agent, np.tile(anybody, len(left)), np.repeat(free, contacts)])
    order = np.argsort(contact, kind="stable")
    contact, agent = contact[order], agent[order]
    # Candidates were looked at without what single pairs cost besides.
    cost = cost_of(contact, agent)
    return Pairs(contact, agent, cost).only(np.flatnonzero(cost < problem.leave_s[contact]))


def _chained(
    problem: Problem, cost_of: PairCosts, agent_of: Index, met: Pairs, price: Seconds
) -> bool:
    """Make the cheapest chain from each contact left; False where none pays."""
    left, _ = _left(problem, agent_of)
    served = np.flatnonzero(agent_of >= 0)
    own_s = np.zeros(len(agent_of), dtype=np.float32)
    own_s[served] = cost_of(served, agent_of[served])
    taken = np.bincount(agent_of[served], minlength=len(problem.capacity))
    room = problem.capacity > taken
    ends = np.cumsum(np.bincount(met.contact, minlength=len(agent_of)))
    open_to = problem.capacity > 0
    near = np.full(len(room), np.inf, dtype=np.float32)
    unseen = near.copy()
    came = np.full(len(room), -1, dtype=np.int64)
    root = came.copy()
    in_step = np.zeros(len(room), dtype=np.bool_)
    # Chains from different contacts never meet: what is reached is reached from one alone.
    chains = [_Chain() for _ in left]
    movers, ahead, roots = left, -problem.leave_s[left].astype(np.float32), np.arange(len(left))
    while True:
        place, pair = _of_contacts(ends, movers)
        cost = met.cost[pair] + price[met.agent[pair]] + ahead[place]
        agent = met.agent[pair]
        closer = np.flatnonzero((cost < near[agent]) & open_to[agent])
        # The last of those written is the cheapest.
        closer = closer[np.argsort(-cost[closer], kind="stable")]
        agent = agent[closer]
        near[agent] = unseen[agent] = cost[closer]
        came[agent] = movers[place[closer]]
        root[agent] = roots[place[closer]]
        movers = movers[:0]
        while not len(movers):
            least = unseen.min()
            if not least < max(chain.cost_s for chain in chains):
                break
            step = np.flatnonzero(unseen <= least + STEP_S)
            unseen[step] = np.inf
            open_to[step] = False
            for end in step[room[step]].tolist():
                chains[root[end]].offer(float(near[end] - price[end]), end, -1)
            in_step[:] = False
            in_step[step] = True
            movers = served[in_step[agent_of[served]]]
        if not len(movers):
            break
        own = agent_of[movers]
        roots = root[own]
        ahead = near[own] - price[own] - own_s[movers]
        instead = ahead + problem.leave_s[movers]
        for one in np.flatnonzero(instead < -GAIN_S).tolist():
            chains[roots[one]].offer(float(instead[one]), int(own[one]), int(movers[one]))
    _make(chains, agent_of, came)
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


def _make(chains: list[_Chain], agent_of: Index, came: Index) -> None:
    """Enter chains in `agent_of`; `came` is the contact by whom an agent was reached."""
    for chain in chains:
        if chain.given_up >= 0:
            agent_of[chain.given_up] = -1
        end = chain.end
        while end >= 0:
            contact = came[end]
            end, agent_of[contact] = int(agent_of[contact]), end


def _of_contacts(ends: Index, contacts: Index) -> tuple[Index, Index]:
    """Return the places of some contacts, each once for each of its pairs, and these pairs."""
    begins = np.where(contacts > 0, ends[contacts - 1], 0)
    counts = ends[contacts] - begins
    place = np.repeat(np.arange(len(contacts)), counts)
    before = np.cumsum(counts) - counts
    return place, np.arange(len(place)) + (begins - before)[place]


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
