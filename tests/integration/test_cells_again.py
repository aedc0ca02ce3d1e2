"""A cell serves one contact after the other, and nothing of one reaches the next."""

import asyncio
import os
from pathlib import Path

from domain.tap import TapKind
from pbx.cell import wire
from pbx.cell.scheduling import may_be_realtime
from pbx.cells import CellState
from tests.integration.cells_rig import WAIT_S, Party, Rig, TapEar, rig, uri_of, write_tone


def threads(party: Party) -> set[str]:
    """Return the names of the threads of a cell."""
    tasks = Path(f"/proc/{party.cell.pid}/task").iterdir()
    return {(task / "comm").read_text().strip() for task in tasks}


def policies(party: Party) -> dict[str, int]:
    """Return the scheduling class of each thread of a cell, by name."""
    return {
        (task / "comm").read_text().strip(): os.sched_getscheduler(int(task.name))
        for task in Path(f"/proc/{party.cell.pid}/task").iterdir()
    }


async def test_the_clock_of_a_call_alone_is_real_time() -> None:
    async with rig(port_min=49_600, warm=2, cells_max=3, realtime=True) as cells:
        a, b = await cells.party("a"), await cells.party("b")
        await cells.call(a, b)
        found = policies(b)
        wanted = os.SCHED_RR if b.cell.realtime else os.SCHED_OTHER
        assert found.pop("clock") == wanted
        assert set(found.values()) == {os.SCHED_OTHER}
        assert b.cell.realtime == may_be_realtime()


async def hang_up(caller: Party, callee: Party, leg: int) -> None:
    caller.cell.hangup(leg)
    await caller.events.next(wire.LegEnded)
    await callee.events.next(wire.LegEnded)


async def again(
    cells: Rig, party: Party, contact_id: str, tap_path: str | None = None
) -> Party | None:
    """Give the party's cell to another contact; None: it ends instead."""
    party.cell.release()
    assert (party.cell.state, party.cell.contact_id) == (CellState.RESTING, "")
    async with asyncio.timeout(WAIT_S):
        while True:
            other = await cells.party(contact_id, tap_path)
            if other.cell is party.cell:
                return other
            if party.cell.state is CellState.GONE:
                return None
            other.cell.release()
            await asyncio.sleep(0.01)


async def test_a_cell_serves_another_contact_with_other_ports_and_legs() -> None:
    async with rig(port_min=48_000, warm=2, cells_max=3) as cells:
        a, b = await cells.party("a"), await cells.party("b")
        ports = set()
        for number in (1, 2, 3):
            leg, theirs = await cells.call(a, b)
            assert leg == theirs == number
            ports.add(rtp_port(b))
            assert "clock" in threads(b)
            await hang_up(a, b, leg)
            next_a, next_b = await again(cells, a, "a"), await again(cells, b, "b")
            assert next_a is not None
            assert next_b is not None
            a, b = next_a, next_b
            assert "clock" not in threads(b), "a cell without legs has no clock to pay for"
        assert len(ports) == 3
        assert cells.pool.figures().crashed == 0
        assert cells.pool.figures().used_again >= 6
        assert cells.gone.told == []


def rtp_port(party: Party) -> int:
    """Return the RTP port that a cell has open now."""
    first = party.cell.rtp_port
    ours = {int(line.split()[1].split(":")[1], 16) for line in udp_sockets(party)}
    (port,) = [port for port in ours if first <= port < first + 40 and port % 2 == 0]
    return port


def udp_sockets(party: Party) -> list[str]:
    return Path(f"/proc/{party.cell.pid}/net/udp").read_text().splitlines()[1:]


async def test_a_cell_without_fresh_ports_is_let_go() -> None:
    async with rig(port_min=48_500, warm=2, cells_max=3, ports_per_cell=16) as cells:
        a, b = await cells.party("a"), await cells.party("b")
        first = a.cell
        served: Party | None = a
        while served is not None:
            await hang_up(served, b, (await cells.call(served, b))[0])
            b.cell.release()
            served = await again(cells, served, "a")
            b = await cells.party("b")
        # Sixteen ports are eight legs, and four of them must be left for a contact.
        assert first.contacts == 5
        assert cells.pool.figures().crashed == 0
        assert cells.gone.told == []


async def test_what_lay_in_a_tap_is_not_heard_of_the_next_contact(tmp_path: Path) -> None:
    tone = write_tone(tmp_path / "tone.wav", 5.0)
    async with TapEar(tmp_path / "tap") as ear, rig(port_min=49_000, warm=2, cells_max=3) as cells:
        a, b = await cells.party("a"), await cells.party("b", ear.path)
        leg, theirs = await cells.call(a, b)
        b.cell.tap(theirs, "customer")
        a.cell.play(leg, [tone])
        await ear.until_loud(theirs, 1_000)
        await hang_up(a, b, leg)
        next_a, next_b = await again(cells, a, "a2"), await again(cells, b, "b2", ear.path)
        assert next_a is not None
        assert next_b is not None
        a, b = next_a, next_b
        _, theirs = await cells.call(a, b)
        b.cell.tap(theirs, "customer")
        heard = await ear.until(TapKind.AUDIO, 3, theirs)
        # The far end is silent, so that whatever is heard is of the contact before.
        assert max(packet.rms for packet in heard) < 50
        (opened,) = ear.of(TapKind.OPEN, theirs)
        assert b"b2" in opened.payload


async def test_a_call_is_not_ended_by_what_is_left_of_another_with_its_number() -> None:
    async with rig(port_min=50_000, warm=3, cells_max=4) as cells:
        a, b, c = await cells.party("a"), await cells.party("b"), await cells.party("c")
        await cells.call(a, b)
        # PJSUA has four numbers for calls. Three are refused, since a cell takes one caller.
        for _ in range(3):
            await a.cell.connect(uri_of(b.cell), headers={}, display="", caller="x")
            assert (await a.events.next(wire.LegEnded)).status == 486
        leg, _ = await cells.call(a, c)
        # Two seconds of RTP, in which a cell sweeps up what it has done with.
        async with asyncio.timeout(WAIT_S):
            while (await a.cell.stats(leg)).received < 100:
                pass  # asking takes a turn of the cell
        assert len(a.events.of(wire.LegEnded)) == 3
        assert not c.events.of(wire.LegEnded)
