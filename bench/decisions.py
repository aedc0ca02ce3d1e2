"""Decisions of the running router: from an event to the offer, and how long it holds the loop.

The router runs on a real event loop with the system's clock, and what reads its events in a node
reads them here: journal, decisions and figures in SQLite (`decisions_centre.py`). Every time stands
beside how late the machine made a process that only sleeps meanwhile, and beside the lateness of
the same loop without any work.
"""

import asyncio
import gc
import json as json_format
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.decisions_centre import Centre, open_centre
from bench.loop_turns import Turns, loop_lateness_s, percentiles_ms, run_watched
from bench.machine import MachineTime
from bench.router_people import QUEUE_SHARES, Scene, scene
from bench.tables import print_table
from server.life import spare_what_is_loaded

AGENTS: Final = 100
WAITING: Final = 200
WORK_S: Final = 20.0
SETTLE_S: Final = 5.0
"""Until agents, who begin together, have come apart."""
LEAVES_PER_S: Final = 4.0
MOODS_PER_S: Final = 3.0
POSITIONS_PER_S: Final = 7.0
"""Each of 200 is told his place about every half minute."""
LOOKS_PER_S: Final = 1.0
"""A supervisor's page reads queues, agents and the contacts of one queue."""
QUIET_ARRIVALS_PER_S: Final = 10.0
QUIET_S: Final = 10.0
LARGE: Final = 1_000
LARGE_WAITING: Final = 2_000
ALL_OUT_S_MAX: Final = 60.0
CONTROL_S: Final = 5.0
SEED: Final = 4
P99_MS_AIM: Final = 30.0
TURN_MS_AIM: Final = 5.0
_ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured of one situation, milliseconds but for the count.

    Attributes:
        offers: How many were made.
        p50_ms, p99_ms, worst_ms: From the event to the offer.
        work_p99_ms, work_ms_max: The processor time of the loop's thread between the two: what is
            left where others work on the machine, too.
        router_ms_max: The longest turn of the router by processor time.
        turn_p99_ms, turn_ms_max: One turn of the event loop by processor time, all that was due in
            it, readers of events and pages too.
        machine_p99_ms, machine_ms_max: How late a process was meanwhile that only sleeps.
    """

    situation: str
    offers: int
    p50_ms: float | None
    p99_ms: float | None
    worst_ms: float | None
    work_p99_ms: float | None
    work_ms_max: float | None
    router_ms_max: float | None
    turn_p99_ms: float | None
    turn_ms_max: float | None
    machine_p99_ms: float
    machine_ms_max: float


def run(json: bool = False) -> None:
    """Measure every situation and print a table, and one JSON object."""
    before = MachineTime.now()
    spare_what_is_loaded()
    rows = [
        *run_watched(_idle),
        *run_watched(_busy),
        *run_watched(_quiet),
        *run_watched(partial(_bursts, waiting=WAITING, agents=AGENTS)),
        *run_watched(partial(_bursts, waiting=LARGE_WAITING, agents=LARGE)),
    ]
    looks = run_watched(_looks)
    print_table("From the event to the offer (ms)", [asdict(row) for row in rows])
    print_table(f"Read with {WAITING} waiting, {AGENTS} agents (ms)", looks)
    print(f"Aims: p99 of the offer {P99_MS_AIM} ms, one turn of the router {TURN_MS_AIM} ms.")
    print(f"Processors meanwhile: {MachineTime.now().since(before)}")
    if json:
        print(json_format.dumps({"decisions": [asdict(row) for row in rows], "looks": looks}))


@asynccontextmanager
async def _machine_beside(seconds: float) -> AsyncIterator[list[tuple[float, float]]]:
    """Let a process sleep and wake beside; leaving waits for it and tells p99 and worst."""
    told: list[tuple[float, float]] = []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.loop_turns", str(seconds)),
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    try:
        yield told
    finally:
        said, _ = await process.communicate()
        _, p99_ms, worst_ms = (float(word) for word in said.split())
        told.append((p99_ms, worst_ms))


def _row(
    situation: str, waits_s: Sequence[float], turns: Turns, centre: Centre | None = None
) -> dict[str, object]:
    """Return a row but for the machine's part, from what was measured until now."""
    nothing = (None, None, None)
    p50_ms, p99_ms, worst_ms = percentiles_ms(waits_s) or nothing
    _, turn_p99_ms, turn_ms_max = percentiles_ms(turns.cpu_s) or nothing
    _, work_p99_ms, work_ms_max = percentiles_ms([] if centre is None else centre.work_s) or nothing
    router = percentiles_ms([] if centre is None else centre.router.turns_s)
    return {
        "situation": situation,
        "offers": len(waits_s),
        "p50_ms": p50_ms,
        "p99_ms": p99_ms,
        "worst_ms": worst_ms,
        "work_p99_ms": work_p99_ms,
        "work_ms_max": work_ms_max,
        "router_ms_max": None if router is None else router[2],
        "turn_p99_ms": turn_p99_ms,
        "turn_ms_max": turn_ms_max,
    }


