"""The node's end of the zygote: starts the process, asks for cells, hears who has died."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from pbx.cell import framing, wire

PACKET_BYTES_MAX: Final = 16_384
STOP_S_MAX: Final = 2.0
STEADY_S: Final = 10.0
"""A zygote that lived so long did not fail at its start."""
PAUSE_S_MIN: Final = 0.05
PAUSE_S_MAX: Final = 5.0
_ROOT: Final = Path(__file__).parent.parent

log = structlog.get_logger(__name__)


def pause_s(failures: int) -> float:
    """Return how long to wait before what failed so often in a row is tried again."""
    # The exponent is bounded so that the power stays a small number.
    return min(PAUSE_S_MAX, PAUSE_S_MIN * 2.0 ** min(failures, 10))


class ZygoteLink:
    """Keeps one zygote alive: one that ends unasked is replaced, its cells go on.

    Attributes:
        ready: Cells can be forked.
        restarts: Zygotes started in the place of a dead one.
    """

    def __init__(self, on_report: Callable[[wire.ZygoteReport], None]) -> None:
        """Take who hears of reports, among them a ZygoteReady for each new zygote."""
        self._on_report = on_report
        self._socket: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._begun_s = 0.0
        self._short_lives = 0
        self._successor: asyncio.Task[None] | None = None
        self._stopping = False
        self.ready = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Process id; None before the start."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process; it reports ZygoteReady a few hundred milliseconds later."""
        self._begun_s = time.monotonic()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        search = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        with theirs:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "pbx.cell.zygote",
                    str(theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    # The library prints before it can be told not to; its failed
                    # assertions go to stderr, which is the node's.
                    stdout=asyncio.subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": search},
                )
            except BaseException:
                ours.close()
                raise
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours.fileno(), self._readable)

    def fork(self, spec: wire.CellSpec, control: socket.socket) -> bool:
        """Ask for a cell that holds `control`; tell whether the request is on its way."""
        if self._socket is None:
            return False
        packet = framing.written(wire.ForkCell(spec))
        try:
            socket.send_fds(self._socket, [packet], [control.fileno()])
        except OSError:
            return False  # full, or gone: then the end of the socket is reported too
        return True

    async def stop(self) -> None:
        """End the zygote and what cells it has left; harmless when it has ended."""
        self._stopping = True
        if self._successor is not None:
            self._successor.cancel()
            await asyncio.gather(self._successor, return_exceptions=True)
        await self._end()

    async def _end(self) -> None:
        self._close()
        process = self._process
        if process is None:
            return
        # The zygote ends when the socket closes.
        try:
            async with asyncio.timeout(STOP_S_MAX):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def _close(self) -> None:
        ours, self._socket = self._socket, None
        self.ready = False
        if ours is not None:
            asyncio.get_running_loop().remove_reader(ours.fileno())
            ours.close()

    def _readable(self) -> None:
        while self._socket is not None:
            try:
                packet = self._socket.recv(PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._close()
                self._replace()
                return
            report = framing.ZYGOTE_REPORTS.read(packet)
            if isinstance(report, wire.ZygoteReady):
                self.ready = True
            self._on_report(report)

    def _replace(self) -> None:
        if self._stopping:
            return
        log.error("zygote ended without being told to; its cells go on", pid=self.pid)
        self.restarts += 1
        lived_s = time.monotonic() - self._begun_s
        self._short_lives = 0 if lived_s > STEADY_S else self._short_lives + 1
        self._successor = asyncio.get_running_loop().create_task(self._succeed())

    async def _succeed(self) -> None:
        await self._end()
        if self._short_lives > 1:
            await asyncio.sleep(pause_s(self._short_lives))
        try:
            await self.start()
        except OSError as error:
            log.error("zygote cannot be started", error=str(error))
            self._replace()
