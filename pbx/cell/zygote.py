"""The zygote: a process that has loaded pjsua2 and forks a cell on request.

    python -m pbx.cell.zygote FD

FD is an inherited SOCK_SEQPACKET socket to the pool. A forked cell shares all code and
all frozen objects with the zygote, so a hundred are ready within half a second and each
has little memory to itself. The zygote has one thread, which makes forking safe, and
ends with its cells when the pool's end of the socket closes.
"""

import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys
from typing import Final, NoReturn

from pbx.cell import framing, wire
from pbx.cell.control import EXIT_FAILED, live

PACKET_BYTES_MAX: Final = 16_384
PR_SET_PDEATHSIG: Final = 1
PR_SET_NAME: Final = 15
M_ARENA_MAX: Final = -8
"""mallopt(3): one arena, so that a cell's few threads do not each touch pages of their own."""
M_TRIM_THRESHOLD: Final = -1
TRIM_THRESHOLD_BYTES: Final = 64 * 1024


def _save_memory() -> None:
    libc = ctypes.CDLL(None)
    libc.mallopt(M_ARENA_MAX, 1)
    libc.mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _be_named(name: bytes) -> None:
    """Choose the name that ps and top show, 15 bytes at most."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name, 0, 0, 0)


def _leave_no_core() -> None:
    """Have no core file written: it would hold what a caller said."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Zygote:
    """The loop of the zygote."""

    def __init__(self, pool: socket.socket) -> None:
        """Take the socket to the pool."""
        self._pool = pool
        self._pids: set[int] = set()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def run(self) -> NoReturn:
        """Fork and reap until the pool goes away, then take every cell along."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._tell(wire.ZygoteReady(os.getpid()))
        poll = select.poll()
        poll.register(self._pool, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._wake_read:
                    self._reap()
                elif not self._take_request():
                    self._leave()

    def _tell(self, report: wire.ZygoteReport) -> None:
        try:
            self._pool.send(framing.written(report))
        except OSError:
            self._leave()

    def _take_request(self) -> bool:
        packet, fds, _, _ = socket.recv_fds(self._pool, PACKET_BYTES_MAX, 1)
        if not packet:
            return False
        request = framing.ZYGOTE_REQUESTS.read(packet)
        if len(fds) != 1:
            raise framing.WireError(f"ForkCell with {len(fds)} sockets: 1 is needed")
        with socket.socket(fileno=fds[0]) as control:
            self._fork(request.spec, control)
        return True

    def _fork(self, spec: wire.CellSpec, control: socket.socket) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(wire.ForkFailed(spec.cell_id, f"fork: {error.strerror}"))
            return
        if pid == 0:
            self._become_cell(spec, control)
        self._pids.add(pid)
        self._tell(wire.CellForked(spec.cell_id, pid))

    def _become_cell(self, spec: wire.CellSpec, control: socket.socket) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Only the zygote's own copies may hold the sockets to the pool open: its
            # end must close when it dies.
            self._pool.close()
            os.close(self._wake_read)
            os.close(self._wake_write)
            _be_named(b"warmline-cell")
            live(control, spec)
        finally:
            os._exit(EXIT_FAILED)

    def _reap(self) -> None:
        while True:
            try:
                if not os.read(self._wake_read, 4096):
                    break
            except BlockingIOError:
                break
        while self._pids:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._pids.discard(pid)
            self._tell(wire.CellReaped(pid, os.waitstatus_to_exitcode(status)))

    def _leave(self) -> NoReturn:
        # A cell also ends by itself when the node closes its control socket; one that
        # hangs does not.
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)


def main() -> NoReturn:
    """Run as a process of its own."""
    # The terminal's Ctrl-C and a service manager's SIGTERM reach the whole group; when
    # calls end is the node's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with_parent()
    _leave_no_core()
    _be_named(b"warmline-zygote")
    pool = socket.socket(fileno=int(sys.argv[1]))
    _save_memory()
    gc.collect()
    gc.freeze()
    Zygote(pool).run()


if __name__ == "__main__":
    main()
