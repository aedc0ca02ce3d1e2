"""A metronome: RTP at 50 packets a second from a process that does nothing else.

    python -m bench.metronome ADDRESS PORT SECONDS FIRST_PORT STREAMS OFFSET_MS LEVEL

It is what a server's streams are compared with: on a machine that stands still, such as a
virtual one whose host is busy, its packets are late too, and no server is to blame. Streams
leave from ports FIRST_PORT on. LEVEL is a nice level, and then all streams are sent at one
wake-up, as a cell sends those of its legs; or it is "cpu" and a number, and then it runs there
with a real-time priority, before everything else, and its streams are spread over the 20 ms:
what makes it late is the machine and no process.
"""

import contextlib
import os
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PORTS: Final = range(8_000, 9_000)
"""All ports that metronomes send from, which no peer answers."""
TICK_NS: Final = 20_000_000
FRAME: Final = 160
REAL_TIME_PRIORITY: Final = 10
CELLS_LEVEL_PORTS: Final = range(8_000, 8_020)
CELLS_LEVEL_PROCESSES: Final = 4
MACHINE_PORTS: Final = range(8_500, 9_000)
MACHINE_STREAMS: Final = 4
"""On each processor: one every 5 ms, so that no pause above 25 ms falls between them."""


@dataclass(frozen=True, slots=True)
class Metronome:
    """One process: its streams, when in a tick it sends, and at which level."""

    first_port: int
    streams: int
    offset_ms: float
    level: str

    def words(self) -> list[str]:
        """Return its last four arguments."""
        return [str(self.first_port), str(self.streams), str(self.offset_ms), self.level]


def metronomes(nice: int, processors: Sequence[int]) -> list[Metronome]:
    """Return those of one control: some at the cells' level, one for each processor above all."""
    streams = len(CELLS_LEVEL_PORTS) // CELLS_LEVEL_PROCESSES
    apart_ms = TICK_NS / 1e6 / CELLS_LEVEL_PROCESSES
    beside = [
        Metronome(CELLS_LEVEL_PORTS[streams * number], streams, number * apart_ms, str(nice))
        for number in range(CELLS_LEVEL_PROCESSES)
    ]
    above = [
        Metronome(MACHINE_PORTS[MACHINE_STREAMS * place], MACHINE_STREAMS, 0.0, f"cpu{processor}")
        for place, processor in enumerate(processors)
    ]
    return beside + above


def _take_level(level: str) -> bool:
    """Take a nice level, as near as allowed, or a processor for ourselves; True for the latter.

    Raises:
        PermissionError: Real time needs the right to (CAP_SYS_NICE).
    """
    if not level.startswith("cpu"):
        # A cell that may not come first stays where it is, too.
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, int(level))
        return False
    os.sched_setaffinity(0, {int(level.removeprefix("cpu"))})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REAL_TIME_PRIORITY))
    return True


def beat(
    lines: Sequence[socket.socket],
    to: tuple[str, int],
    *,
    seconds: float,
    offset_ms: float,
    spread: bool,
) -> None:
    """Send a packet on each line every 20 ms, each at its due time or as soon after as can be."""
    steps = len(lines) if spread else 1
    groups = [lines] if not spread else [[line] for line in lines]
    payload = bytes(FRAME)
    begun_ns = time.monotonic_ns() // TICK_NS * TICK_NS + round(offset_ms * 1e6)
    for beats in range(round(seconds * 1e9 / TICK_NS) * steps):
        due_ns = begun_ns + beats * TICK_NS // steps
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / 1e9)
        tick, step = divmod(beats, steps)
        head = struct.pack("!BBHII", 0x80, 0, tick & 0xFFFF, tick * FRAME & 0xFFFFFFFF, 1)
        for line in groups[step]:
            line.sendto(head + payload, to)


def main(words: list[str]) -> None:
    """Send for so long; nothing at all where real time is not allowed."""
    address, port, seconds, first_port, streams, offset_ms, level = words
    try:
        spread = _take_level(level)
    except PermissionError:
        return
    to = (address, int(port))
    with contextlib.ExitStack() as stack:
        lines = []
        for number in range(int(streams)):
            line = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            line.bind(("127.0.0.1", int(first_port) + number))
            lines.append(line)
        beat(lines, to, seconds=float(seconds), offset_ms=float(offset_ms), spread=spread)


if __name__ == "__main__":
    main(sys.argv[1:])
