"""Large assignments, solved beside the event loop.

OR-Tools and scipy keep the interpreter lock while they solve, so a thread would stop the event loop
all the same. `SolverProcess` hands a problem to a process of its own (`worker.py`) and waits at
most a given time; then the caller gets a greedy assignment, and the process may finish what it has
begun before it is asked again. A process that ends or is stuck is replaced.
"""

import asyncio
import contextlib
import os
import pickle
import sys
from pathlib import Path
from typing import Final, Self

from router.assignment.greedy import solve_greedy
from router.assignment.problem import Problem, Solution
from router.assignment.rules import broken
from router.assignment.solver import dense_work, solve_unruled
from router.assignment.worker import LENGTH, READY, framed

SMALL_WORK_MAX: Final = 160**3
"""Shorter side squared times longer side that is solved within 5 ms, costs of a real centre
(`bench/router.py`)."""
SMALL_PAIRS_MAX: Final = 200_000
"""A row of so many agents, or a column of so many contacts, is looked at within 5 ms."""
READY_S_MAX: Final = 30.0
"""Loading OR-Tools takes a second, on a busy machine some."""
STUCK_S: Final = 10.0
"""A problem of 10,000 contacts and agents takes half a second; what takes so long never ends."""
STOP_S_MAX: Final = 2.0
REPLY_BYTES_MAX: Final = 64 << 20
"""Four million pairs."""
MODULE: Final = "router.assignment.worker"
_ROOT: Final = Path(__file__).resolve().parents[2]


def is_small(problem: Problem) -> bool:
    """Tell whether a problem is solved within 5 ms, so that it may be solved on the event loop."""
    contacts, agents = len(problem.leave_s), len(problem.agent_s)
    if min(contacts, agents) <= 1:
        return contacts * agents <= SMALL_PAIRS_MAX
    return contacts * agents <= SMALL_PAIRS_MAX and dense_work(problem) <= SMALL_WORK_MAX


def solve_at_once(problem: Problem) -> Solution | None:
    """Return the assignment; None where that would keep the event loop for more than 5 ms."""
    if not is_small(problem):
        return None
    solution = solve_unruled(problem)
    return None if broken(problem, solution.contacts, solution.agents) else solution


class SolverProcess:
    """One process that solves one problem at a time; an async context manager.

    Attributes:
        pid: Of the process; None when there is none at this moment.
        restarts: How often it was replaced.
        late: How often a caller got a greedy assignment.
    """

    def __init__(self) -> None:
        """Prepare; entering starts the process."""
        self.restarts = 0
        self.late = 0
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._begun: asyncio.Task[Solution | None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None when there is none at this moment."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def __aenter__(self) -> Self:
        """Start the process; return when it is ready."""
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process; what it was solving is given up."""
        if self._begun is not None:
            self._begun.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._begun
        await self._stop()

    async def solve(self, problem: Problem, limit_s: float) -> Solution:
        """Return the assignment, or after `limit_s` seconds a greedy one.

        A second problem waits for the first, and its time runs.

        Returns:
            `complete` is False where the time was up or the process has ended.
        """
        try:
            async with asyncio.timeout(limit_s), self._turn:
                if self._begun is not None and not self._begun.done():
                    await asyncio.shield(self._begun)
                self._begun = asyncio.create_task(self._ask(problem))
                solution = await asyncio.shield(self._begun)
        except TimeoutError:
            solution = None
        if solution is None:
            self.late += 1
            return solve_greedy(problem)
        return solution

    async def _ask(self, problem: Problem) -> Solution | None:
        """Send a problem and wait for its solution; None: the process has ended or was stuck."""
        try:
            if self.pid is None:
                self.restarts += 1
                await self._start()
            assert self._process is not None
            requests, replies = self._process.stdin, self._process.stdout
            assert requests is not None
            assert replies is not None
            async with asyncio.timeout(STUCK_S):
                requests.writelines(framed(pickle.dumps(problem, protocol=pickle.HIGHEST_PROTOCOL)))
                await requests.drain()
                solution = pickle.loads(await _read(replies))  # noqa: S301 - our own process
        except (OSError, EOFError, TimeoutError):
            await self._stop()
            return None
        assert isinstance(solution, Solution)
        return solution

    async def _start(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            OSError: It cannot be started.
            TimeoutError: It is not ready in time.
        """
        await self._stop()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
            env=_environment(),
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(READY_S_MAX):
                said = await _read(self._process.stdout)
        except EOFError:
            raise ConnectionError("the solver's process ended before it was ready") from None
        if said != READY:
            raise ConnectionError(f"the solver's process began with {said[:20]!r}")

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOP_S_MAX):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await process.wait()


async def _read(replies: asyncio.StreamReader) -> bytes:
    (size,) = LENGTH.unpack(await replies.readexactly(LENGTH.size))
    if size > REPLY_BYTES_MAX:
        raise ConnectionError(f"a reply of {size} bytes is over the limit of {REPLY_BYTES_MAX}")
    return await replies.readexactly(size)


def _environment() -> dict[str, str]:
    """Return the process's environment: it finds this project, and numpy stays on one core."""
    environment = dict(os.environ)
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = f"{_ROOT}{os.pathsep}{known}" if known else str(_ROOT)
    environment["OPENBLAS_NUM_THREADS"] = "1"
    environment["OMP_NUM_THREADS"] = "1"
    return environment
