"""The pool of cells: keeps some warm, hands them out, watches them, buries them.

zygote --fork--> STARTING --> WARM --take--> SERVING --release--> RESTING --> LEAVING --> GONE
                              ^                                 |
                              +---------------------------------+
"""

import asyncio
import itertools
import os
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import structlog

from config.schema import Cells, Rtp
from domain.errors import CellError, NoCellFree
from pbx.cell import wire
from pbx.cell_process import WAKING, Cell, CellState, CellTrigger, Event
from pbx.cell_reserve import CellReserve
from pbx.cell_watch import QUIT_S_MAX, watch
from pbx.pool_figures import PoolFigures
from pbx.rtp_ranges import RtpRanges, sdp_address
from pbx.zygote_link import ZygoteLink, pause_s

OPEN_S_MAX: Final = 30.0
"""Zygote and reserve are ready within a second; on a machine that is just booting, much later."""
STARTING_MAX: Final = 16
"""Cells that start at the same time: more would keep every core from running calls."""
REAP_S_MAX: Final = 1.0
"""The zygote tells how a cell ended within milliseconds of its socket's end."""
SPARE_SHARE: Final = 0.5
"""Cells that come free are kept up to this share above `cells.warm`, so that where calls come
and go no cell is forked for one call and told to quit after another."""
LINGER_S: Final = 0.7
"""Above T1, so that either side's first retransmission still finds the cell."""
RTP_SILENCE_S: Final = 30.0
"""Six RTCP intervals (RFC 3550 section 6.2): the telephone or its network has gone."""

log = structlog.get_logger(__name__)

__all__ = ["Cell", "CellPool", "CellState", "PoolFigures"]


