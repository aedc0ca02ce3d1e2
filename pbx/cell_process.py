"""A cell as the node sees it: commands that it is told, events that are called back."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, cast

import structlog

from domain.errors import CellError, CellGone, LimitExceeded
from domain.leg import RtpFigures
from domain.machine import step
from pbx.cell import framing, wire

COMMAND_S_MAX: Final = 5.0
"""A cell answers within a millisecond; one that does not is soon missed by its heartbeat."""
COMMANDS_PENDING_MAX: Final = 64
"""Commands whose answer is waited for, and as many whose refusal is remembered."""
WAKING: Final = b"\r\n\r\n"
"""A keep-alive, which PJSIP reads and ignores (RFC 5626 section 3.5.1)."""
CELL_HOST: Final = "127.0.0.1"

log = structlog.get_logger(__name__)


class CellState(StrEnum):
    """Where a cell stands."""

    STARTING = "starting"
    WARM = "warm"
    SERVING = "serving"
    RESTING = "resting"
    """Its contact is over; retransmissions are still answered."""
    LEAVING = "leaving"
    """Told to quit."""
    GONE = "gone"


class CellTrigger(StrEnum):
    """What moves a cell on."""

    READY = "ready"
    SERVE = "serve"
    FINISH = "finish"
    QUIT = "quit"
    END = "end"


TRANSITIONS: Final[dict[tuple[CellState, CellTrigger], CellState]] = {
    (CellState.STARTING, CellTrigger.READY): CellState.WARM,
    (CellState.STARTING, CellTrigger.QUIT): CellState.LEAVING,
    (CellState.STARTING, CellTrigger.END): CellState.GONE,
    (CellState.WARM, CellTrigger.SERVE): CellState.SERVING,
    (CellState.WARM, CellTrigger.QUIT): CellState.LEAVING,
    (CellState.WARM, CellTrigger.END): CellState.GONE,
    (CellState.SERVING, CellTrigger.FINISH): CellState.RESTING,
    (CellState.SERVING, CellTrigger.QUIT): CellState.LEAVING,
    (CellState.SERVING, CellTrigger.END): CellState.GONE,
    (CellState.RESTING, CellTrigger.READY): CellState.WARM,
    (CellState.RESTING, CellTrigger.QUIT): CellState.LEAVING,
    (CellState.RESTING, CellTrigger.END): CellState.GONE,
    (CellState.LEAVING, CellTrigger.END): CellState.GONE,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """The cell could not do what it was told."""

    command: wire.Command
    reason: str


Event = wire.CellEvent | Refused


class CellKeeper(Protocol):
    """What a cell needs of the pool."""

    def wake_cell(self, cell: "Cell") -> None:
        """Send WAKING to the cell, which then reads its commands."""
        ...

    def cell_ready(self, cell: "Cell") -> None:
        """The cell can take a contact."""
        ...

    def cell_resting(self, cell: "Cell") -> None:
        """The cell's contact is over."""
        ...

    def cell_free(self, cell: "Cell") -> None:
        """Nothing is left of the cell's contact; it can take another."""
        ...

    def cell_closed(self, cell: "Cell") -> None:
        """The cell's control socket has closed: its process has ended, or is about to."""
        ...

    def cell_beat(self, cell: "Cell") -> None:
        """A heartbeat came."""
        ...


