"""The task of one call, with a cell that is told by the test what it refuses."""

import asyncio
from collections import defaultdict
from typing import Any, cast

from config.schema import QueueEntry
from domain.contact import Channel, Contact, Disposition
from domain.errors import CellError
from domain.events import ContactClosed, Event
from domain.leg import RtpFigures
from domain.ports import ContactLedger, EventPublisher
from pbx.call_records import CallRecords
from pbx.call_task import CallTask
from pbx.cell import wire
from pbx.cells import Cell
from pbx.flow import CallFlow
from tests.unit.pbx.test_flow import HandClock, Notes, Shelf

LEG = 1


class Ledger:
    """Every write succeeds."""

    def __getattr__(self, name: str) -> Any:
        async def write(*_: object) -> None:
            await asyncio.sleep(0)

        return write


class StubbornCell:
    """Refuses commands by name, after telling the event that goes before the refusal."""

    def __init__(self) -> None:
        self.refuses: dict[str, wire.CellEvent | None] = {}
        self.asked: list[str] = []
        self.released = asyncio.Event()
        self.reached: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.task: CallTask | None = None

    def release(self) -> None:
        self.released.set()

    def __getattr__(self, name: str) -> Any:
        async def obey(*_: object, **__: object) -> int:
            await asyncio.sleep(0)
            self.asked.append(name)
            self.reached[name].set()
            if name in self.refuses:
                event = self.refuses[name]
                assert self.task is not None
                if event is not None:
                    self.task.tell(event)
                raise CellError("no leg '1'")
            return 2

        return obey


class Events:
    """What was published."""

    def __init__(self) -> None:
        self.past: list[Event] = []

    def publish(self, event: Event) -> None:
        self.past.append(event)

    @property
    def closed(self) -> ContactClosed:
        return next(event for event in self.past if isinstance(event, ContactClosed))


def ended() -> wire.LegEnded:
    return wire.LegEnded(
        leg=LEG, status=487, reason="", by_remote=True, figures=RtpFigures(received=0)
    )


def started(cell: StubbornCell) -> tuple[CallTask, Events]:
    clock, events = HandClock(), Events()
    contact = Contact(
        contact_id="c1",
        channel=Channel.VOICE,
        queue_id="support",
        language="en",
        arrived_at=clock.utc(),
        arrived_s=clock.now_s,
    )
    queue = QueueEntry(id="support", name="Support", numbers=["800"])
    flow = CallFlow(
        contact, queue, prompts=Shelf(), routing=Notes(), clock=clock, call_s_max=3600
    )  # fmt: skip

    async def dial(*_: object) -> int:
        raise AssertionError("nobody is dialled")

    task = CallTask(
        "c1",
        flow,
        records=CallRecords(cast("ContactLedger", Ledger())),
        events=cast("EventPublisher", events),
        clock=clock,
        dial=dial,
        on_over=lambda _: None,
    )
    cell.task = task
    task.start(cast("Cell", cell))
    task.tell(wire.IncomingCall(leg=LEG, sip_call_id="x", from_uri="", to_uri=""))
    return task, events


async def test_a_caller_who_cancels_before_the_answer_has_abandoned() -> None:
    cell = StubbornCell()
    cell.refuses = {"answer": ended()}
    _, events = started(cell)
    await asyncio.wait_for(cell.released.wait(), 5)
    assert events.closed.disposition is Disposition.ABANDONED_EARLY
    assert cell.asked == ["answer"]


async def test_a_caller_who_goes_as_music_begins_is_not_played_to_without_end() -> None:
    cell = StubbornCell()
    task, events = started(cell)
    task.tell(wire.LegAnswered(leg=LEG))
    task.tell(wire.PlayFinished(leg=LEG))
    cell.refuses = {"play": ended()}
    task.tell(wire.PlayFinished(leg=LEG))
    await asyncio.wait_for(cell.released.wait(), 5)
    assert events.closed.disposition in {Disposition.ABANDONED, Disposition.ABANDONED_EARLY}
    assert cell.asked.count("play") <= 3


async def test_a_cell_that_cannot_answer_ends_the_contact_as_failed() -> None:
    cell = StubbornCell()
    cell.refuses = {"answer": None}
    task, events = started(cell)
    task.tell(wire.MediaChanged(leg=LEG, active=False, codec=""))
    await asyncio.wait_for(cell.reached["hangup"].wait(), 5)
    task.tell(ended())
    await asyncio.wait_for(cell.released.wait(), 5)
    assert events.closed.disposition is Disposition.FAILED


async def test_a_cell_that_can_play_nothing_serves_all_the_same() -> None:
    cell = StubbornCell()
    cell.refuses = {"play": None}
    task, events = started(cell)
    task.tell(wire.LegAnswered(leg=LEG))
    await asyncio.wait_for(cell.reached["tap"].wait(), 5)
    task.tell(ended())
    await asyncio.wait_for(cell.released.wait(), 5)
    assert events.closed.disposition is Disposition.ABANDONED
    assert cell.asked.count("play") == 3, "greeting, disclosure, music"
