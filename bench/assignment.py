"""Who serves whom: time of one assignment, and its distance from the optimum.

The dense Hungarian solver of scipy runs in the same process on the same problems; its result
is the optimum.
"""

import json as json_format
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment

from router.cost import NOT_ELIGIBLE, UNITS_PER_S
from router.solver import Problem, Solution, dense, solve

SIZES: Final = (
    # Classes, contacts in each, agents. What an office, a centre and a slice of one meet.
    (1, 1, 1),
    (2, 5, 10),
    (10, 1, 10),
    (10, 10, 100),
    (20, 16, 160),
    (20, 50, 1_000),
    # Every contact unlike any other, as when costs become personal.
    (100, 1, 100),
    (1_000, 1, 1_000),
)
ELIGIBLE: Final = 0.6
"""Share of pairs that may meet: enough to leave a choice, too few for any order to do."""
REPEATS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One size.

    Attributes:
        ours_ms, scipy_ms: Median of REPEATS solves of different problems.
        worst_ms: The slowest of ours.
        gap_s: Seconds of waiting that a contact pays over the optimum, mean.
        served, served_best: Contacts served by ours and at the optimum, all repeats.
    """

    contacts: int
    agents: int
    classes: int
    ours_ms: float
    worst_ms: float
    scipy_ms: float
    gap_s: float
    served: int
    served_best: int


def run(json: bool = False) -> None:
    """Measure every size and print a table, or one JSON object."""
    rows = [measure(*size) for size in SIZES]
    if json:
        print(json_format.dumps({"bench": "assignment", "rows": [asdict(row) for row in rows]}))
        return
    table = Table(title="One assignment: min-cost flow against scipy's dense solver")
    for heading in ("contacts x agents", "classes", "ours", "worst", "scipy", "ratio", "gap"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row.contacts:,} x {row.agents:,}",
            f"{row.classes:,}",
            f"{row.ours_ms:.2f} ms",
            f"{row.worst_ms:.2f} ms",
            f"{row.scipy_ms:.2f} ms",
            f"{row.scipy_ms / row.ours_ms:.1f}",
            f"{row.gap_s:.3f} s a contact, {row.served_best - row.served} fewer served",
        )
    Console().print(table)


def measure(classes: int, contacts_each: int, agents: int) -> Row:
    """Solve problems of one size by both solvers."""
    ours_ms, scipy_ms, gaps_s = [], [], []
    served = served_best = 0
    for seed in range(REPEATS):
        problem = draw(classes, contacts_each, agents, seed)
        took_ms, solution = timed(solve, problem)
        ours_ms.append(took_ms)
        took_ms, best = timed(optimum, problem)
        scipy_ms.append(took_ms)
        contacts = classes * contacts_each
        gaps_s.append((cost_s(problem, solution) - cost_s(problem, best)) / contacts)
        served += len(solution.contacts)
        served_best += len(best.contacts)
    return Row(
        contacts=classes * contacts_each,
        agents=agents,
        classes=classes,
        ours_ms=median(ours_ms),
        worst_ms=max(ours_ms),
        scipy_ms=median(scipy_ms),
        gap_s=sum(gaps_s) / len(gaps_s),
        served=served,
        served_best=served_best,
    )


def draw(classes: int, contacts_each: int, agents: int, seed: int) -> Problem:
    """Return a problem with costs as `router/cost.py` makes them."""
    rng = np.random.default_rng(seed)
    contacts = classes * contacts_each
    suitability = rng.integers(0, 9, (classes, agents)) * 5 * UNITS_PER_S
    idleness = np.sort(rng.integers(0, 180 * UNITS_PER_S, agents))
    pair = np.where(rng.random((classes, agents)) < ELIGIBLE, suitability + idleness, NOT_ELIGIBLE)
    return Problem(
        supply=np.full(classes, contacts_each, dtype=np.int64),
        urgency=rng.integers(0, 600 * UNITS_PER_S, contacts),
        waiting_rank=rng.permutation(contacts),
        pair=pair.astype(np.int64),
    )


def optimum(problem: Problem) -> Solution:
    """Return the optimum by scipy's dense solver."""
    costs, _ = dense(problem)
    contacts, agents = linear_sum_assignment(costs)
    served: NDArray[np.bool_] = costs[contacts, agents] < 0
    return Solution(contacts[served], agents[served])


def cost_s(problem: Problem, solution: Solution) -> float:
    """Return cost of pairs and urgency of those left waiting, seconds."""
    class_of = np.repeat(np.arange(len(problem.supply)), problem.supply)
    left = np.ones(len(class_of), dtype=bool)
    left[solution.contacts] = False
    pairs = problem.pair[class_of[solution.contacts], solution.agents]
    return float(pairs.sum() + problem.urgency[left].sum()) / UNITS_PER_S


def timed(solver: Callable[[Problem], Solution], problem: Problem) -> tuple[float, Solution]:
    """Return the milliseconds that a solver took, and its solution."""
    began_s = time.perf_counter()
    result = solver(problem)
    return (time.perf_counter() - began_s) * 1_000, result


if __name__ == "__main__":
    run()
