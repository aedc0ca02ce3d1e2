"""A cell's life in its own process: from the fork to `os._exit`.

The main thread makes every PJSIP call and reads the commands (see `endpoint`). There is no
orderly end of the library: destroying it while its objects are collected is a source of
crashes, and the kernel frees all the same.
"""

import contextlib
import gc
import os
import socket
import struct
import sys
import threading
from typing import Final

from pbx.cell import framing, wire
from pbx.cell.endpoint import Endpoint

EXIT_TOLD: Final = 0
EXIT_FAILED: Final = 1
"""The endpoint could not be set up, or its loop raised."""
EXIT_NODE_GONE: Final = 2
EXIT_NODE_STALLED: Final = 3
EXIT_WIRE: Final = 4
"""The node speaks another version."""
NODE_STALL_S_MAX: Final = 5
"""A node that has not read 200 KiB of events for so long is not alive."""
SWITCH_INTERVAL_S: Final = 0.001
"""Bounds how long the clock thread waits for the interpreter: a tenth of a packet time."""


class ControlSocket:
    """The cell's end of the control socket."""

    def __init__(self, control: socket.socket) -> None:
        """Take a connected Unix stream socket in blocking mode."""
        self._socket = control
        self._lock = threading.Lock()
        self._rest = bytearray()
        # A timeout by settimeout would make reading non-blocking too.
        timeout = struct.pack("ll", NODE_STALL_S_MAX, 0)
        control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)

    def report(self, message: wire.CellReport) -> None:
        """Send one report; called from any thread. Ends the process when nobody reads."""
        with self._lock:
            try:
                self._socket.sendall(framing.written(message))
            except BlockingIOError:
                os._exit(EXIT_NODE_STALLED)
            except OSError:
                os._exit(EXIT_NODE_GONE)

    def commands(self) -> list[wire.CellCommand]:
        """Return what commands have come, without waiting. Ends the process with the node."""
        try:
            chunk = self._socket.recv(framing.WIRE_LINE_BYTES_MAX, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError:
            chunk = b""
        if not chunk:
            os._exit(EXIT_NODE_GONE)
        try:
            lines = framing.lines(chunk, self._rest)
            return [framing.CELL_COMMANDS.read(line) for line in lines]
        except framing.WireError as error:
            self.report(wire.CellTrouble(where="wire", reason=str(error)))
            os._exit(EXIT_WIRE)


def live(control_socket: socket.socket, spec: wire.CellSpec) -> None:
    """Be a cell until told to quit; never returns."""
    # A collection would walk every object while the clock thread waits for the
    # interpreter, and touch pages that are shared with the zygote. One contact's
    # cycles are few.
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    control = ControlSocket(control_socket)
    code = EXIT_FAILED
    try:
        endpoint = Endpoint(spec, control.report, control.commands)
        endpoint.open()
        endpoint.run()
        code = EXIT_TOLD
    except Exception as error:  # the last line of defence of a process
        with contextlib.suppress(Exception):
            control.report(wire.CellTrouble(where="cell", reason=repr(error)))
    finally:
        os._exit(code)
