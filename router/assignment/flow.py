"""The assignment as a minimum-cost flow over the pairs worth a look.

Contacts that cost the same by everybody form a class, so ten contacts alike are one node:

    class k --(1, cost)--> agent j --(capacity, 0)--> sink
    class k --(1, leave)  for each contact of the class--> sink

This and `rules.py` are the doors to OR-Tools. Its `solve` holds the interpreter lock to the end,
so a thread would stop the event loop all the same (`process.py`).
"""

from typing import Any, Final

import numpy as np
from ortools.graph.python import min_cost_flow

from router.assignment.candidates import candidates
from router.assignment.groups import keys_of
from router.assignment.mending import mended
from router.assignment.prices import Pairs
from router.assignment.problem import Index, Problem, Solution

UNIT_S: Final = 0.05
"""The flow counts in twentieths of a second of waiting: finer than anything a person feels, and
the solver's work grows with the logarithm of its costs."""
COST_S_MAX: Final = 1e6
"""What waits for eleven days is as urgent as can be."""


def solve_flow(problem: Problem) -> Solution:
    """Solve any problem; of many pairs only those worth a look are looked at."""
    pairs = candidates(problem)
    return mended(problem, flow_over(problem, pairs), pairs)


def flow_over(problem: Problem, pairs: Pairs) -> Solution:
    """Return the cheapest assignment that is made of these pairs."""
    contacts, agents = len(problem.leave_s), len(problem.agent_s)
    classes, class_of = classes_of(problem)
    keys, first = np.unique(class_of[pairs.contact] * agents + pairs.agent, return_index=True)
    pair_class, pair_agent = keys // agents, keys % agents
    pair_cost = _units(pairs.cost[first])
    sink = classes + agents
    tails = np.concatenate([pair_class, class_of, np.arange(classes, sink)])
    heads = np.concatenate([classes + pair_agent, np.full(contacts + agents, sink)])
    costs = np.concatenate([pair_cost, _units(problem.leave_s), np.zeros(agents, dtype=np.int64)])
    room = np.ones(len(tails), dtype=np.int64)
    room[len(keys) + contacts :] = np.clip(problem.capacity, 0, contacts)
    flow: Any = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        tails.astype(np.int32), heads.astype(np.int32), room, costs
    )
    supply = np.bincount(class_of, minlength=classes)
    flow.set_nodes_supplies(
        np.append(np.arange(classes), sink).astype(np.int32), np.append(supply, -contacts)
    )
    status = flow.solve()
    # Leaving everyone waiting is always feasible and the costs are bounded.
    assert status == flow.OPTIMAL, f"min-cost flow ended with {status}"
    used = np.flatnonzero(flow.flows(arcs[: len(keys)]))
    return _solution(problem, class_of, pair_class[used], pair_agent[used])


def classes_of(problem: Problem) -> tuple[int, Index]:
    """Return how many classes there are, and the class of each contact, shape (contacts,)."""
    contacts = len(problem.leave_s)
    keys = keys_of(problem.terms, contacts)
    _, class_of = np.unique(keys, return_inverse=True)
    own = np.unique(problem.personal.contact)
    class_of[own] = contacts + np.arange(len(own))
    numbers, class_of = np.unique(class_of, return_inverse=True)
    return len(numbers), class_of


def _units(seconds: Any) -> Index:
    units: Index = np.rint(np.clip(seconds, -COST_S_MAX, COST_S_MAX) / UNIT_S).astype(np.int64)
    return units


def _solution(problem: Problem, class_of: Index, used_class: Index, used_agent: Index) -> Solution:
    """Return contacts for used pairs: of a class those who are dearest to leave, in order."""
    contacts = len(problem.leave_s)
    order = np.lexsort((np.arange(contacts), -problem.leave_s, class_of))
    starts = np.searchsorted(class_of[order], used_class)
    # Pairs stand in order of class, so their place among those of the class is simple to tell.
    nth = np.arange(len(used_class)) - np.searchsorted(used_class, used_class)
    who = order[starts + nth]
    by_class = np.lexsort((who, used_class))
    who = who[by_class]
    in_order = np.argsort(who, kind="stable")
    return Solution(who[in_order], used_agent[in_order], exact=False)
