"""Small problems: one contact, one agent, and a few of both by the dense Hungarian method.

Mostly somebody free waits for every contact that comes, or everybody waits for the next agent:
then a problem is one row or one column, and its cheapest entry the answer.
"""

from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from router.assignment.costs import column, dense, row
from router.assignment.problem import Index, Problem, Solution

TIE_S: Final = 1e-6
"""What one place in the order of contacts or agents is worth: it decides between equals, and for
a thousand of them it is still a millisecond of waiting."""


def nobody() -> Solution:
    """Return the solution in which everybody waits."""
    return Solution(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def solve_one_contact(problem: Problem) -> Solution:
    """Solve for a single contact: the cheapest agent, the first of equals."""
    cost = row(problem, 0)
    if not problem.capacity.all():
        cost[problem.capacity <= 0] = np.inf
    best = int(cost.argmin())
    if not cost[best] < problem.leave_s[0]:
        return nobody()
    return Solution(np.zeros(1, dtype=np.int64), np.array([best], dtype=np.int64))


def solve_one_agent(problem: Problem) -> Solution:
    """Solve for a single agent: the contacts that save most, the first of equals."""
    saved = problem.leave_s - column(problem, 0)
    places = int(problem.capacity[0])
    if places == 1:
        best = int(saved.argmax())
        contacts = np.array([best] if saved[best] > 0 else [], dtype=np.int64)
    else:
        most = np.argsort(-saved, kind="stable")[: max(places, 0)]
        contacts = np.sort(most[saved[most] > 0]).astype(np.int64)
    return Solution(contacts, np.zeros(len(contacts), dtype=np.int64))


def solve_dense(problem: Problem) -> Solution:
    """Solve any problem exactly; time grows with the third power of its size."""
    contacts = len(problem.leave_s)
    places = places_of(problem, contacts)
    cost = dense(problem).astype(np.float64)[:, places]
    cost += TIE_S * places
    # And the first of equal contacts gets the first of equal agents.
    order_s = TIE_S / (2 * max(cost.size, 1))
    cost -= order_s * np.arange(contacts)[:, np.newaxis] * np.arange(len(places))
    # Who came first is a little dearer to leave.
    leave = problem.leave_s - TIE_S * np.arange(contacts)
    saved = np.minimum(cost - leave[:, np.newaxis], 0.0)
    who, where = linear_sum_assignment(saved)
    made = saved[who, where] < 0
    return Solution(who[made].astype(np.int64), places[where[made]])


def places_of(problem: Problem, contacts: int) -> Index:
    """Return the agent of each place: an agent stands there once for each contact he may get."""
    return np.repeat(
        np.arange(len(problem.capacity), dtype=np.int64),
        np.clip(problem.capacity, 0, contacts),
    )
