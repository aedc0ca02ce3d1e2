"""Rules about teams: at most so many pairs of some contacts with some agents.

A flow cannot count pairs across nodes, so a problem is solved without its rules first; mostly none
is broken. Else `constrained.py` solves it once more.
"""

from typing import Final

import numpy as np

from router.assignment.costs import PairCosts
from router.assignment.problem import Index, Problem, Solution

PAIRS_MAX: Final = 20_000
"""Pairs that CP-SAT is given; building its model takes some 5 us for each."""


def broken(problem: Problem, contacts: Index, agents: Index) -> list[int]:
    """Return the places of the rules that these pairs break."""
    return [
        place
        for place, rule in enumerate(problem.rules)
        if np.count_nonzero(rule.contacts[contacts] & rule.agents[agents]) > rule.pairs_max
    ]


def within_rules(problem: Problem, solution: Solution) -> Solution:
    """Return the solution without the pairs that save least among those that break a rule."""
    if not broken(problem, solution.contacts, solution.agents):
        return solution
    contacts, agents = solution.contacts, solution.agents
    saved = problem.leave_s[contacts] - PairCosts(problem)(contacts, agents)
    kept = np.ones(len(contacts), dtype=np.bool_)
    for rule in problem.rules:
        under = np.flatnonzero(kept & rule.contacts[contacts] & rule.agents[agents])
        # The last of equals is dropped first.
        most = under[np.argsort(-saved[under], kind="stable")]
        kept[most[rule.pairs_max :]] = False
    return Solution(contacts[kept], agents[kept], exact=False, complete=solution.complete)
