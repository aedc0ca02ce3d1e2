"""A link: the node's end of one analysis worker, from the start of its process to its end."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from domain.errors import LimitExceeded
from media.report import LINE_BYTES_MAX, Ready, Report, decode
from media.settings import EarSettings

HEARTBEAT_S_MAX: Final = 10.0
"""A worker that says nothing for ten heartbeats is stuck and is ended."""
READY_S_MAX: Final = 15.0
"""Starting Python and numpy takes a tenth of a second, on a loaded machine some seconds."""
STOP_S_MAX: Final = 5.0
"""How long a worker may take to report its last contacts."""
PATH_BYTES_MAX: Final = 107
"""sun_path of a Unix socket, less its closing zero (unix(7))."""
_ROOT: Final = Path(__file__).resolve().parent.parent


def socket_path(folder: Path, number: int) -> Path:
    """Return where cells reach a worker; the same for every worker that takes its place.

    Raises:
        LimitExceeded: The folder's name is too long for a Unix socket.
    """
    path = folder / f"hearing-{number}.sock"
    size = len(os.fsencode(path))
    if size > PATH_BYTES_MAX:
        raise LimitExceeded(f"bytes of the tap socket path {path}", size, PATH_BYTES_MAX)
    return path


class WorkerLink:
    """One worker process.

    Attributes:
        ready: The worker listens.
        pid: Of the process; None when there is none.
    """

    def __init__(
        self, path: Path, settings: EarSettings, on_report: Callable[[Report], None]
    ) -> None:
        """Prepare a worker.

        Args:
            path: Where cells reach it.
            settings: How it judges.
            on_report: Called for each report, in order.
        """
        self.ready = False
        self.pid: int | None = None
        self._path = path
        self._settings = settings
        self._on_report = on_report
        self._writer: asyncio.StreamWriter | None = None
        self._patience: asyncio.Timeout | None = None
        self._stopping = False

    async def run(self) -> str:
        """Start the process and read its reports until it ends; return why it ended.

        Cancelling ends the process, too.
        """
        if self._stopping:
            return "stopped"
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "media.worker"),
                *("--socket", str(self._path), "--report", str(theirs.fileno())),
                *("--aggressiveness", str(self._settings.aggressiveness)),
                *("--pause-s", str(self._settings.pause_s)),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                env=_environment(),
            )
        except OSError as error:
            ours.close()
            return f"not started: {error}"
        finally:
            theirs.close()
        self.pid = process.pid
        writer: asyncio.StreamWriter | None = None
        why = "gone"
        try:
            ours.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_BYTES_MAX)
            self._writer = writer
            if self._stopping:
                self.stop()
            why = await self._read(reader)
        finally:
            self.ready = False
            self._writer = None
            code = await _end(process)
            self.pid = None
            if writer is None:
                ours.close()
            else:
                writer.close()
        if why == "gone":
            return f"signal {-code}" if code < 0 else f"exit {code}"
        return why

    def stop(self) -> None:
        """Tell the worker, now or when it has started, to report what is open and to end."""
        self._stopping = True
        if self._writer is not None and self._writer.can_write_eof():
            self._writer.write_eof()
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time() + STOP_S_MAX)

    async def _read(self, reader: asyncio.StreamReader) -> str:
        while True:
            patience_s = HEARTBEAT_S_MAX if self.ready else READY_S_MAX
            if self._stopping:
                patience_s = STOP_S_MAX
            try:
                async with asyncio.timeout(patience_s) as patience:
                    self._patience = patience
                    line = await reader.readline()
            except TimeoutError:
                return f"silent for {patience_s:g} s"
            except ValueError:
                return f"line of more than {LINE_BYTES_MAX} bytes"
            except ConnectionError:
                line = b""
            finally:
                self._patience = None
            if not line:
                return "gone"
            try:
                report = decode(line)
            except msgspec.DecodeError as error:
                return f"not a report: {error}"
            self.ready = self.ready or isinstance(report, Ready)
            self._on_report(report)


async def _end(process: asyncio.subprocess.Process) -> int:
    """Wait a moment for a process whose stream has closed, then end it; return its code."""
    try:
        async with asyncio.timeout(STOP_S_MAX):
            if process.returncode is None:
                return await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
    return await process.wait()


def _environment() -> dict[str, str]:
    """Return the worker's environment: it finds this project, and numpy stays on one core."""
    environment = dict(os.environ)
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = f"{_ROOT}{os.pathsep}{known}" if known else str(_ROOT)
    environment["OPENBLAS_NUM_THREADS"] = "1"
    environment["OMP_NUM_THREADS"] = "1"
    return environment