async def _idle(turns: Turns) -> list[Row]:
    """Only sleep: what the loop alone is late."""
    async with _machine_beside(CONTROL_S) as machine:
        turns.clear()
        late_s = await loop_lateness_s(CONTROL_S)
        row = _row("no router: a timer of the loop", late_s, turns)
    return [_whole(row, machine)]


async def _busy(turns: Turns) -> list[Row]:
    """Always so many wait; agents become free, contacts come and go."""
    async with open_centre(scene(20 * WAITING, AGENTS, SEED), SEED) as centre:
        await _fill(centre, WAITING)
        for agent_id in _agents(centre):
            centre.ready(agent_id)
            await asyncio.sleep(SETTLE_S / AGENTS)
            await _fill(centre, WAITING)
        await _work(centre, SETTLE_S)
        gc.collect()
        async with _machine_beside(WORK_S) as machine:
            turns.clear()
            centre.measure_anew()
            await _work(centre, WORK_S)
            row = _row(f"{WAITING} waiting", centre.waits_s, turns, centre)
    return [_whole(row, machine)]


async def _work(centre: Centre, seconds: float) -> None:
    """Let customers come and go while agents work."""

    async def often(per_s: float, act: object) -> None:
        assert callable(act)
        while True:
            await asyncio.sleep(float(centre.rng.exponential(1 / per_s)))
            act()

    def position() -> None:
        centre.router.position(centre.somebody())

    def look() -> None:
        _look(centre, int(centre.rng.integers(len(QUEUE_SHARES))))

    async def refill() -> None:
        while True:
            await asyncio.sleep(float(centre.rng.exponential(0.02)))
            await _fill(centre, WAITING, waited_mean_s=0.0)

    acts = (
        often(LEAVES_PER_S, centre.go),
        often(MOODS_PER_S, centre.feel),
        often(POSITIONS_PER_S, position),
        often(LOOKS_PER_S, look),
        refill(),
    )
    tasks = [asyncio.create_task(each) for each in acts]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(result, asyncio.CancelledError):
            raise result if isinstance(result, BaseException) else RuntimeError("ended early")


def _look(centre: Centre, queue: int) -> None:
    router = centre.router
    router.agents()
    queues = router.queues()
    router.waiting(queues[queue].queue_id)


async def _quiet(turns: Turns) -> list[Row]:
    """Agents are free, and contacts come one by one."""
    async with open_centre(scene(20 * WAITING, AGENTS, SEED), SEED) as centre:
        for agent_id in _agents(centre):
            centre.ready(agent_id)
        async with _machine_beside(QUIET_S) as machine:
            turns.clear()
            centre.measure_anew()
            end_s = time.monotonic() + QUIET_S
            while time.monotonic() < end_s:
                await asyncio.sleep(float(centre.rng.exponential(1 / QUIET_ARRIVALS_PER_S)))
                centre.come()
            row = _row("agents free", centre.waits_s, turns, centre)
    return [_whole(row, machine)]


