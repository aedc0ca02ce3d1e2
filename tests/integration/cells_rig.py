"""What the tests of cells share: events that can be awaited, sound, and an ear for taps."""

import asyncio
import contextlib
import math
import os
import socket
import struct
import wave
from array import array
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from config.schema import Cells, Rtp
from domain.tap import TAP_HEADER, TapKind
from pbx.cell import wire
from pbx.cell_process import Event
from pbx.cells import Cell, CellPool, CellState

WAIT_S = 20.0
E = TypeVar("E")


class Events:
    """Takes a cell's events and lets a test wait for the next one of a kind."""

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.seen.append(event)
        self._waiting.append(event)
        self._arrived.set()

    async def next(self, kind: type[E]) -> E:
        """Return the next event of this kind; earlier ones of other kinds are passed over."""
        async with asyncio.timeout(WAIT_S):
            while True:
                while self._waiting:
                    event = self._waiting.popleft()
                    if isinstance(event, kind):
                        return event
                self._arrived.clear()
                await self._arrived.wait()

    def of(self, kind: type[E]) -> list[E]:
        """Return all events of this kind so far."""
        return [event for event in self.seen if isinstance(event, kind)]


@dataclass
class Gone:
    """Takes what the pool tells of cells that ended."""

    told: list[tuple[Cell, str]] = field(default_factory=list)
    _arrived: asyncio.Queue[tuple[Cell, str]] = field(default_factory=asyncio.Queue)

    def __call__(self, cell: Cell, reason: str) -> None:
        self.told.append((cell, reason))
        self._arrived.put_nowait((cell, reason))

    async def next(self) -> tuple[Cell, str]:
        async with asyncio.timeout(WAIT_S):
            return await self._arrived.get()


@dataclass
class Party:
    """A cell with what it tells."""

    cell: Cell
    events: Events


class Rig:
    """A pool whose cells call each other on loopback, without an edge."""

    def __init__(self, pool: CellPool, gone: Gone, ready: "asyncio.Queue[Cell]") -> None:
        self.pool = pool
        self.gone = gone
        self.ready = ready

    async def warm_cell(self) -> Cell:
        """Return a cell of the reserve that no contact has."""
        async with asyncio.timeout(WAIT_S):
            while True:
                cell = await self.ready.get()
                if cell.state is CellState.WARM:
                    return cell

    async def party(self, contact_id: str, tap_path: str | None = None) -> Party:
        events = Events()
        cell = await self.pool.take(
            contact_id=contact_id, on_event=events, tap_path=tap_path, timeout_s=WAIT_S
        )
        return Party(cell, events)

    async def call(self, caller: Party, callee: Party) -> tuple[int, int]:
        """Have one party call the other and wait until both are answered; return their legs."""
        theirs = await caller.cell.connect(
            uri_of(callee.cell), headers={}, display="", caller="caller"
        )
        incoming = await callee.events.next(wire.IncomingCall)
        callee.cell.answer(incoming.leg)
        await callee.events.next(wire.LegAnswered)
        await caller.events.next(wire.LegAnswered)
        return theirs, incoming.leg


def uri_of(cell: Cell) -> str:
    host, port = cell.address
    return f"sip:callee@{host}:{port}"


@contextlib.asynccontextmanager
async def rig(
    *,
    port_min: int,
    warm: int = 2,
    cells_max: int = 6,
    heartbeat_s: float = 0.5,
    ports_per_cell: int = 80,
    realtime: bool = False,
    rtp_silence_s: float = 30.0,
    outbound_proxy: tuple[str, int] | None = None,
    **limits: int,
) -> AsyncIterator[Rig]:
    """Open a pool with RTP ports of the test's own."""
    gone = Gone()
    ready: asyncio.Queue[Cell] = asyncio.Queue()
    pool = CellPool(
        Cells(
            warm=warm, max=cells_max, nice=0, realtime=realtime, heartbeat_s=heartbeat_s, **limits
        ),
        Rtp(
            address="127.0.0.1",
            port_min=port_min,
            port_max=port_min + ports_per_cell * cells_max - 1,
        ),
        outbound_proxy=outbound_proxy,
        linger_s=0.05,
        rtp_silence_s=rtp_silence_s,
        on_gone=gone,
        on_ready=ready.put_nowait,
    )
    async with pool:
        yield Rig(pool, gone, ready)


def write_tone(path: Path, seconds: float, *, hertz: float = 440.0, rate_hz: int = 8_000) -> Path:
    """Write a WAV file with a tone of -10 dBov or so."""
    samples = (
        int(10_000 * math.sin(2 * math.pi * hertz * index / rate_hz))
        for index in range(int(seconds * rate_hz))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


@dataclass(frozen=True)
class TapPacket:
    version: int
    kind: int
    leg: int
    sequence: int
    time_us: int
    payload: bytes

    @property
    def rms(self) -> float:
        samples = array("h", self.payload)
        return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


class TapEar:
    """A Unix SOCK_SEQPACKET listener in the place of an analysis worker."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.packets: list[TapPacket] = []
        self.closed = asyncio.Event()
        self._arrived = asyncio.Event()
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.setblocking(False)
        self._server.bind(self.path)
        self._server.listen(16)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "TapEar":
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._server.close()
        os.unlink(self.path)  # noqa: PTH108  # the event loop is about to end anyway

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                connection, _ = await loop.sock_accept(self._server)
                group.create_task(self._hear(connection))

    async def _hear(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with connection:
            while packet := await loop.sock_recv(connection, 4_096):
                version, kind, leg, sequence, time_us = TAP_HEADER.unpack_from(packet)
                payload = packet[TAP_HEADER.size :]
                self.packets.append(TapPacket(version, kind, leg, sequence, time_us, payload))
                self._arrived.set()
        self.closed.set()

    def of(self, kind: TapKind, leg: int | None = None) -> list[TapPacket]:
        return [p for p in self.packets if p.kind == kind and leg in (None, p.leg)]

    async def until(self, kind: TapKind, count: int, leg: int | None = None) -> list[TapPacket]:
        """Wait until that many packets of this kind have come."""
        async with asyncio.timeout(WAIT_S):
            while len(self.of(kind, leg)) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.of(kind, leg)

    async def until_loud(self, leg: int, rms: float) -> TapPacket:
        """Wait for a frame of at least this level."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for packet in self.of(TapKind.AUDIO, leg):
                    if packet.rms >= rms:
                        return packet
                self._arrived.clear()
                await self._arrived.wait()
