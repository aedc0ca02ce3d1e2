"""The assignment as a minimum-cost flow over the pairs worth a look.

Contacts that cost the same by everybody form a class, so ten contacts alike are one node:

    class k --(its contacts, cost)--> agent j --(capacity, 0)--> sink
    class k --(1, leave)  for each contact of the class--> sink

This and `constrained.py` are the doors to OR-Tools. Its `solve` holds the interpreter lock to the
end, so a thread would stop the event loop all the same (`process.py`).
"""

from typing import Any, Final

import numpy as np
from ortools.graph.python import min_cost_flow

from router.assignment.candidates import COST_S_MAX, priced_candidates
from router.assignment.folding import folded
from router.assignment.groups import keys_of
from router.assignment.mending import mended
from router.assignment.prices import Pairs
from router.assignment.problem import Index, Problem, Solution

UNIT_S: Final = 0.05
"""The flow counts in twentieths of a second of waiting: finer than anything a person feels, and
the solver's work grows with the logarithm of its costs."""


def solve_flow(problem: Problem) -> Solution:
    """Solve any problem; of many pairs only those worth a look are looked at."""
    problem = folded(problem)
    pairs, price, met = priced_candidates(problem)
    classes, class_of = classes_of(problem)
    solution = mended(problem, _flow_over(problem, pairs, classes, class_of), price, met)
    return _in_order(problem, class_of, solution.contacts, solution.agents)


def _flow_over(problem: Problem, pairs: Pairs, classes: int, class_of: Index) -> Solution:
    """Return the cheapest assignment that is made of these pairs."""
    contacts, agents = len(problem.leave_s), len(problem.agent_s)
    keys, first = np.unique(class_of[pairs.contact] * agents + pairs.agent, return_index=True)
    pair_class, pair_agent = keys // agents, keys % agents
    pair_cost = _units(pairs.cost[first])
    sink = classes + agents
    tails = np.concatenate([pair_class, class_of, np.arange(classes, sink)])
    heads = np.concatenate([classes + pair_agent, np.full(contacts + agents, sink)])
    costs = np.concatenate([pair_cost, _units(problem.leave_s), np.zeros(agents, dtype=np.int64)])
    room = np.ones(len(tails), dtype=np.int64)
    supply = np.bincount(class_of, minlength=classes)
    room[: len(keys)] = np.minimum(supply[pair_class], problem.capacity[pair_agent])
    room[len(keys) + contacts :] = np.clip(problem.capacity, 0, contacts)
    flow: Any = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        tails.astype(np.int32), heads.astype(np.int32), room, costs
    )
    flow.set_nodes_supplies(
        np.append(np.arange(classes), sink).astype(np.int32), np.append(supply, -contacts)
    )
    status = flow.solve()
    # Leaving everyone waiting is always feasible and the costs are bounded.
    assert status == flow.OPTIMAL, f"min-cost flow ended with {status}"
    used = np.repeat(np.arange(len(keys)), flow.flows(arcs[: len(keys)]))
    order = np.argsort(class_of, kind="stable")
    starts = np.searchsorted(class_of[order], pair_class[used])
    # Any contacts of a class will do to say how many of it are served.
    who = order[starts + _nth(pair_class[used])]
    return _in_order(problem, class_of, who, pair_agent[used])


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


def _in_order(problem: Problem, class_of: Index, who: Index, where: Index) -> Solution:
    """Return a solution in which of each class those are served who are dearest to leave.

    The first of them gets the first of the class's agents; that never costs more.
    """
    contacts = len(problem.leave_s)
    order = np.lexsort((np.arange(contacts), -problem.leave_s, class_of))
    by_class = np.lexsort((where, class_of[who]))
    served, agents = class_of[who][by_class], where[by_class]
    chosen = order[np.searchsorted(class_of[order], served) + _nth(served)]
    by_time = np.lexsort((chosen, served))
    chosen = chosen[by_time]
    in_order = np.argsort(chosen, kind="stable")
    return Solution(chosen[in_order], agents[in_order], exact=False)


def _nth(ascending: Index) -> Index:
    """Return how many equal numbers stand before each."""
    return np.arange(len(ascending)) - np.searchsorted(ascending, ascending)
