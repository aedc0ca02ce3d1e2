"""The node's end of the zygote: starts the process, asks for cells, hears who has died."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from pbx.cell import wire

PACKET_BYTES_MAX: Final = 16_384
_ROOT: Final = Path(__file__).parent.parent

log = structlog.get_logger(__name__)


class ZygoteLink:
    """One zygote process; after its end, another is made."""

    def __init__(
        self,
        on_report: Callable[[wire.ZygoteReport], None],
        on_gone: Callable[[], None],
    ) -> None:
        """Take who hears of reports, and of the zygote's end unless `stop` caused it."""
        self._on_report = on_report
        self._on_gone = on_gone
        self._socket: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id; None before the start."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process; it reports ZygoteReady a few hundred milliseconds later."""
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
        try:
            socket.send_fds(self._socket, [wire.written(wire.ForkCell(spec))], [control.fileno()])
        except OSError:
            return False  # full, or gone: then the end of the socket is reported too
        return True

    async def stop(self) -> None:
        """End the zygote and wait until it has ended; harmless when it has."""
        self._close()
        process = self._process
        if process is None:
            return
        # The zygote ends when the socket closes, and takes along what cells remain.
        try:
            await asyncio.wait_for(process.wait(), 2.0)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _close(self) -> None:
        ours, self._socket = self._socket, None
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
                self._on_gone()
                return
            self._on_report(wire.ZYGOTE_REPORTS.read(packet))
