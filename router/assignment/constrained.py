"""The assignment where a rule about teams is broken, by CP-SAT.

It solves the pairs worth a look once more, rules included, beginning with what is left when the
pairs that save least are dropped. That is also what is taken when its time is up. Its time is
counted in steps and not in seconds, and it works alone, so equal problems have equal solutions.

Loading it takes as long as all the rest, so it is imported by whoever needs it, then.
"""

from typing import Any, Final

import numpy as np
from ortools.sat.python import cp_model

from router.assignment.candidates import COST_S_MAX
from router.assignment.costs import PairCosts, objective_s
from router.assignment.prices import Pairs
from router.assignment.problem import Index, Problem, Solution
from router.assignment.rules import PAIRS_MAX, within_rules

STEPS_MAX: Final = 0.5
"""CP-SAT's deterministic time, about as many seconds on a slow machine."""
UNIT_S: Final = 0.05
"""It counts in the flow's unit of waiting."""


def solve_constrained(problem: Problem, solution: Solution, pairs: Pairs) -> Solution:
    """Return the best solution found that breaks no rule.

    Args:
        problem: What is solved.
        solution: Its solution without rules.
        pairs: Pairs worth a look.
    """
    first = within_rules(problem, solution)
    if first is solution:
        return solution
    pairs = _few(problem, pairs, first)
    model = cp_model.CpModel()
    chosen: list[Any] = [model.new_bool_var("") for _ in range(len(pairs.cost))]
    for _, places in _by(pairs.contact):
        model.add_at_most_one(chosen[place] for place in places)
    for agent, places in _by(pairs.agent):
        if len(places) > problem.capacity[agent]:
            model.add(
                cp_model.LinearExpr.sum([chosen[place] for place in places])
                <= int(problem.capacity[agent])
            )
    for rule in problem.rules:
        under = np.flatnonzero(rule.contacts[pairs.contact] & rule.agents[pairs.agent])
        if len(under) > rule.pairs_max:
            model.add(
                cp_model.LinearExpr.sum([chosen[place] for place in under.tolist()])
                <= rule.pairs_max
            )
    leave_s = np.clip(problem.leave_s, 0, COST_S_MAX)
    saved = np.rint((leave_s[pairs.contact] - pairs.cost) / UNIT_S).astype(np.int64)
    model.maximize(cp_model.LinearExpr.weighted_sum(chosen, saved.tolist()))
    agent_of = np.full(len(problem.leave_s), -1, dtype=np.int64)
    agent_of[first.contacts] = first.agents
    for variable, hint in zip(chosen, agent_of[pairs.contact] == pairs.agent, strict=True):
        model.add_hint(variable, bool(hint))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = STEPS_MAX
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return first
    made = [place for place, variable in enumerate(chosen) if solver.boolean_value(variable)]
    who, where = pairs.contact[made], pairs.agent[made]
    order = np.argsort(who, kind="stable")
    best = Solution(who[order], where[order], exact=False, complete=solution.complete)
    return best if objective_s(problem, best) < objective_s(problem, first) else first


def _few(problem: Problem, pairs: Pairs, first: Solution) -> Pairs:
    """Return each pair once, those of `first` among them, about PAIRS_MAX."""
    agents = max(len(problem.agent_s), 1)
    in_hand = first.contacts * agents + first.agents
    keys = pairs.contact * agents + pairs.agent
    if len(keys) > PAIRS_MAX:
        saved = problem.leave_s[pairs.contact] - pairs.cost
        keys = keys[np.argsort(-saved, kind="stable")[:PAIRS_MAX]]
    keys = np.union1d(keys, in_hand)
    contact, agent = np.divmod(keys, agents)
    return Pairs(contact, agent, PairCosts(problem)(contact, agent))


def _by(owners: Index) -> list[tuple[int, list[int]]]:
    """Return the places of each owner's pairs."""
    order = np.argsort(owners, kind="stable")
    starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    parts = np.split(order, starts[1:]) if len(starts) else []
    return [(int(owners[part[0]]), part.tolist()) for part in parts]
