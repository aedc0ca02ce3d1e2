"""The assignment: which waiting contacts are served now, and by whom, at the least total cost.

A minimum-cost flow. Contacts that may go to the same agents at the same cost form a class,
so ten contacts of one queue are one node and not ten:

    class k --(1, pair[k, j])--> agent j --(1, 0)--> sink
    class k --(1, leave[i]) for each contact i of the class--> sink

Each class supplies as many units as it has contacts, and each either reaches an agent or
pays the price of leaving the least urgent contact waiting. That price holds a base above the
sum of any possible pair costs, so as many contacts as possible are served, then the most
urgent ones, then by the cheapest agents.

Ties: every cost is multiplied by a power of two above the number of contacts and of agents,
and the free digits hold the rank: the longest waiting contact and the longest idle agent win.

This is the only door to OR-Tools. Its `solve` holds the interpreter lock to the end, so a
thread would stop the event loop all the same; what bounds the time is the number of arcs.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from router.cost import NOT_ELIGIBLE, PAIR_UNITS_MAX, URGENCY_UNITS_MAX, Units

CANDIDATES_MIN: Final = 20
"""Agents that each class keeps at least when there are too many pairs to look at all."""
ARCS_MAX: Final = 6_000
"""Pairs looked at in one go. What `slices.py` lets through has fewer, so it is solved exactly;
beyond, time grows with pairs and with classes (docs/measure/router.md)."""
CONTACTS_MAX: Final = 2_000
AGENTS_MAX: Final = 2_000
"""Limits of one problem. With them the largest cost times the number of nodes, which is what
the solver computes with, stays below 2^63 (asserted in `_prices`)."""

Index = NDArray[np.int64]
FLOW_BITS: Final = 62


@dataclass(frozen=True, slots=True)
class Problem:
    """Who waits, who is free, and what each pair costs.

    Attributes:
        supply: Contacts in each class, at least 1, shape (k,).
        urgency: Urgency of each contact, class after class, 0 to URGENCY_UNITS_MAX,
            shape (n,) with n = sum of supply.
        waiting_rank: 0 for the contact that has waited longest, to n - 1, shape (n,).
        pair: Cost of serving a contact of the class by the agent, 0 to PAIR_UNITS_MAX, or
            NOT_ELIGIBLE, shape (k, m). Agents stand in order of idleness, the longest first.
    """

    supply: Index
    urgency: Units
    waiting_rank: Index
    pair: Units


@dataclass(frozen=True, slots=True)
class Solution:
    """Who serves whom.

    Attributes:
        contacts, agents: Indices of equal length; `contacts[x]` goes to `agents[x]`.
            Ordered by urgency within a class.
        exact: False when not all pairs were looked at: what remains waiting may still find
            an agent, so the problem of the rest must be solved again.
    """

    contacts: Index
    agents: Index
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Prices:
    """Costs with their tie-breaking digits.

    Attributes:
        leave: Price of leaving each contact waiting, shape (n,).
        pair: Cost of each pair, of no meaning where not eligible, shape (k, m).
        order: Contacts, class after class, the dearest to leave first, shape (n,).
        start: Where each class begins in `order`, shape (k,).
    """

    leave: Units
    pair: Units
    order: Index
    start: Index


def solve(problem: Problem) -> Solution:
    """Return the cheapest assignment."""
    classes, agents = problem.pair.shape
    if classes == 0 or agents == 0:
        nobody = np.zeros(0, dtype=np.int64)
        return Solution(nobody, nobody)
    if classes == 1:
        return solve_one_class(problem)
    if agents == 1:
        return solve_one_agent(problem)
    return solve_flow(problem)


def solve_one_class(problem: Problem) -> Solution:
    """Solve for interchangeable contacts: the cheapest agents take the most urgent ones."""
    prices = _prices(problem)
    able = np.flatnonzero(problem.pair[0] != NOT_ELIGIBLE)
    served = min(len(able), len(problem.urgency))
    cheapest = able[np.argsort(prices.pair[0, able], kind="stable")[:served]]
    return Solution(prices.order[:served], cheapest)


def solve_one_agent(problem: Problem) -> Solution:
    """Solve for a single agent: the contact that saves most goes to him."""
    prices = _prices(problem)
    able = np.flatnonzero(problem.pair[:, 0] != NOT_ELIGIBLE)
    if len(able) == 0:
        return Solution(able, able)
    first = prices.order[prices.start[able]]
    best = int(np.argmax(prices.leave[first] - prices.pair[able, 0]))
    return Solution(first[best : best + 1], np.zeros(1, dtype=np.int64))


def solve_flow(problem: Problem) -> Solution:
    """Solve any problem as a minimum-cost flow.

    With more than ARCS_MAX pairs each class looks at its best candidates alone, and the
    solution says that it is not exact.
    """
    classes, agents = problem.pair.shape
    prices = _prices(problem)
    looked_at = problem.pair != NOT_ELIGIBLE
    exact = int(np.count_nonzero(looked_at)) <= ARCS_MAX
    if not exact:
        looked_at &= _candidates(problem, prices)
    pair_class, pair_agent = (side.astype(np.int32) for side in np.nonzero(looked_at))
    pair_cost = prices.pair[pair_class, pair_agent]
    class_of = np.repeat(np.arange(classes, dtype=np.int32), problem.supply)
    sink = classes + agents
    tails = np.concatenate([pair_class, class_of, np.arange(classes, sink, dtype=np.int32)])
    heads = np.concatenate(
        [classes + pair_agent, np.full(len(class_of) + agents, sink, dtype=np.int32)]
    )
    costs = np.concatenate([pair_cost, prices.leave, np.zeros(agents, dtype=np.int64)])
    flow: Any = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        tails, heads, np.ones(len(tails), dtype=np.int64), costs
    )
    nodes = np.append(np.arange(classes, dtype=np.int32), np.int32(sink))
    supplies = np.append(problem.supply, -len(class_of)).astype(np.int64)
    flow.set_nodes_supplies(nodes, supplies)
    status = flow.solve()
    # Leaving everyone waiting is always feasible and the costs are bounded.
    assert status == flow.OPTIMAL, f"min-cost flow ended with {status}"
    used = np.flatnonzero(flow.flows(arcs[: len(pair_cost)]))
    contacts = _contacts_of(pair_class[used], prices)
    by_price = np.lexsort((pair_cost[used], pair_class[used]))
    return Solution(contacts, pair_agent[used][by_price].astype(np.int64), exact)


def objective(problem: Problem, solution: Solution) -> int:
    """Return what a solution costs: its pairs, and the price of all who go on waiting."""
    prices = _prices(problem)
    class_of = np.repeat(np.arange(len(problem.supply)), problem.supply)
    left = np.ones(len(class_of), dtype=bool)
    left[solution.contacts] = False
    pairs = prices.pair[class_of[solution.contacts], solution.agents]
    return int(prices.leave[left].sum()) + int(pairs.sum())


def dense(problem: Problem) -> tuple[Units, int]:
    """Return the problem for a dense solver: what each pair saves, as negative costs.

    For tests and benches, which compare with a solver of another kind.

    Returns:
        Costs, shape (n, m), below 0 where eligible; 0 means that the contact waits. And what
        it costs to leave everyone waiting: the optimum is that plus the least sum.
    """
    prices = _prices(problem)
    class_of = np.repeat(np.arange(len(problem.supply)), problem.supply)
    saved = prices.pair[class_of] - prices.leave[:, np.newaxis]
    able = problem.pair[class_of] != NOT_ELIGIBLE
    return np.where(able, saved, 0), int(prices.leave.sum())


def _prices(problem: Problem) -> _Prices:
    classes, agents = problem.pair.shape
    contacts = len(problem.urgency)
    assert contacts <= CONTACTS_MAX, f"{contacts} contacts in one problem"
    assert agents <= AGENTS_MAX, f"{agents} agents in one problem"
    span = 1 << max(contacts, agents).bit_length()
    worst = int(problem.pair.max(initial=0))
    # More than every pair together: one contact more is worth any rearrangement.
    base = (worst + 1) * (min(contacts, agents) + 1)
    highest = (base + int(problem.urgency.max(initial=0)) + 1) * span
    assert worst <= PAIR_UNITS_MAX
    assert int(problem.urgency.max(initial=0)) <= URGENCY_UNITS_MAX
    assert (highest * (classes + agents + 2)).bit_length() <= FLOW_BITS, f"cost {highest}"
    leave = (base + problem.urgency) * span + (contacts - 1 - problem.waiting_rank)
    class_of = np.repeat(np.arange(classes), problem.supply)
    return _Prices(
        leave=leave,
        pair=problem.pair * span + np.arange(agents, dtype=np.int64),
        order=np.lexsort((-leave, class_of)).astype(np.int64),
        start=np.cumsum(problem.supply) - problem.supply,
    )


def _candidates(problem: Problem, prices: _Prices) -> NDArray[np.bool_]:
    """Return the pairs worth a look, shape (k, m).

    Half of each class's candidates are its cheapest agents. As idleness costs the same in
    every class, those are much the same agents for all; so the other half are those whom
    this class can use better than others can, by cost less the agent's cheapest pair. Where
    that leaves a tie each class begins at another agent.
    """
    classes, agents = problem.pair.shape
    quota = min(max(CANDIDATES_MIN, ARCS_MAX // classes), agents)
    able = problem.pair != NOT_ELIGIBLE
    never = np.iinfo(np.int64).max
    cost = np.where(able, prices.pair, never)
    looked_at: NDArray[np.bool_] = np.zeros(able.shape, dtype=np.bool_)
    cheapest = np.argpartition(cost, quota // 2 - 1, axis=1)[:, : quota // 2]
    np.put_along_axis(looked_at, cheapest, True, axis=1)
    regret = problem.pair - np.where(able, problem.pair, PAIR_UNITS_MAX).min(axis=0)
    turned = (np.arange(agents) - prices.start[:, np.newaxis]) % agents
    cost = np.where(able & ~looked_at, regret * agents + turned, never)
    fittest = np.argpartition(cost, quota - quota // 2 - 1, axis=1)[:, : quota - quota // 2]
    np.put_along_axis(looked_at, fittest, True, axis=1)
    return looked_at


def _contacts_of(pair_class: NDArray[np.int32], prices: _Prices) -> Index:
    """Return a contact for each used pair, in order of class and then cost.

    Within a class it is all the same to the solver; the most urgent contact gets the
    cheapest agent.
    """
    in_order = np.sort(pair_class)
    nth = np.arange(len(in_order)) - np.searchsorted(in_order, in_order)
    return prices.order[prices.start[in_order] + nth]