class Cell(asyncio.Protocol):
    """One cell process and the contact in it.

    What the cell refuses of that which it is told comes as a `Refused` among the events, and
    what it is told after its end is lost. A method that is awaited raises CellGone when the
    process has ended, and CellError when the cell refuses. `leg` is a number from
    IncomingCall or `connect`. What is told in one turn of the event loop travels together.

    Attributes:
        cell_id: Unique within the node's life.
        contact_id: "" while it serves none.
        contacts: How many it has been given.
        pid: 0 until the process exists.
        parent_pid: The zygote that forked it and will know how it ended.
        private_kib: From the last heartbeat.
        taps_dropped: From the last heartbeat.
        heard_s: `time.monotonic()` of the last report.
    """

    def __init__(self, cell_id: str, rtp_port: int, keeper: CellKeeper) -> None:
        """Begin with a process that does not exist yet."""
        self.cell_id = cell_id
        self.contact_id = ""
        self.contacts = 0
        self.pid = 0
        self.parent_pid: int | None = None
        self.rtp_port = rtp_port
        self.nice = 0
        self.realtime = False
        self.state = CellState.STARTING
        self.private_kib = 0
        self.taps_dropped = 0
        self.begun_s = self.heard_s = time.monotonic()
        self.left_s = 0.0
        self.exit_code: int | None = None
        self.closed = False
        self.verdict = ""
        """Why the pool killed it: "heartbeat", "memory", "start", "wire"; "" if it did not."""
        self._keeper = keeper
        self._sip_port = 0
        self._transport: asyncio.WriteTransport | None = None
        self._rest = bytearray()
        self._pending: dict[int, asyncio.Future[wire.CommandDone]] = {}
        self._told: dict[int, wire.Command] = {}
        self._unsent: list[bytes] = []
        self._last_id = 0
        self._on_event: Callable[[Event], None] | None = None

    def __repr__(self) -> str:
        return f"<Cell {self.cell_id} pid {self.pid} {self.state}>"

    @property
    def address(self) -> tuple[str, int]:
        """Where the cell hears SIP over UDP."""
        return CELL_HOST, self._sip_port

    # ---- what call control asks

    def answer(self, leg: int, status: int = 200) -> None:
        """Send a response to an incoming leg: 180 to 199 provisional, 200 answers."""
        self._order(wire.Answer(id=self._next_id(), quiet=True, leg=leg, status=status))

    def hangup(self, leg: int, status: int = 0) -> None:
        """End a leg; LegEnded follows.

        Args:
            leg: Which.
            status: Final response of an incoming leg that was not answered; 0: 603.
        """
        self._order(wire.HangUp(id=self._next_id(), quiet=True, leg=leg, status=status))

    async def connect(
        self, uri: str, *, headers: Mapping[str, str], display: str, caller: str
    ) -> int:
        """Call someone; return the new leg's number.

        Args:
            uri: Request-URI, such as "sip:anna@office.example".
            headers: Further headers, such as P-Asserted-Identity.
            display: Display name of our From.
            caller: User part of our From.
        """
        done = await self._ask(
            wire.Connect(
                id=self._next_id(),
                uri=uri,
                headers=dict(headers),
                display=display,
                caller=caller,
            )
        )
        assert done.leg is not None
        return done.leg

    def play(self, leg: int, files: Sequence[Path], *, loop: bool = False) -> int:
        """Play WAV files one after the other in the place of what plays now.

        Returns:
            The number that PlayFinished and PlayFailed give this play.

        PlayFinished follows at the end of the last; never for a loop, nor after `stop_play`,
        `bridge` or another `play`.
        """
        names = [str(file.absolute()) for file in files]
        number = self._next_id()
        self._order(wire.Play(id=number, quiet=True, leg=leg, files=names, loop=loop))
        return number

    def stop_play(self, leg: int) -> None:
        """Stop what plays to a leg; harmless when nothing does."""
        self._order(wire.StopPlay(id=self._next_id(), quiet=True, leg=leg))

    def bridge(self, a: int, b: int) -> None:
        """Let two legs hear each other, from the moment that both have audio."""
        self._order(wire.Bridge(id=self._next_id(), quiet=True, a=a, b=b))

    async def unbridge(self, a: int, b: int) -> None:
        """Part two legs."""
        await self._ask(wire.Unbridge(id=self._next_id(), a=a, b=b))

    def tap(self, leg: int, speaker: str) -> None:
        """Send what the telephone says to the analysis worker.

        Args:
            leg: Which.
            speaker: "customer" or "agent" (`domain.speech.Speaker`).
        """
        self._order(wire.TapLeg(id=self._next_id(), quiet=True, leg=leg, speaker=str(speaker)))

    async def untap(self, leg: int) -> None:
        """Stop tapping; harmless when it is not tapped."""
        await self._ask(wire.Untap(id=self._next_id(), leg=leg))

    async def hold(self, leg: int) -> None:
        """Put the telephone on hold."""
        await self._ask(wire.Hold(id=self._next_id(), leg=leg))

    async def unhold(self, leg: int) -> None:
        """Take the telephone back from hold."""
        await self._ask(wire.Unhold(id=self._next_id(), leg=leg))

    async def send_dtmf(self, leg: int, digits: str) -> None:
        """Send keys to the telephone (RFC 4733)."""
        await self._ask(wire.SendDigits(id=self._next_id(), leg=leg, digits=digits))

    async def transfer(self, leg: int, uri: str) -> None:
        """Send the telephone elsewhere (REFER); TransferProgressed tells how it goes."""
        await self._ask(wire.Transfer(id=self._next_id(), leg=leg, uri=uri))

    async def stats(self, leg: int) -> RtpFigures:
        """Return the RTP figures of a leg so far; LegEnded carries the final ones."""
        done = await self._ask(wire.ReadFigures(id=self._next_id(), leg=leg))
        return done.figures or RtpFigures()

    def release(self) -> None:
        """Say that the contact is over: the cell ends what legs remain.

        It is free for another contact after that, or quits. No event follows. Harmless when
        repeated or when the cell has gone.
        """
        if self.state is not CellState.SERVING:
            return
        self.step(CellTrigger.FINISH)
        self.left_s = time.monotonic()
        self._on_event = None
        self.contact_id = ""
        self._send(wire.Finish(id=self._next_id(), quiet=True))
        self._keeper.cell_resting(self)

    # ---- what the pool asks

    def quit(self) -> None:
        """Have the cell end what legs remain, and itself. Not a crash; no event follows."""
        if self.state in (CellState.LEAVING, CellState.GONE):
            return
        starting = self.state is CellState.STARTING
        if self.state is not CellState.RESTING:
            self.left_s = time.monotonic()
        self.step(CellTrigger.QUIT)
        self._on_event = None
        if starting:
            self.forget()  # it ends itself when the socket closes
        else:
            self._send(wire.Quit(id=self._next_id(), quiet=True))

    def step(self, trigger: CellTrigger) -> None:
        """Take one step.

        Raises:
            IllegalTransition: There is no such step from where the cell stands.
        """
        self.state = step(TRANSITIONS, self.state, trigger)

    def serve(
        self, contact_id: str, on_event: Callable[[Event], None], tap_path: str | None
    ) -> None:
        """Give the cell its contact, whose INVITE may follow at once."""
        self.step(CellTrigger.SERVE)
        self.contact_id = contact_id
        self.contacts += 1
        self._told.clear()
        self._on_event = on_event
        self._send(
            wire.Serve(id=self._next_id(), quiet=True, contact_id=contact_id, tap_path=tap_path)
        )

    def kill(self, verdict: str) -> None:
        """Kill the process; its end is heard of like any other."""
        if self.closed or self.verdict:
            return
        self.verdict = verdict
        if self.pid:
            # The control socket is open, so the process exists and the id is its own.
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                log.debug("cell ended before it was killed", cell_id=self.cell_id)
        if self._transport is not None:
            self._transport.close()

    def forget(self) -> None:
        """Close our end of the socket."""
        if self._transport is not None:
            self._transport.close()

    @property
    def reason(self) -> str:
        """Why the process ended, for people."""
        if self.verdict:
            return self.verdict
        if self.exit_code is None:
            return "unknown"
        return f"signal {-self.exit_code}" if self.exit_code < 0 else f"exit {self.exit_code}"

    # ---- the control socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Take what the cell reports."""
        self.heard_s = time.monotonic()
        try:
            for line in framing.lines(data, self._rest):
                self._take(framing.CELL_REPORTS.read(line))
        except framing.WireError as error:
            log.error("cell does not speak our wire", cell_id=self.cell_id, error=str(error))
            self.kill("wire")

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail everything that waits for the cell."""
        self.closed = True
        self._told.clear()
        pending, self._pending = self._pending, {}
        for future in pending.values():
            if not future.done():
                future.set_exception(CellGone(f"cell {self.cell_id} has ended"))
        self._keeper.cell_closed(self)

    def _take(self, report: wire.CellReport) -> None:
        if isinstance(report, wire.CommandDone | wire.CommandFailed):
            self._settle(report)
        elif isinstance(report, wire.Heartbeat):
            self.private_kib = report.private_kib
            self.taps_dropped = report.taps_dropped
            self._keeper.cell_beat(self)
        elif isinstance(report, wire.CellReady):
            self.pid = report.pid
            self._sip_port = report.sip_port
            self.nice = report.nice
            self.realtime = report.realtime
            self._keeper.cell_ready(self)
        elif isinstance(report, wire.CellFree):
            self._keeper.cell_free(self)
        elif isinstance(report, wire.CellTrouble):
            log.warning(
                "cell reports trouble",
                cell_id=self.cell_id,
                contact_id=self.contact_id,
                where=report.where,
                reason=report.reason,
            )
        else:
            self._tell(report)

    def _settle(self, report: wire.CommandDone | wire.CommandFailed) -> None:
        told = self._told.pop(report.id, None)
        if told is not None and isinstance(report, wire.CommandFailed):
            self._tell(Refused(told, report.reason))
            return
        future = self._pending.pop(report.id, None)
        if future is None or future.done():
            return
        if isinstance(report, wire.CommandFailed):
            future.set_exception(CellError(f"cell {self.cell_id}: {report.reason}"))
        else:
            future.set_result(report)

    def _tell(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:
            log.exception(
                "cell event failed", cell_id=self.cell_id, event_kind=type(event).__name__
            )

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def _ask(self, command: wire.Command) -> wire.CommandDone:
        if self.state is not CellState.SERVING or self.closed:
            raise CellGone(f"cell {self.cell_id} has ended")
        if len(self._pending) >= COMMANDS_PENDING_MAX:
            raise LimitExceeded("commands pending", len(self._pending) + 1, COMMANDS_PENDING_MAX)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[wire.CommandDone] = loop.create_future()
        self._pending[command.id] = future
        self._send(command)
        # Not asyncio.timeout, which costs more than all the rest of a command.
        timer = loop.call_later(COMMAND_S_MAX, self._expire, command)
        try:
            return await future
        finally:
            timer.cancel()
            self._pending.pop(command.id, None)

    def _expire(self, command: wire.Command) -> None:
        future = self._pending.pop(command.id, None)
        if future is not None and not future.done():
            name = type(command).__name__
            text = f"cell {self.cell_id}: no answer to {name} within {COMMAND_S_MAX:g} s"
            future.set_exception(CellError(text))

    def _order(self, command: wire.Command) -> None:
        """Tell the cell something that is only heard of again if it is refused."""
        if self.state is not CellState.SERVING or self.closed:
            return
        if len(self._told) >= COMMANDS_PENDING_MAX:
            # Commands are obeyed in order, so the oldest was obeyed long ago.
            del self._told[next(iter(self._told))]
        self._told[command.id] = command
        self._send(command)

    def _send(self, command: wire.Command) -> None:
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(framing.written(command))

    def _flush(self) -> None:
        written, self._unsent = b"".join(self._unsent), []
        if self._transport is not None and not self.closed:
            self._transport.write(written)
            self._keeper.wake_cell(self)
