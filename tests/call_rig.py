"""What stands around a call's task and call control, as tests set it up."""

import asyncio
import inspect
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from domain.contact import Contact, Interaction
from domain.errors import CellError, CellGone, NoCellFree, StoreError
from domain.events import ContactClosed, Event
from domain.leg import RtpFigures
from domain.ports import ContactLedger
from pbx.cell import wire
from pbx.cell_process import Event as CellEvent
from pbx.cell_process import Refused
from pbx.cells import Cell, CellState
from tests.flow_scene import CUSTOMER


def invite(leg: int = CUSTOMER) -> wire.IncomingCall:
    return wire.IncomingCall(leg=leg, sip_call_id="x", from_uri="", to_uri="")


def leg_ended(leg: int = CUSTOMER, status: int = 200) -> wire.LegEnded:
    figures = RtpFigures(received=500, lost=2)
    return wire.LegEnded(leg=leg, status=status, reason="", by_remote=True, figures=figures)


def played(number: int, leg: int = CUSTOMER) -> wire.PlayFinished:
    """Return the end of what was played to a leg as its so-manieth."""
    return wire.PlayFinished(leg=leg, play=number)


TOLD: dict[str, Callable[..., wire.Command]] = {
    "answer": lambda leg, status: wire.Answer(id=0, leg=leg, status=status),
    "hangup": lambda leg, status: wire.HangUp(id=0, leg=leg, status=status),
    "stop_play": lambda leg: wire.StopPlay(id=0, leg=leg),
    "bridge": lambda a, b: wire.Bridge(id=0, a=a, b=b),
    "tap": lambda leg, speaker: wire.TapLeg(id=0, leg=leg, speaker=speaker),
}
"""What a cell is told and not asked, as the command that it may refuse."""


async def turn() -> None:
    """Let everything that can go on go on, for what must not happen."""
    for _ in range(50):
        await asyncio.sleep(0)


class FakeCell:
    """Notes what it is asked, and refuses what it was told to refuse.

    Attributes:
        refuses: The error by the name of the command.
        crosses: Events told just before the refusal: they were on their way already.
    """

    def __init__(self, number: int = 1) -> None:
        self.cell_id = f"cell-{number}"
        self.address = ("127.0.0.1", 40_000 + number)
        self.contact_id = ""
        self.pid = number
        self.state = CellState.SERVING
        self.tap_path: str | None = None
        self.asked: list[tuple[object, ...]] = []
        self.refuses: dict[str, CellError] = {}
        self.crosses: dict[str, wire.CellEvent] = {}
        self.released = asyncio.Event()
        self.tell: Callable[[CellEvent], None] = lambda _: None
        self._times: Counter[str] = Counter()
        self._reached: defaultdict[tuple[str, int], asyncio.Event] = defaultdict(asyncio.Event)
        self._last_leg = CUSTOMER

    def release(self) -> None:
        self.released.set()

    @property
    def names(self) -> list[object]:
        return [command[0] for command in self.asked]

    async def until(self, name: str, times: int = 1) -> None:
        """Wait until the cell was asked for that so often."""
        await asyncio.wait_for(self._reached[name, times].wait(), 5)

    async def until_released(self) -> None:
        await asyncio.wait_for(self.released.wait(), 5)

    async def connect(self, uri: str, **named: Any) -> int:
        self._note("connect", uri, *named.values())
        await asyncio.sleep(0)
        if "connect" in self.refuses:
            raise self.refuses["connect"]
        self._last_leg += 1
        return self._last_leg

    def play(self, leg: int, files: Sequence[Path], *, loop: bool = False) -> int:
        self._note("play", leg, files, loop)
        number = self._times["play"]
        self._refuse("play", wire.Play(id=number, leg=leg, files=[], loop=loop))
        return number

    def __getattr__(self, name: str) -> Any:
        signature = inspect.signature(getattr(Cell, name))

        def obey(*words: Any, **named: Any) -> None:
            bound = signature.bind(None, *words, **named)
            bound.apply_defaults()
            values = tuple(bound.arguments.values())[1:]
            self._note(name, *values)
            self._refuse(name, TOLD[name](*values))

        return obey

    def _note(self, name: str, *values: object) -> None:
        self.asked.append((name, *values))
        self._times[name] += 1
        self._reached[name, self._times[name]].set()

    def _refuse(self, name: str, command: wire.Command) -> None:
        """Tell of the refusal when the task has gone on, as a cell does."""
        error = self.refuses.get(name)
        if error is None or isinstance(error, CellGone):
            return
        loop = asyncio.get_running_loop()
        if name in self.crosses:
            loop.call_soon(self.tell, self.crosses[name])
        loop.call_soon(self.tell, Refused(command, str(error)))


class FakePool:
    """Hands out the cells that lie in it."""

    def __init__(self) -> None:
        self.cells: list[FakeCell] = []
        self.gate: asyncio.Event | None = None

    async def take(
        self, *, contact_id: str, on_event: Callable[[CellEvent], None], tap_path: str | None
    ) -> Cell:
        if self.gate is not None:
            await self.gate.wait()
        if not self.cells:
            raise NoCellFree("cells: none free within 2 s, 1 of 1 in use")
        cell = self.cells.pop(0)
        cell.contact_id, cell.tap_path, cell.tell = contact_id, tap_path, on_event
        return cast("Cell", cell)


class FakeLedger:
    """Notes what is written. What is `broken` fails, what has a gate waits until it is open.

    Both go by the kind of write or by its row.
    """

    def __init__(self) -> None:
        self.written: list[str] = []
        self.broken: set[str] = set()
        self.tries: Counter[str] = Counter()
        self.gates: dict[str, asyncio.Event] = {}

    @property
    def port(self) -> ContactLedger:
        return cast("ContactLedger", self)

    async def open(self, contact: Contact) -> None:
        await self._write("open", contact.contact_id)

    async def forget(self, contact_id: str) -> None:
        await self._write("forget", contact_id)

    async def update(self, contact: Contact) -> None:
        await self._write("update", f"{contact.contact_id} {contact.state}")

    async def close(self, contact: Contact, reason: str) -> None:
        await self._write("close", f"{contact.contact_id} {contact.disposition}")

    async def add_interaction(self, interaction: Interaction) -> None:
        await self._write("interaction", f"{interaction.interaction_id} {interaction.outcome}")

    async def _write(self, what: str, row: str) -> None:
        self.tries[what] += 1
        for key in self.gates.keys() & {what, row}:
            await self.gates[key].wait()
        if self.broken & {what, row}:
            raise StoreError(f"{what} {row}: the disk is full")
        self.written.append(f"{what} {row}")


class Events:
    """What was published."""

    def __init__(self) -> None:
        self.past: list[Event] = []

    def publish(self, event: Event) -> int:
        self.past.append(event)
        return len(self.past)

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.past]

    @property
    def closed(self) -> ContactClosed:
        (event,) = [event for event in self.past if isinstance(event, ContactClosed)]
        return event
