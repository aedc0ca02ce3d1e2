import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from domain.errors import CellError, CellGone, IllegalTransition, LimitExceeded
from domain.leg import RtpFigures
from pbx import cell_process
from pbx.cell import framing, wire
from pbx.cell_process import Cell, CellState, CellTrigger, Event, Refused


class FakeTransport(asyncio.WriteTransport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[wire.CellCommand] = []
        self.closing = False

    def write(self, data: Any) -> None:
        self.commands += map(framing.CELL_COMMANDS.read, bytes(data).splitlines())

    def close(self) -> None:
        self.closing = True


class FakeKeeper:
    """Notes what a cell tells the pool."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.woken = 0

    def wake_cell(self, cell: Cell) -> None:
        self.woken += 1

    def cell_ready(self, cell: Cell) -> None:
        cell.step(CellTrigger.READY)
        self.told.append("ready")

    def cell_resting(self, cell: Cell) -> None:
        self.told.append("resting")

    def cell_free(self, cell: Cell) -> None:
        cell.step(CellTrigger.READY)
        self.told.append("free")

    def cell_closed(self, cell: Cell) -> None:
        self.told.append("closed")

    def cell_beat(self, cell: Cell) -> None:
        self.told.append("beat")


class Bench:
    """A cell whose process is the test."""

    def __init__(self) -> None:
        self.keeper = FakeKeeper()
        self.cell = Cell("cell-1", 20_000, self.keeper)
        self.transport = FakeTransport()
        self.events: list[Event] = []
        self.cell.connection_made(self.transport)

    def report(self, message: wire.CellReport) -> None:
        self.cell.data_received(framing.written(message))

    def begin(self) -> None:
        self.report(wire.CellReady(pid=1, sip_port=5_555, nice=-10, realtime=False))
        self.cell.serve("c", self.events.append, "/tap")

    async def answered(self, asking: Awaitable[Any], **answer: Any) -> Any:
        task = asyncio.ensure_future(asking)
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # what is told is sent in the next turn
        self.report(wire.CommandDone(id=self.transport.commands[-1].id, **answer))
        return await task


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    made.begin()
    await asyncio.sleep(0)
    return made


async def test_cell_knows_its_address_and_contact(bench: Bench) -> None:
    assert bench.cell.address == ("127.0.0.1", 5_555)
    assert (bench.cell.contact_id, bench.cell.state) == ("c", CellState.SERVING)
    assert bench.transport.commands == [
        wire.Serve(id=1, quiet=True, contact_id="c", tap_path="/tap")
    ]


async def test_each_call_is_one_command(bench: Bench) -> None:
    cell = bench.cell
    figures = RtpFigures(received=3)
    assert await bench.answered(cell.stats(1), figures=figures) == figures
    calling = cell.connect("sip:a@b", headers={"X": "y"}, display="d", caller="c")
    assert await bench.answered(calling, leg=2) == 2
    for asking in (
        cell.unbridge(1, 2),
        cell.untap(1),
        cell.hold(1),
        cell.unhold(1),
        cell.send_dtmf(1, "12"),
        cell.transfer(1, "sip:x@y"),
    ):
        await bench.answered(asking)
    assert bench.transport.commands[3:] == [
        wire.Unbridge(id=4, a=1, b=2),
        wire.Untap(id=5, leg=1),
        wire.Hold(id=6, leg=1),
        wire.Unhold(id=7, leg=1),
        wire.SendDigits(id=8, leg=1, digits="12"),
        wire.Transfer(id=9, leg=1, uri="sip:x@y"),
    ]


async def test_what_a_cell_is_told_travels_together_and_wakes_it_once(bench: Bench) -> None:
    cell, woken = bench.cell, bench.keeper.woken
    cell.answer(1)
    cell.hangup(1, 486)
    assert cell.play(1, [Path("/a.wav")], loop=True) == 4
    cell.stop_play(1)
    cell.bridge(1, 2)
    cell.tap(1, "customer")
    assert len(bench.transport.commands) == 1
    await asyncio.sleep(0)
    assert bench.keeper.woken == woken + 1
    assert bench.transport.commands[1:] == [
        wire.Answer(id=2, quiet=True, leg=1, status=200),
        wire.HangUp(id=3, quiet=True, leg=1, status=486),
        wire.Play(id=4, quiet=True, leg=1, files=["/a.wav"], loop=True),
        wire.StopPlay(id=5, quiet=True, leg=1),
        wire.Bridge(id=6, quiet=True, a=1, b=2),
        wire.TapLeg(id=7, quiet=True, leg=1, speaker="customer"),
    ]


async def test_what_a_cell_refuses_is_an_event(bench: Bench) -> None:
    bench.cell.hangup(9)
    bench.report(wire.CommandFailed(id=2, reason="no leg '9'"))
    told = wire.HangUp(id=2, quiet=True, leg=9)
    assert bench.events == [Refused(told, "no leg '9'")]


async def test_refusals_of_long_ago_are_forgotten(bench: Bench) -> None:
    for _ in range(cell_process.COMMANDS_PENDING_MAX + 1):
        bench.cell.hangup(1)
    bench.report(wire.CommandFailed(id=2, reason="late"))
    bench.report(wire.CommandFailed(id=3, reason="later"))
    assert [event.reason for event in bench.events if isinstance(event, Refused)] == ["later"]


async def test_refused_command_raises_the_reason(bench: Bench) -> None:
    asked = asyncio.create_task(bench.cell.hold(9))
    await asyncio.sleep(0)
    bench.report(wire.CommandFailed(id=2, reason="no leg '9'"))
    with pytest.raises(CellError, match="cell cell-1: no leg '9'"):
        await asked


async def test_end_of_the_process_fails_all_that_wait(bench: Bench) -> None:
    asked = [asyncio.create_task(bench.cell.hold(1)) for _ in range(3)]
    await asyncio.sleep(0)
    bench.cell.connection_lost(None)
    for task in asked:
        with pytest.raises(CellGone, match="cell cell-1 has ended"):
            await task
    with pytest.raises(CellGone):
        await bench.cell.hold(1)
    assert bench.keeper.told == ["ready", "closed"]


async def test_commands_that_wait_are_bounded(bench: Bench) -> None:
    asked = [
        asyncio.create_task(bench.cell.hold(1)) for _ in range(cell_process.COMMANDS_PENDING_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(LimitExceeded, match="commands pending: 65"):
        await bench.cell.hold(1)
    bench.cell.connection_lost(None)
    await asyncio.gather(*asked, return_exceptions=True)


async def test_command_without_an_answer_fails(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_process, "COMMAND_S_MAX", 0.0)
    with pytest.raises(CellError, match="no answer to Hold within 0 s"):
        await bench.cell.hold(1)
    bench.report(wire.CommandDone(id=2))


async def test_events_come_in_order_and_survive_a_failing_reader(bench: Bench) -> None:
    def fail(event: Event) -> None:
        bench.events.append(event)
        raise RuntimeError

    bench.cell._on_event = fail
    both = framing.written(wire.LegAnswered(leg=1)) + framing.written(
        wire.DigitPressed(leg=1, digit="5")
    )
    bench.cell.data_received(both[:20])
    bench.cell.data_received(both[20:])
    assert bench.events == [wire.LegAnswered(leg=1), wire.DigitPressed(leg=1, digit="5")]


async def test_heartbeat_is_noted(bench: Bench) -> None:
    bench.report(wire.Heartbeat(private_kib=4_100, taps_dropped=3))
    assert (bench.cell.private_kib, bench.cell.taps_dropped) == (4_100, 3)
    assert bench.keeper.told[-1] == "beat"
    bench.report(wire.CellTrouble(where="tap", reason="odd"))


async def test_release_is_said_once_and_ends_events(bench: Bench) -> None:
    bench.cell.release()
    bench.cell.release()
    bench.cell.hangup(1)
    await asyncio.sleep(0)
    assert (bench.cell.state, bench.cell.contact_id) == (CellState.RESTING, "")
    assert bench.transport.commands[1:] == [wire.Finish(id=2, quiet=True)]
    bench.report(wire.LegAnswered(leg=1))
    assert bench.events == []
    with pytest.raises(CellGone):
        await bench.cell.hold(1)


async def test_cell_that_is_free_serves_another_contact(bench: Bench) -> None:
    bench.cell.release()
    bench.report(wire.CellFree())
    assert bench.keeper.told == ["ready", "resting", "free"]
    later: list[Event] = []
    bench.cell.serve("d", later.append, None)
    bench.report(wire.LegAnswered(leg=3))
    assert (later, bench.events) == ([wire.LegAnswered(leg=3)], [])
    assert (bench.cell.contact_id, bench.cell.contacts) == ("d", 2)


async def test_cell_is_told_to_quit_once_wherever_it_stands(bench: Bench) -> None:
    bench.cell.release()
    bench.cell.quit()
    bench.cell.quit()
    bench.cell.release()
    await asyncio.sleep(0)
    assert bench.cell.state is CellState.LEAVING
    assert bench.transport.commands[2:] == [wire.Quit(id=3, quiet=True)]


async def test_nonsense_kills_the_cell(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *signal: killed.append(signal))
    bench.cell.data_received(b"nonsense\n")
    bench.cell.kill("heartbeat")
    assert killed == [(1, 9)]
    assert bench.cell.reason == "wire"
    assert bench.transport.closing


@pytest.mark.parametrize(
    ("code", "reason"), [(None, "unknown"), (0, "exit 0"), (1, "exit 1"), (-6, "signal 6")]
)
def test_reason_is_for_people(code: int | None, reason: str) -> None:
    cell = Cell("cell-1", 20_000, FakeKeeper())
    cell.exit_code = code
    assert cell.reason == reason


def test_steps_that_are_not_listed_are_illegal() -> None:
    cell = Cell("cell-1", 20_000, FakeKeeper())
    with pytest.raises(IllegalTransition):
        cell.step(CellTrigger.SERVE)
    cell.step(CellTrigger.READY)
    cell.step(CellTrigger.SERVE)
    with pytest.raises(IllegalTransition):
        cell.step(CellTrigger.READY)
