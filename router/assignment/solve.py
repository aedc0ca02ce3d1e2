"""(stand-in)"""

from router.assignment.problem import Problem, Solution
import numpy as np
from scipy.optimize import linear_sum_assignment


def solve(problem: Problem) -> Solution:
    n, m = len(problem.leave_s), len(problem.agent_s)
    cost = np.repeat(problem.agent_s[np.newaxis].astype(np.float64), n, 0)
    for t in problem.terms:
        cost = cost + t.table[t.index]
    p = problem.personal
    cost[p.contact, p.agent] += p.seconds
    saved = np.minimum(cost - problem.leave_s[:, None], 0)
    rows, cols = linear_sum_assignment(saved)
    keep = saved[rows, cols] < 0
    return Solution(rows[keep], cols[keep])
