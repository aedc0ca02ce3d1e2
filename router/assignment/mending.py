"""Mending: contacts that a solution leaves waiting although agents are left for them.

A contact whose few candidates were all worth more to others is left, and its price is high. The
cheapest chain is sought among all candidates: a contact left takes the agent of another, who takes
that of a third, until one takes an agent with room or is left in his stead. Prices of agents make
every step of a chain cost about 0 or more, so that it is found as shortest paths are (Dijkstra's
method); what is below 0 counts as 0. Who is left even then meets the agents left, exactly and all
pairs looked at.

What comes out is never dearer.

Source:
    J. Edmonds, R. M. Karp, Theoretical Improvements in Algorithmic Efficiency for Network Flow
    Problems, Journal of the ACM 19, 1972.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

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
"""Agents who are as near as that count as equally near: prices are no better known."""
HOP_S: Final = 0.01
"""Of those, who is reached by fewer steps."""
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
    contact = np.concatenate([np.repeat(left, agents), np.repeat(np.arange(contacts), len(free))])
    agent = np.concatenate([np.tile(np.arange(agents), len(left)), np.tile(free, contacts)])
    others = cost_of(contact, agent)
    pays = np.flatnonzero(others < problem.leave_s[contact])
    contact = np.concatenate([met.contact, contact[pays]])
    order = np.argsort(contact, kind="stable")
    return Pairs(
        contact[order],
        np.concatenate([met.agent, agent[pays]])[order],
        np.concatenate([met.cost, others[pays]])[order],
    )


def _chained(
    problem: Problem, cost_of: PairCosts, agent_of: Index, met: Pairs, price: Seconds
) -> bool:
    """Make the cheapest chain from each contact left; False where none pays."""
    contacts, agents = len(agent_of), len(problem.capacity)
    left, _ = _left(problem, agent_of)
    served = np.flatnonzero(agent_of >= 0)
    own = agent_of[served]
    cost_s = met.cost + price[met.agent]
    # What a contact gives up when it moves; who is left begins with its cheapest step, so that
    # those who are dear to leave do not reach everybody first.
    worth_s = problem.leave_s.astype(np.float32)
    np.minimum.at(worth_s, met.contact, cost_s)
    saved_s = problem.leave_s - worth_s
    worth_s[served] = cost_of(served, own) + price[own]
    used = np.flatnonzero(agent_of[met.contact] != met.agent)
    step_s = cost_s[used] - worth_s[met.contact[used]]
    graph = _steps(met.contact[used], met.agent[used], step_s, served, own, contacts, agents)
    far_s = float(saved_s[left].max()) + float(price.max(initial=0.0))
    # All at once: chains from different contacts never meet.
    reached_s, came, root = dijkstra(
        graph, indices=left, return_predecessors=True, min_only=True, limit=far_s
    )
    room = problem.capacity > np.bincount(own, minlength=agents)
    # Where no root is, what is reached is infinite.
    total_s = reached_s - saved_s[np.maximum(root, 0)]
    total_s[contacts:] = np.where(room, total_s[contacts:] - price, np.inf)
    total_s[served] += problem.leave_s[served] - worth_s[served]
    total_s[left] = np.inf
    ends = np.flatnonzero(total_s < -GAIN_S)
    ends = ends[np.argsort(total_s[ends], kind="stable")]
    # The first of each contact left is its cheapest.
    _, first = np.unique(root[ends], return_index=True)
    made = [_made(problem, cost_of, agent_of, came, end) for end in ends[first].tolist()]
    return any(made)


def _steps(
    contact: Index,
    agent: Index,
    step_s: Seconds,
    served: Index,
    own: Index,
    contacts: int,
    agents: int,
) -> Any:
    """Return the steps of chains: from contacts to agents, and from these to whom they serve."""
    by_agent = np.argsort(own, kind="stable")
    counts = np.concatenate(
        [np.bincount(contact, minlength=contacts), np.bincount(own, minlength=agents)]
    )
    begins = np.zeros(contacts + agents + 1, dtype=np.int32)
    np.cumsum(counts, out=begins[1:])
    heads = np.concatenate([contacts + agent, served[by_agent]]).astype(np.int32)
    costs = np.zeros(len(heads), dtype=np.float64)
    # In whole steps, so that many contacts reach as far, and not one reaches everybody first.
    costs[: len(step_s)] = np.floor(np.maximum(step_s, 0) / STEP_S) * STEP_S + HOP_S
    costs[len(step_s) :] = HOP_S
    return csr_array((costs, heads, begins), shape=(contacts + agents, contacts + agents))


def _made(
    problem: Problem, cost_of: PairCosts, agent_of: Index, came: NDArray[np.int32], end: int
) -> bool:
    """Enter a chain in `agent_of` where it saves enough; False where it does not.

    Args:
        problem: What is solved.
        cost_of: What its pairs cost.
        agent_of: The agent of each contact; -1: none.
        came: By whom contacts, and behind them agents, were reached.
        end: Where it ends: an agent with room, or a contact that is left instead.
    """
    contacts = len(agent_of)
    change_s = 0.0
    movers: list[int] = []
    if end < contacts:
        change_s += float(problem.leave_s[end])
        movers.append(end)
    agents: list[int] = [-1] if movers else []
    at = int(came[end]) if movers else end
    while at >= 0:
        agents.append(at - contacts)
        movers.append(int(came[at]))
        at = int(came[movers[-1]])
    change_s -= float(problem.leave_s[movers[-1]])
    who, where = np.array(movers), np.array(agents)
    before = agent_of[who]
    change_s += float(cost_of(who[where >= 0], where[where >= 0]).sum())
    change_s -= float(cost_of(who[before >= 0], before[before >= 0]).sum())
    if not change_s < -GAIN_S:
        return False
    agent_of[who] = where
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
