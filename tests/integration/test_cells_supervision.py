"""The pool: cells that die, hang or grow are found, and what is missing is replaced."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from domain.errors import CellError, CellGone, NoCellFree
from pbx.cell import wire
from pbx.cells import CellState
from tests.integration.cells_rig import WAIT_S, Events, rig, uri_of

ROOT = Path(__file__).parents[2]


def exists(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def until_ended(*pids: int) -> None:
    loop = asyncio.get_running_loop()
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = asyncio.Event()
        loop.add_reader(fd, ended.set)
        try:
            async with asyncio.timeout(WAIT_S):
                await ended.wait()
        finally:
            loop.remove_reader(fd)
            os.close(fd)


async def test_killed_cell_is_reported_and_its_commands_fail() -> None:
    async with rig(port_min=43_000) as cells:
        a, b = await cells.party("a"), await cells.party("b")
        leg, _ = await cells.call(a, b)
        os.kill(a.cell.pid, signal.SIGSTOP)
        asked = asyncio.create_task(a.cell.stats(leg))
        await asyncio.sleep(0)
        os.kill(a.cell.pid, signal.SIGKILL)
        with pytest.raises(CellGone):
            await asked
        cell, reason = await cells.gone.next()
        assert (cell, reason) == (a.cell, "signal 9")
        assert cell.contact_id == "a"
        assert cell.state is CellState.GONE
        with pytest.raises(CellGone):
            await a.cell.hold(leg)
        a.cell.release()
        assert cells.pool.figures().crashed == 1
        assert b.cell.state is CellState.SERVING


async def test_warm_cell_that_dies_is_replaced() -> None:
    async with rig(port_min=43_500, warm=1) as cells:
        warm = await cells.warm_cell()
        os.kill(warm.pid, signal.SIGKILL)
        assert await cells.gone.next() == (warm, "signal 9")
        assert (await cells.warm_cell()) is not warm
        assert (await cells.party("a")).cell is not warm


async def test_cell_over_its_memory_limit_is_killed() -> None:
    async with rig(port_min=44_000, warm=1) as cells:
        a = await cells.party("a")
        # The schema allows no limit that a sound cell, some 4 MiB, is over.
        cells.pool._settings = cells.pool._settings.model_copy(update={"memory_mib_max": 1})
        while a.cell not in [cell for cell, _ in cells.gone.told]:
            assert (await cells.gone.next())[1] == "memory"
        assert not exists(a.cell.pid)


async def test_cell_that_hangs_is_missed_by_its_heartbeat() -> None:
    async with rig(port_min=44_500, warm=1) as cells:
        a = await cells.party("a")
        os.kill(a.cell.pid, signal.SIGSTOP)
        assert await cells.gone.next() == (a.cell, "heartbeat")
        assert not exists(a.cell.pid)


async def test_reserve_is_refilled_up_to_the_limit_and_then_refused() -> None:
    async with rig(port_min=45_000, warm=2, cells_max=3) as cells:
        parties = [await cells.party(str(index)) for index in range(3)]
        assert len({p.cell.address for p in parties}) == 3
        assert len({p.cell.rtp_port for p in parties}) == 3
        with pytest.raises(NoCellFree, match="3 of 3 in use"):
            await cells.pool.take(contact_id="x", on_event=Events(), tap_path=None, timeout_s=0.05)
        assert cells.pool.figures().refused == 1
        parties[0].cell.release()
        assert (await cells.party("next")).cell is parties[0].cell
        assert cells.gone.told == []


async def test_zygote_that_dies_is_replaced_and_its_cells_go_on() -> None:
    async with rig(port_min=45_500) as cells:
        a, b = await cells.party("a"), await cells.party("b")
        first = cells.pool.zygote_pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        leg, _ = await cells.call(a, b)
        parties = [await cells.party(str(index)) for index in range(3)]
        assert cells.pool.figures().zygote_restarts == 1
        assert cells.pool.zygote_pid != first
        # An orphan's end is seen, though nobody can tell how it came.
        os.kill(a.cell.pid, signal.SIGKILL)
        cell, reason = await cells.gone.next()
        assert (cell, reason) == (a.cell, "unknown")
        assert leg == 1
        assert len({p.cell.pid for p in parties}) == 3


async def test_leaving_ends_every_process() -> None:
    async with rig(port_min=46_000) as cells:
        a, b = await cells.party("a"), await cells.party("b")
        await cells.call(a, b)
        pids = [cell.pid for cell in cells.pool._cells.values()]
        zygote = cells.pool.zygote_pid
        assert zygote is not None
    assert len(pids) >= 2
    assert not any(exists(pid) for pid in [*pids, zygote])
    assert cells.gone.told == []
    with pytest.raises(NoCellFree, match="closed"):
        await cells.pool.take(contact_id="x", on_event=Events(), tap_path=None)


NODE = """
import asyncio
from config.schema import Cells, Rtp
from pbx.cells import CellPool

async def main():
    pool = CellPool(Cells(warm=3, max=6, nice=0), Rtp(address="127.0.0.1", port_min=46500,
                    port_max=46999), outbound_proxy=None)
    async with pool:
        print(pool.zygote_pid, *(cell.pid for cell in pool._cells.values()), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_killed_node_leaves_no_cell_behind() -> None:
    node = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NODE, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert node.stdout is not None
    pids = [int(pid) for pid in (await node.stdout.readline()).split()]
    assert len(pids) == 4
    node.kill()
    await node.wait()
    await until_ended(*pids)


async def test_forked_cells_do_not_share_their_random_numbers() -> None:
    async with rig(port_min=47_000, warm=6, cells_max=8) as cells:
        parties = [await cells.party(str(index)) for index in range(6)]
        for caller, callee in zip(parties[:3], parties[3:], strict=True):
            await caller.cell.connect(uri_of(callee.cell), headers={}, display="", caller="x")
        calls = [await callee.events.next(wire.IncomingCall) for callee in parties[3:]]
        assert len({call.sip_call_id for call in calls}) == 3


async def test_pool_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx.zygote_link.sys.executable", "/bin/false")
    monkeypatch.setattr("pbx.cells.OPEN_S_MAX", 0.2)
    with pytest.raises(CellError, match="0 of 2 ready"):
        async with rig(port_min=47_500):
            pass