class CellPool:
    """Keeps cells warm and hands them out; entering returns when the reserve is full."""

    def __init__(
        self,
        settings: Cells,
        rtp: Rtp,
        *,
        outbound_proxy: tuple[str, int] | None,
        sip_domain: str = "127.0.0.1",
        on_gone: Callable[[Cell, str], None] = lambda _cell, _reason: None,
        on_ready: Callable[[Cell], None] = lambda _cell: None,
        rtp_silence_s: float = RTP_SILENCE_S,
        linger_s: float = LINGER_S,
    ) -> None:
        """Take the settings and who is told.

        Args:
            settings: The section `cells`.
            rtp: The section `rtp`.
            outbound_proxy: The edge's inside address; None: cells send requests
                straight to where they are addressed.
            sip_domain: Host part of the From of calls that a cell makes.
            on_gone: Told of each cell that ended without being told to, serving or warm,
                and why: "signal 6", "exit 1", "heartbeat", "memory", "wire" or "unknown".
            on_ready: Told of each cell that has joined the reserve.
            rtp_silence_s: Silence after which RtpSilent is reported.
            linger_s: How long a cell rests after its last leg.

        Raises:
            ConfigurationError: The RTP ports are too few, or the address unusable.
        """
        self._settings = settings
        self._ranges = RtpRanges(rtp.port_min, rtp.port_max, settings.max)
        self._rtp_bind = rtp.address
        self._rtp_address = sdp_address(rtp)
        self._proxy = (
            None if outbound_proxy is None else f"<sip:{outbound_proxy[0]}:{outbound_proxy[1]};lr>"
        )
        self._sip_domain = sip_domain
        self._rtp_silence_s = rtp_silence_s
        self._linger_s = linger_s
        self._on_gone = on_gone
        self._on_ready = on_ready
        self._numbers = itertools.count(1)
        self._cells: dict[str, Cell] = {}
        self._starting: set[str] = set()
        self._resting: set[str] = set()
        self._reserve = CellReserve(
            wanted=min(settings.warm, settings.max), takers_max=settings.max
        )
        self._zygote = ZygoteLink(self._zygote_reports)
        self._failures = 0
        """Starts of a cell that failed, one after the other."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._refill_timer: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._waker: socket.socket | None = None
        self._open = False
        self._scheduling_told = False
        self._reserve_max = settings.warm + int(SPARE_SHARE * settings.warm)
        self._started = self._used_again = self._crashed = self._failed_starts = self._refused = (
            self._zygote_restarts
        ) = 0
        self._killed: dict[str, int] = {}
        self._taps_dropped = self._private_kib_max = 0

    # ---- life

    async def __aenter__(self) -> Self:
        """Start the zygote and wait until the reserve is full.

        Raises:
            CellError: That took longer than OPEN_S_MAX.
        """
        self._open = True
        self._waker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._waker.setblocking(False)
        self._spawn(watch(self._settings.heartbeat_s, lambda: tuple(self._cells.values())))
        await self._zygote.start()
        try:
            async with asyncio.timeout(OPEN_S_MAX):
                await self._reserve.full.wait()
        except TimeoutError:
            ready = len(self._reserve)
            await self._close()
            raise CellError(
                f"cells: {ready} of {self._settings.warm} ready after {OPEN_S_MAX:g} s"
            ) from None
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Have every cell quit, kill what has not within QUIT_S_MAX, end the zygote."""
        await self._close()

    async def _close(self) -> None:
        self._open = False
        self._reserve.close()
        for cell in tuple(self._cells.values()):
            cell.quit()
        if self._cells:
            self._empty.clear()
            try:
                async with asyncio.timeout(QUIT_S_MAX):
                    await self._empty.wait()
            except TimeoutError:
                for cell in tuple(self._cells.values()):
                    cell.kill("quit")
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._refill_timer is not None:
            self._refill_timer.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._zygote.stop()
        for cell in tuple(self._cells.values()):
            cell.forget()
        self._cells.clear()
        waker, self._waker = self._waker, None
        if waker is not None:
            waker.close()

    # ---- what call control asks

    async def take(
        self,
        *,
        contact_id: str,
        on_event: Callable[[Event], None],
        tap_path: str | None,
        timeout_s: float = 2.0,
    ) -> Cell:
        """Return a cell for a contact, at once while one is warm.

        Args:
            contact_id: Whose cell it will be.
            on_event: Told of every event, in order, from the event loop.
            tap_path: Unix SOCK_SEQPACKET socket of the analysis worker; None: not heard.
            timeout_s: Longest wait for a cell to become ready.

        Raises:
            NoCellFree: `cells.max` cells are in use, none came in time, or the pool closes.
        """
        try:
            if not self._open:
                raise NoCellFree("cells: the pool is closed")
            cell = self._reserve.pop()
            self._refill(takers=cell is None)
            if cell is None:
                async with asyncio.timeout(timeout_s):
                    cell = await self._reserve.wait()
        except TimeoutError:
            self._refused += 1
            raise NoCellFree(
                f"cells: none free within {timeout_s:g} s, {len(self._cells)} of"
                f" {self._settings.max} in use"
            ) from None
        except NoCellFree:
            self._refused += 1
            raise
        cell.serve(contact_id, on_event, tap_path)
        return cell

    def figures(self) -> PoolFigures:
        """Return how the pool stands."""
        states = [cell.state for cell in self._cells.values()]
        return PoolFigures(
            starting=states.count(CellState.STARTING),
            warm=states.count(CellState.WARM),
            serving=states.count(CellState.SERVING),
            resting=states.count(CellState.RESTING),
            leaving=states.count(CellState.LEAVING),
            cells_max=self._settings.max,
            started=self._started,
            used_again=self._used_again,
            crashed=self._crashed,
            failed_starts=self._failed_starts,
            killed=dict(self._killed),
            refused=self._refused,
            zygote_restarts=self._zygote.restarts,
            taps_dropped=self._taps_dropped
            + sum(cell.taps_dropped for cell in self._cells.values()),
            private_kib_max=self._private_kib_max,
        )

    @property
    def zygote_pid(self) -> int | None:
        """Process id of the zygote; None while there is none."""
        return self._zygote.pid

    # ---- what cells tell (CellKeeper)

    def wake_cell(self, cell: Cell) -> None:
        """Have the cell read its commands."""
        if self._waker is not None:
            # A full buffer means that packets wait for the cell, so that it is awake.
            with suppress(BlockingIOError):
                self._waker.sendto(WAKING, cell.address)

    def cell_ready(self, cell: Cell) -> None:
        """Put the cell into the reserve, or give it to whoever waits longest."""
        if cell.state is not CellState.STARTING:
            return
        cell.step(CellTrigger.READY)
        self._starting.discard(cell.cell_id)
        self._failures = 0
        self._started += 1
        if not self._scheduling_told:
            self._scheduling_told = True
            self._tell_scheduling(cell)
        self._call(self._on_ready, cell)
        self._offer(cell)
        self._refill()

    def _tell_scheduling(self, cell: Cell) -> None:
        wanted = self._settings
        if cell.nice != wanted.nice:
            log.warning(
                "cells run at another nice level than wanted: a negative one needs CAP_SYS_NICE",
                wanted=wanted.nice,
                reached=cell.nice,
            )
        if wanted.realtime and not cell.realtime:
            log.warning(
                "clocks of calls are not real-time threads: that needs LimitRTPRIO or CAP_SYS_NICE"
            )

    def cell_resting(self, cell: Cell) -> None:
        """Count on the cell: it comes back into the reserve within a second."""
        self._resting.add(cell.cell_id)

    def cell_free(self, cell: Cell) -> None:
        """Take the cell back into the reserve, or let it go if that is full."""
        self._resting.discard(cell.cell_id)
        if cell.state is not CellState.RESTING:
            return
        if not self._reserve.takers and len(self._reserve) >= self._reserve_max:
            cell.quit()
            return
        cell.step(CellTrigger.READY)
        self._used_again += 1
        self._offer(cell)

    def cell_beat(self, cell: Cell) -> None:
        """Hold the cell to its memory limit."""
        self._private_kib_max = max(self._private_kib_max, cell.private_kib)
        limit_kib = self._settings.memory_mib_max * 1_024
        if cell.private_kib > limit_kib:
            log.error(
                "cell is over its memory limit",
                cell_id=cell.cell_id,
                contact_id=cell.contact_id,
                private_kib=cell.private_kib,
                limit_kib=limit_kib,
            )
            cell.kill("memory")

    def cell_closed(self, cell: Cell) -> None:
        """Learn how the cell ended, then bury it."""
        self._reserve.remove(cell)
        reaped = cell.exit_code is not None
        orphan = not self._zygote.ready or cell.parent_pid != self._zygote.pid
        if reaped or orphan or not self._open:
            self._bury(cell)  # there is nothing more to learn
        else:
            self._after(REAP_S_MAX, lambda: self._bury(cell))

    def _offer(self, cell: Cell) -> None:
        if self._open:
            self._reserve.put(cell)
        else:
            cell.quit()

    def _bury(self, cell: Cell) -> None:
        if self._cells.pop(cell.cell_id, None) is None:
            return
        self._starting.discard(cell.cell_id)
        self._resting.discard(cell.cell_id)
        ended_in = cell.state
        cell.step(CellTrigger.END)
        cell.forget()
        self._ranges.give_back(cell.rtp_port, time.monotonic())
        self._taps_dropped += cell.taps_dropped
        if cell.verdict:
            self._killed[cell.verdict] = self._killed.get(cell.verdict, 0) + 1
        told_to = ended_in is CellState.LEAVING or (
            ended_in is CellState.RESTING and not cell.verdict and cell.exit_code in (0, None)
        )
        if not told_to:
            log.error(
                "cell ended without being told to",
                cell_id=cell.cell_id,
                contact_id=cell.contact_id,
                state=str(ended_in),
                reason=cell.reason,
            )
        if ended_in is CellState.STARTING:
            self._failures += 1
            self._failed_starts += 1
        elif not told_to:
            self._crashed += 1
            self._call(self._on_gone, cell, cell.reason)
        if not self._cells:
            self._empty.set()
        self._refill()

    # ---- the zygote

    def _zygote_reports(self, report: wire.ZygoteReport) -> None:
        if isinstance(report, wire.ZygoteReady):
            self._refill()
        elif isinstance(report, wire.CellForked):
            cell = self._cells.get(report.cell_id)
            if cell is not None:
                cell.pid = report.pid
        elif isinstance(report, wire.ForkFailed):
            log.error("zygote cannot fork", cell_id=report.cell_id, reason=report.reason)
        else:
            self._reaped(report)

    def _reaped(self, report: wire.CellReaped) -> None:
        for cell in self._cells.values():
            if cell.pid == report.pid:
                cell.exit_code = report.exit_code
                if cell.closed:
                    self._bury(cell)
                return

    # ---- the reserve

    def _refill(self, *, takers: int = 0, paused: bool = False) -> None:
        """Have cells forked; `takers` of them for calls that are about to wait."""
        if not self._open or not self._zygote.ready or self._refill_timer is not None:
            return
        starting = len(self._starting)
        coming = len(self._reserve) + starting + len(self._resting)
        # Who waits for a cell does not wait for one that rests.
        hurried = max(self._reserve.takers + takers - starting, 0)
        wanted = max(self._settings.warm - coming, 0) + hurried
        room = min(self._settings.max - len(self._cells), STARTING_MAX - starting)
        if min(wanted, room) <= 0:
            return
        if self._failures and not paused:
            # What fails at once would fail again at once.
            self._refill_later(pause_s(self._failures))
            return
        for _ in range(min(wanted, room)):
            now_s = time.monotonic()
            port = self._ranges.take(now_s)
            if port is None:
                rested_s = self._ranges.next_s()
                if rested_s is not None:
                    self._refill_later(rested_s - now_s)
                return
            cell = Cell(f"cell-{os.getpid()}-{next(self._numbers)}", port, self)
            self._cells[cell.cell_id] = cell
            self._starting.add(cell.cell_id)
            self._spawn(self._fork(cell))

    def _refill_later(self, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._refill_timer = loop.call_later(delay_s, self._refill_now)

    def _refill_now(self) -> None:
        self._refill_timer = None
        self._refill(paused=True)

    async def _fork(self, cell: Cell) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            await asyncio.get_running_loop().create_unix_connection(lambda: cell, sock=ours)
            if cell.state is not CellState.STARTING:
                cell.forget()  # the pool has begun to close
                return
            cell.parent_pid = self._zygote.pid
            spec = wire.CellSpec(
                cell_id=cell.cell_id,
                rtp_bind=self._rtp_bind,
                rtp_address=self._rtp_address,
                rtp_port=cell.rtp_port,
                rtp_ports=self._ranges.width,
                outbound_proxy=self._proxy,
                sip_domain=self._sip_domain,
                nice=self._settings.nice,
                realtime=self._settings.realtime,
                heartbeat_s=self._settings.heartbeat_s,
                rtp_silence_s=self._rtp_silence_s,
                linger_s=self._linger_s,
            )
            # When the request cannot be sent, closing our copy ends the connection, and
            # the cell is buried like any other.
            self._zygote.fork(spec, theirs)

    # ---- asyncio

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            log.exception("callback of the cell pool failed")

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task of the cell pool failed", exc_info=task.exception())

    def _after(self, delay_s: float, act: Callable[[], None]) -> None:
        def expire() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(delay_s, expire)
        self._timers.add(timer)
