"""The assignment: time of one from tables to pairs, and its distance from the optimum.

Contacts and agents are generated (`router_people.py`), and the router's own core poses the problem
of that moment (`router_cost.py`). Two dense solvers of another kind, scipy's and `lap`'s, run in
the same process on the same problems; they are given the finished matrix of costs, and only their
solving is timed. Their result is the optimum.
"""

import json as json_format
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from statistics import median
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bench.machine import MachineShare, MachineTime
from bench.router_cost import posed
from bench.router_people import scene
from bench.tables import print_table
from router.assignment.costs import dense, least_s, objective_s
from router.assignment.problem import Problem, Solution
from router.assignment.process import is_small
from router.assignment.solver import solve

Result = TypeVar("Result")

SIZES: Final = ((100, 5), (1_000, 5), (5_000, 3), (10_000, 3))
"""Contacts, as many agents, and repeats of ours."""
SMALL: Final = ((1, 1), (1, 30), (30, 1), (10, 10), (20, 50), (200, 100), (600, 300))
"""What the running server meets most: contacts and agents."""
SMALL_REPEATS: Final = 21
PEERS_SEEDS: Final = 3
"""Problems of 1,000 and less that the peers solve; of larger ones they solve one, as a single
solve takes them from ten seconds to some minutes."""
PEERS_LARGE: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One size.

    Attributes:
        n: Contacts, and agents.
        build_solve_ms: The problem posed by the core and solved; median.
        solve_ms: The second part.
        scipy_ms, lapjv_ms: Dense solvers, without the making of their matrix; median. None
            where `lap` is not installed.
        solve_cpu_ms, scipy_cpu_ms: Processor time of the same, least of all repeats: what is
            left to compare where others work on the machine, too.
        gap_pct: Cost over the optimum, both counted from what each reason alone would cost if it
            chose the agent; the worst of the seeds.
        left, left_best: Contacts left waiting by ours and at the optimum, of the last seed.
        peak_mib: Most memory of building and solving at once.
    """

    n: int
    build_solve_ms: float
    solve_ms: float
    scipy_ms: float
    lapjv_ms: float | None
    solve_cpu_ms: float
    scipy_cpu_ms: float
    gap_pct: float
    left: int
    left_best: int
    peak_mib: float


@dataclass(slots=True)
class _Times:
    """What was measured of one size, milliseconds but for the gap."""

    whole: list[float] = field(default_factory=list)
    solving: list[float] = field(default_factory=list)
    scipy: list[float] = field(default_factory=list)
    lapjv: list[float] = field(default_factory=list)
    solving_cpu: list[float] = field(default_factory=list)
    scipy_cpu: list[float] = field(default_factory=list)
    gap_pct: list[float] = field(default_factory=list)


def run(json: bool = False) -> None:
    """Measure every size and print tables, and one JSON object."""
    before = MachineTime.now()
    small = [measure_small(*size) for size in SMALL]
    rows = [measure(n, repeats) for n, repeats in SIZES]
    print_table("Small assignments (ms)", small)
    print_table("Tables to pairs, beside dense solvers of another kind", [_shown(r) for r in rows])
    share = MachineTime.now().since(before)
    print(_machine(share))
    if json:
        print(json_format.dumps({"sizes": [asdict(row) for row in rows]}))


def measure_small(contacts: int, agents: int) -> dict[str, object]:
    """Solve problems of one small size, each of another seed."""
    times, gaps = [], []
    inline = True
    for seed in range(SMALL_REPEATS):
        problem = generated(contacts, agents, seed)()
        solve(problem)
        took_ms, solution = timed(partial(solve, problem))
        times.append(took_ms)
        inline = inline and is_small(problem)
        matrix = _matrix(problem)
        saved_s = float(matrix[linear_sum_assignment(matrix)].sum())
        best_s = float(problem.leave_s.sum()) + saved_s
        gaps.append(_gap_pct(problem, solution, best_s))
    return {
        "contacts x agents": f"{contacts} x {agents}",
        "median": f"{median(times):.3f}",
        "worst": f"{max(times):.3f}",
        "gap_pct": f"{max(gaps):.3f}",
        "on the event loop": "yes" if inline else "no",
    }


def measure(n: int, repeats: int) -> Row:
    """Solve problems of one size by all solvers."""
    times = _Times()
    lapjv = _lapjv()
    left = left_best = 0
    for seed in range(PEERS_SEEDS if n < PEERS_LARGE else 1):
        build = generated(n, n, seed)
        for _ in range(repeats):
            build_ms, problem = timed(build)
            cpu_s = time.thread_time()
            solve_ms, solution = timed(partial(solve, problem))
            times.solving_cpu.append((time.thread_time() - cpu_s) * 1e3)
            times.whole.append(build_ms + solve_ms)
            times.solving.append(solve_ms)
        matrix = _matrix(problem)
        cpu_s = time.thread_time()
        took_ms, (who, where) = timed(partial(linear_sum_assignment, matrix))
        times.scipy_cpu.append((time.thread_time() - cpu_s) * 1e3)
        times.scipy.append(took_ms)
        best_s = float(problem.leave_s.sum() + matrix[who, where].sum())
        left_best = n - int(np.count_nonzero(matrix[who, where]))
        if lapjv is not None:
            took_ms, _ = timed(partial(lapjv, matrix))
            times.lapjv.append(took_ms)
        times.gap_pct.append(_gap_pct(problem, solution, best_s))
        left = n - len(solution.contacts)
    return Row(
        n=n,
        build_solve_ms=round(median(times.whole), 2),
        solve_ms=round(median(times.solving), 2),
        scipy_ms=round(median(times.scipy), 2),
        lapjv_ms=round(median(times.lapjv), 2) if times.lapjv else None,
        solve_cpu_ms=round(min(times.solving_cpu), 2),
        scipy_cpu_ms=round(min(times.scipy_cpu), 2),
        gap_pct=round(max(times.gap_pct), 4),
        left=left,
        left_best=left_best,
        peak_mib=round(_peak_mib(lambda: solve(build())), 1),
    )


def generated(contacts: int, agents: int, seed: int) -> Callable[[], Problem]:
    """Return what makes the problem of a generated moment: the part of it that is timed."""
    return posed(scene(contacts, agents, seed), seed)


def _gap_pct(problem: Problem, solution: Solution, best_s: float) -> float:
    """Return how much dearer a solution is than the optimum, both counted from `least_s`."""
    above_s = best_s - least_s(problem)
    if above_s <= 0:
        return 0.0
    return 100 * (objective_s(problem, solution) - best_s) / above_s


def timed(act: Callable[[], Result]) -> tuple[float, Result]:
    """Return the milliseconds that something took, and its result."""
    begun_s = time.perf_counter()
    result = act()
    return (time.perf_counter() - begun_s) * 1e3, result


def _matrix(problem: Problem) -> NDArray[np.float64]:
    """Return the costs for a dense solver: below 0 what a pair saves, 0 where it does not pay."""
    matrix: NDArray[np.float64] = dense(problem).astype(np.float64)
    matrix -= problem.leave_s[:, np.newaxis]
    return np.minimum(matrix, 0.0, out=matrix)


def _lapjv() -> Callable[..., Any] | None:
    try:
        module = import_module("lap")
    except ModuleNotFoundError:
        return None
    solver: Callable[..., Any] = module.lapjv
    return solver


def _peak_mib(act: Callable[[], object]) -> float:
    """Return the most memory that numpy and Python hold at once meanwhile."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()


def _shown(row: Row) -> dict[str, object]:
    shown = asdict(row)
    shown["scipy / ours"] = f"{row.scipy_ms / row.build_solve_ms:.1f}"
    return shown


def _machine(share: MachineShare) -> str:
    return (
        f"\nOf the processors {share.idle_percent} % was idle meanwhile, and"
        f" {share.stolen_percent} % was taken by the host."
    )


if __name__ == "__main__":
    run()
