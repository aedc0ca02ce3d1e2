"""A link: the node's end of one analysis worker, from the start of its process to its end."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import msgspec

from domain.errors import LimitExceeded
from media import orders
from media.report import LINE_BYTES_MAX, Ready, Report, decode
from media.settings import EarSettings, EmotionSettings

HEARTBEAT_S_MAX: Final = 10.0
"""A worker that says nothing for ten heartbeats is stuck and is ended."""
READY_S_MAX: Final = 15.0
"""Starting Python and numpy takes a tenth of a second, on a loaded machine some seconds."""
STOP_S_MAX: Final = 5.0
"""How long a worker may take to report its last contacts."""
ORDERS_BYTES_MAX: Final = 4 << 20
"""A thousand contacts' permissions with baselines; a worker that reads none of it is stuck."""
GONE: Final = "gone"
"""The process has ended, or its end of the stream: how, its exit code tells."""
PATH_BYTES_MAX: Final = 107
"""sun_path of a Unix socket, less its closing zero (unix(7))."""
MODULE: Final = "server.analysis_worker"
"""The worker's process. Named and not imported: it joins what does not know one another."""
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
        self,
        path: Path,
        settings: EarSettings,
        on_report: Callable[[Report], None],
        emotion: EmotionSettings | None = None,
    ) -> None:
        """Prepare a worker.

        Args:
            path: Where cells reach it.
            settings: How it judges.
            on_report: Called for each report, in order.
            emotion: How it judges customers' voices; None: it does not.
        """
        self.ready = False
        self.pid: int | None = None
        self._path = path
        self._settings = settings
        self._on_report = on_report
        self._emotion = emotion
        self._line: ReportLine | None = None
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
                *(sys.executable, "-m", MODULE),
                *("--socket", str(self._path), "--report", str(theirs.fileno())),
                *("--aggressiveness", str(self._settings.aggressiveness)),
                *("--pause-s", str(self._settings.pause_s)),
                *_of_emotion(self._emotion),
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
        try:
            why = await self._listen(ours)
        finally:
            self.ready = False
            code = await _end(process)
            self.pid = None
        if why == GONE:
            return f"signal {-code}" if code < 0 else f"exit {code}"
        return why

    def send(self, order: orders.Order) -> bool:
        """Tell the worker something; False: none listens, or it is too far behind to be told."""
        return self._line is not None and self._line.send(orders.encode(order))

    def stop(self) -> None:
        """Tell the worker, now or when it has started, to report what is open and to end."""
        self._stopping = True
        if self._line is not None:
            self._line.finish()

    async def _listen(self, ours: socket.socket) -> str:
        """Take reports until there are no more; return why."""
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        line = ReportLine(self._take, loop)
        try:
            await loop.create_connection(lambda: line, sock=ours)
        except BaseException:
            ours.close()
            raise
        self._line = line
        try:
            if self._stopping:
                line.finish()
            return await line.over
        finally:
            self._line = None
            line.close()

    def _take(self, report: Report) -> None:
        self.ready = self.ready or isinstance(report, Ready)
        self._on_report(report)


class ReportLine(asyncio.Protocol):
    """Cuts what a worker says into reports, and ends when it says nothing for too long.

    Reports come many times a second for as long as calls run, so nobody is woken to read
    them, and silence is looked for by a timer that is set again only when it has rung.

    Attributes:
        over: Its result says why no more reports come.
    """

    def __init__(
        self, on_report: Callable[[Report], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Hand each report over, in order."""
        self.over: asyncio.Future[str] = loop.create_future()
        self._loop = loop
        self._on_report = on_report
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._patience_s = READY_S_MAX
        self._heard_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        self._transport = cast("asyncio.Transport", transport)
        self._wait(READY_S_MAX)

    def data_received(self, data: bytes) -> None:
        """Take what came; the last line may be cut off."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, [*lines, self._rest])) > LINE_BYTES_MAX:
            self._end(f"line of more than {LINE_BYTES_MAX} bytes")
        for line in lines:
            if self.over.done():
                return
            try:
                report = decode(line)
            except msgspec.DecodeError as error:
                self._end(f"not a report: {error}")
                return
            self._heard_s = self._loop.time()
            if isinstance(report, Ready) and self._patience_s == READY_S_MAX:
                self._wait(HEARTBEAT_S_MAX)
            self._on_report(report)

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has closed its end, or died."""
        self._end(GONE)

    def finish(self) -> None:
        """Tell the worker to report what is open and to end, which it may not take long for."""
        if self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()
        self._wait(STOP_S_MAX)

    def send(self, line: bytes) -> bool:
        """Tell the worker something; False: it does not take more."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > ORDERS_BYTES_MAX:
            return False
        transport.write(line)
        return True

    def close(self) -> None:
        """Listen no longer."""
        self._end(GONE)
        if self._transport is not None:
            self._transport.close()

    def _end(self, why: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.over.done():
            self.over.set_result(why)

    def _wait(self, patience_s: float) -> None:
        """Be content with one word in so many seconds, counted from now."""
        self._patience_s = patience_s
        self._heard_s = self._loop.time()
        self._look()

    def _look(self) -> None:
        """End if nothing was heard for too long, else look again when it might be so."""
        if self._timer is not None:
            self._timer.cancel()
        due_s = self._heard_s + self._patience_s
        if self._loop.time() >= due_s:
            self._end(f"silent for {self._patience_s:g} s")
        elif not self.over.done():
            self._timer = self._loop.call_at(due_s, self._look)


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


def _of_emotion(settings: EmotionSettings | None) -> list[str]:
    if settings is None:
        return []
    windows = settings.windows
    return [
        *("--weights", settings.weights, "--window-s", str(windows.length_s)),
        *("--hop-s", str(windows.hop_s), "--voiced-s-min", str(windows.voiced_s_min)),
    ]


def _environment() -> dict[str, str]:
    """Return the worker's environment: it finds this project, and numpy stays on one core."""
    environment = dict(os.environ)
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = f"{_ROOT}{os.pathsep}{known}" if known else str(_ROOT)
    environment["OPENBLAS_NUM_THREADS"] = "1"
    environment["OMP_NUM_THREADS"] = "1"
    return environment
