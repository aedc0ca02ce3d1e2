import asyncio
import io
import os
import pickle
import signal
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from router.assignment import process, worker
from router.assignment.costs import objective_s
from router.assignment.problem import Problem, TeamRule
from router.assignment.process import SolverProcess, is_small, solve_at_once
from router.assignment.solver import solve
from router.assignment.worker import LENGTH, READY
from tests.unit.router.assignment.people import centre, checked, problem

LONG_S = 60.0


@pytest_asyncio.fixture
async def solver() -> AsyncIterator[SolverProcess]:
    async with SolverProcess() as running:
        yield running


async def test_it_solves_as_the_node_itself(solver):
    for given in (centre(60, 50), problem([[1, 2]], [600]), problem([], [])):
        there, here = await solver.solve(given, LONG_S), solve(given)
        assert there.contacts.tolist() == here.contacts.tolist()
        assert there.agents.tolist() == here.agents.tolist()
        assert there.complete
    assert solver.restarts == solver.late == 0


async def test_one_after_the_other_when_asked_at_once(solver):
    problems = [centre(20, 20, seed) for seed in range(4)]
    solutions = await asyncio.gather(*(solver.solve(each, LONG_S) for each in problems))
    for given, solution in zip(problems, solutions, strict=True):
        assert solution.agents.tolist() == solve(given).agents.tolist()


async def test_a_killed_process_is_replaced(solver):
    given = centre(30, 30)
    first = solver.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    solutions = [await solver.solve(given, LONG_S), await solver.solve(given, LONG_S)]
    assert solutions[-1].complete
    assert solver.restarts == 1
    assert solver.pid not in (None, first)
    for solution in solutions:
        checked(given, solution.contacts, solution.agents)


async def test_a_stopped_process_does_not_keep_the_caller(solver):
    given = centre(30, 30)
    assert solver.pid is not None
    os.kill(solver.pid, signal.SIGSTOP)
    try:
        solution = await solver.solve(given, 0.05)
        checked(given, solution.contacts, solution.agents)
        assert len(solution.contacts) > 0
        assert not solution.complete
        assert objective_s(given, solution) < float(given.leave_s.sum())
        # It has not been forgotten: the next waits for it, and its time runs, too.
        assert not (await solver.solve(given, 0.05)).complete
        assert solver.late == 2
    finally:
        os.kill(solver.pid, signal.SIGCONT)
    assert (await solver.solve(given, LONG_S)).complete
    assert solver.restarts == 0


async def test_a_process_that_is_stuck_is_replaced(solver, monkeypatch):
    monkeypatch.setattr(process, "STUCK_S", 0.05)
    monkeypatch.setattr(process, "STOP_S_MAX", 0.05)
    assert solver.pid is not None
    os.kill(solver.pid, signal.SIGSTOP)
    assert not (await solver.solve(centre(20, 20), LONG_S)).complete
    monkeypatch.setattr(process, "STUCK_S", LONG_S)
    assert (await solver.solve(centre(20, 20), LONG_S)).complete
    assert solver.restarts == 1


async def test_leaving_ends_the_process():
    async with SolverProcess() as running:
        pid = running.pid
        assert pid is not None
    assert running.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_is_small():
    assert is_small(problem([[1] * 30], [600]))
    assert is_small(centre(200, 100))
    assert not is_small(centre(400, 400))


def test_what_is_small_and_breaks_no_rule_is_solved_at_once():
    both = np.ones(2, dtype=bool)
    for most, expected in ((2, [0, 1]), (1, None)):
        given = problem([[1, 2], [2, 1]], [600, 600], rules=(TeamRule(both, both, most),))
        solution = solve_at_once(given)
        assert (None if solution is None else solution.agents.tolist()) == expected
    assert solve_at_once(centre(400, 400)) is None


def replies_to(*payloads: bytes) -> bytes:
    asked = io.BytesIO(b"".join(LENGTH.pack(len(each)) + each for each in payloads))
    said = io.BytesIO()
    worker.serve(asked, said)
    return said.getvalue()


def test_the_worker_says_when_it_is_ready_and_answers_until_the_input_ends():
    given: Problem = centre(5, 5)
    said = replies_to(pickle.dumps(given))
    begin = LENGTH.size + len(READY)
    assert said[LENGTH.size : begin] == READY
    (size,) = LENGTH.unpack_from(said, begin)
    assert begin + LENGTH.size + size == len(said)
    solution = pickle.loads(said[begin + LENGTH.size :])
    assert solution.agents.tolist() == solve(given).agents.tolist()


def test_the_worker_solves_nothing_but_problems():
    with pytest.raises(TypeError, match="a str is no assignment problem"):
        replies_to(pickle.dumps("problem"))
