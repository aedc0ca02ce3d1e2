"""Runs: seeds and policies played in parallel processes, their results in a fixed order."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

from router.simulation.compare import Played, play
from server.simulate.sources import Source


def run(
    source: Source,
    policies: Sequence[str],
    seeds: Sequence[int],
    *,
    days: int,
    done: Callable[[Played], None],
    workers: int | None = None,
) -> list[Played]:
    """Play every policy with every seed.

    Args:
        source: What is simulated.
        policies: Names of policies.
        seeds: Each is a different centre with different days.
        days: Days of each; more where a table needs them.
        done: Told of each run, in order.
        workers: Processes; None: one for each processor of this process.

    Returns:
        The runs, by seed and then in the order of the policies, however many processes there are.

    Raises:
        SimulationError: A policy broke a rule, or a table does not fit.
    """
    tasks = [(source, policy, seed, days) for seed in seeds for policy in policies]
    count = min(workers or len(os.sched_getaffinity(0)), len(tasks))
    found: list[Played] = []
    if count == 1:
        for task in tasks:
            found.append(_play(task))
            done(found[-1])
        return found
    # Forking a process that has threads (numpy's, OR-Tools') may lock up; spawning does not.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        for one in pool.map(_play, tasks):
            found.append(one)
            done(one)
    return found


def _play(task: tuple[Source, str, int, int]) -> Played:
    source, policy, seed, days = task
    centre = source.centre(seed)
    days = max(days, source.days)
    return play(centre, policy, days=days, arrivals=source.arrivals(centre))