async def _bursts(turns: Turns, *, waiting: int, agents: int) -> list[Row]:
    """All agents become free in one turn of the loop, twice; the second time all is warm."""
    rows = []
    async with open_centre(scene(waiting, agents, SEED), SEED) as centre:
        centre.answers = False
        for time_ in ("first", "again"):
            await _fill(centre, waiting)
            gc.collect()
            async with _machine_beside(CONTROL_S) as machine:
                await asyncio.sleep(0.5)
                centre.measure_anew()
                for agent_id in _agents(centre):
                    centre.ready(agent_id)
                turns.clear()
                await _all_out(centre)
                name = f"{agents} become free, {waiting} waiting, {time_}"
                row = _row(name, centre.waits_s, turns, centre)
            rows.append(_whole(row, machine))
            await _empty(centre)
    return rows


async def _all_out(centre: Centre) -> None:
    """Wait until every offer is out that can be made."""
    end_s = time.monotonic() + ALL_OUT_S_MAX
    seen, since_s = -1, time.monotonic()
    while time.monotonic() < end_s:
        await asyncio.sleep(0.02)
        if len(centre.waits_s) != seen:
            seen, since_s = len(centre.waits_s), time.monotonic()
        elif seen and time.monotonic() - since_s > 2.0:
            return


async def _empty(centre: Centre) -> None:
    """Everybody goes: those whom a telephone rings for, too."""
    for agent_id in _agents(centre):
        # He wishes to rest before his telephone is still, so that he is offered nothing more.
        centre.rest(agent_id)
        if agent_id in centre.offers:
            centre.router.leave(centre.offers.pop(agent_id).contact_id)
        await asyncio.sleep(0)


async def _fill(centre: Centre, waiting: int, *, waited_mean_s: float = 30.0) -> None:
    """Let customers come until so many wait."""
    while len(centre.waiting) < waiting:
        centre.come(waited_s=float(centre.rng.exponential(waited_mean_s)))
        await asyncio.sleep(0)


def _agents(centre: Centre) -> list[str]:
    return [view.agent.agent_id for view in centre.router.agents()]


def _whole(row: dict[str, object], machine: list[tuple[float, float]]) -> Row:
    p99_ms, worst_ms = machine[0]
    return Row(**row, machine_p99_ms=p99_ms, machine_ms_max=worst_ms)  # type: ignore[arg-type]


async def _looks(turns: Turns) -> list[dict[str, object]]:
    """Time what is read from the router, with one queue that everybody waits in."""
    one = scene(20 * WAITING, AGENTS, SEED)
    front = Scene(
        queues=one.queues,
        agents=one.agents,
        contacts=tuple(each for each in one.contacts if each.queued.queue_id == "front"),
    )
    async with open_centre(front, SEED) as centre:
        for agent_id in _agents(centre):
            centre.ready(agent_id)
        await _fill(centre, WAITING)
        await _work(centre, 2 * SETTLE_S)
        centre.stop()
        await _fill(centre, WAITING)
        router = centre.router
        acts = {
            "contacts of a queue": lambda: router.waiting("front"),
            "position of a contact": lambda: router.position(centre.somebody()),
            "who may be offered a contact": lambda: router.eligibility(centre.somebody()),
            "queues": router.queues,
            "agents": router.agents,
        }
        rows: list[dict[str, object]] = []
        for name, act in acts.items():
            wall_s, cpu_s = [], []
            for _ in range(20):
                begun_s, cpu_begun_s = time.perf_counter(), time.thread_time()
                act()
                cpu_s.append(time.thread_time() - cpu_begun_s)
                wall_s.append(time.perf_counter() - begun_s)
                await asyncio.sleep(0)
            wall, cpu = percentiles_ms(wall_s), percentiles_ms(cpu_s)
            assert wall is not None
            assert cpu is not None
            rows.append({"what": name, "p50": wall[0], "worst": wall[2], "processor p50": cpu[0]})
        return rows


if __name__ == "__main__":
    run()
