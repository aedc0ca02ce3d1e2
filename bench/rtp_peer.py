"""The far end of every call's audio: one UDP socket that sends and hears thousands of packets.

    python -m bench.rtp_peer ADDRESS PORT SECONDS OUT

Every SIPp caller of a bench names this one address in its SDP,
every agent another peer's. A stream begins when the first
packet of a server's port is heard and is answered with speech at 50 packets a second until
that port falls silent. Arrival times are the kernel's (SO_TIMESTAMPNS), so a late
Python does not look like a late server, and the process wakes only to send.

It ends after SECONDS or when it is terminated. OUT is a .npz file with one row a packet:
port, sequence and time_ns, and with buffer_bytes and dropped, one number each.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.datagrams import NAME, Batch, bound, dropped
from bench.metronome import PORTS as CONTROL_PORTS

SUBTICKS: Final = 4
"""Streams are sent in four groups 5 ms apart: real telephones do not send in step."""
TICK_NS: Final = 20_000_000
SILENT_TICKS: Final = 20
"""A port that is silent for so long, 0.4 s, has hung up. Longer, and most of what is sent in a
bench of short calls would go to closed ports; shorter, and a stall would end a stream."""
LOOK_EVERY_TICKS: Final = 5
"""How often silent ports are looked for; a new one is answered in the tick after its first."""
HEARD_PER_CALL_MAX: Final = 1_024
"""Datagrams taken in at once: what 1,000 calls send in a tick."""
GROUP_WORTH_A_WAKE: Final = 16
"""Streams that a group takes before the next one is used; then all take the same."""
GROUP_MAX: Final = 1_024
"""Streams of one group that are answered."""
BUFFER_BYTES: Final = 16 << 20
"""A packet takes some 800 bytes of it: a second of 20,000 packets."""
ROWS_MAX: Final = 12_000_000
"""Ten minutes of 20,000 packets a second."""
FRAME: Final = 160
PORTS: Final = 65_536

HEAD: Final = np.dtype([("start", ">u4")])
"""Of what is heard: version, payload type and sequence number (RFC 3550 section 5.1)."""
RTP: Final = np.dtype(
    [
        ("version", "u1"),
        ("payload_type", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("ssrc", ">u4"),
        ("payload", "u1", (FRAME,)),
    ]
)


def speech(seed: int = 1) -> NDArray[np.uint8]:
    """Return two seconds of PCMU that a voice-activity detector takes for speech.

    A voice of 120 Hz with formants at 600, 1,200 and 2,500 Hz and four syllables a second,
    in mu-law (ITU-T G.711), shape (100, 160).
    """
    t = np.arange(16_000) / 8_000
    harmonics = 120.0 * np.arange(1, 28)
    formants = np.array([[600.0], [1_200.0], [2_500.0]])
    weights = np.exp(-(((harmonics - formants) / 250) ** 2)).sum(axis=0)
    voice = (weights[:, None] * np.cos(2 * np.pi * harmonics[:, None] * t)).sum(axis=0)
    syllables = np.clip(np.sin(2 * np.pi * 4 * t) + 0.4, 0, None)
    noise = np.random.default_rng(seed).normal(0, 0.003, t.size)
    return mu_law(0.3 * voice / np.abs(voice).max() * syllables + noise).reshape(-1, FRAME)


def mu_law(wave: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return samples of -1.0 to 1.0 as G.711 mu-law."""
    clipped = np.clip(wave, -1, 1)
    sign = clipped < 0
    magnitude = np.minimum(np.abs(clipped) * 32_635, 32_635).astype(np.int32) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    code = ~((sign.astype(np.int32) << 7) | (exponent << 4) | mantissa) & 0xFF
    return np.asarray(code, dtype=np.uint8)


class Peer:
    """The socket and its streams.

    Attributes:
        stopping: Set it and `run` returns within a few milliseconds.
    """

    def __init__(self, address: str, port: int) -> None:
        """Listen; raises OSError when the port is taken."""
        self.stopping = False
        self._socket, self._buffer_bytes = bound(address, port, BUFFER_BYTES)
        self._in = Batch(HEARD_PER_CALL_MAX, HEAD).stamp()
        self._out = [Batch(GROUP_MAX, RTP) for _ in range(SUBTICKS)]
        for batch in self._out:
            batch.packets["version"] = 0x80
        self._speech = speech()
        # What is heard is only copied while calls run; `heard` makes sense of it.
        self._starts = np.zeros(ROWS_MAX, HEAD["start"])
        self._ports = np.zeros(ROWS_MAX, np.uint16)
        self._seconds = np.zeros(ROWS_MAX, np.int64)
        self._nanoseconds = np.zeros(ROWS_MAX, np.int64)
        self._count = 0
        # By port of the server.
        self._heard_tick = np.full(PORTS, -SILENT_TICKS, np.int32)
        self._names = np.zeros(PORTS, NAME)
        self._group = np.zeros(PORTS, np.int64)
        self._sequence = np.zeros(PORTS, np.int64)
        self._known = np.zeros(PORTS, np.bool_)
        self._active = np.zeros(0, np.int64)
        self._groups: list[NDArray[np.int64]] = [self._active] * SUBTICKS

    def run(self, seconds: float) -> None:
        """Hear and send for so long."""
        begun_ns = time.monotonic_ns()
        for subtick in range(round(seconds * 1e9 / TICK_NS) * SUBTICKS):
            tick, group = divmod(subtick, SUBTICKS)
            if self.stopping:
                return
            if group and not len(self._groups[group]):
                continue
            # A wake-up that comes late is made up for at once: each has its own due time.
            wait_ns = begun_ns + subtick * TICK_NS // SUBTICKS - time.monotonic_ns()
            if wait_ns > 0:
                time.sleep(wait_ns / 1e9)
            self._send(group)
            if not group and (self._hear(tick) or tick % LOOK_EVERY_TICKS == 0):
                self._regroup(tick)

    def heard(self) -> dict[str, NDArray[np.int64]]:
        """Return the columns of OUT."""
        rows = slice(0, self._count)
        starts = self._starts[rows].astype(np.int64)
        times_ns = self._seconds[rows] * 1_000_000_000 + self._nanoseconds[rows]
        # Version 2 without padding, extension and sources; payload type 0, any marker.
        is_rtp = starts >> 16 & 0xFF7F == 0x8000
        return {
            "port": self._ports[rows].astype(np.int64)[is_rtp],
            "sequence": starts[is_rtp] & 0xFFFF,
            "time_ns": times_ns[is_rtp],
            "buffer_bytes": np.array(self._buffer_bytes),
            "dropped": np.array(dropped(self._socket)),
        }

    def _hear(self, tick: int) -> bool:
        """Take in what has come; True when there is a stream that is not answered yet."""
        batch = self._in
        count = batch.size
        strange = False
        while count == batch.size and (count := batch.receive(self._socket.fileno())):
            names = batch.names[:count]
            ports = names["port"].astype(np.int64)
            self._heard_tick[ports] = tick
            self._names[ports] = names
            strange = strange or not self._known[ports].all()
            here = slice(self._count, min(self._count + count, ROWS_MAX))
            room = here.stop - here.start
            self._starts[here] = batch.packets["start"][:room]
            self._ports[here] = ports[:room]
            self._seconds[here] = batch.control["seconds"][:room]
            self._nanoseconds[here] = batch.control["nanoseconds"][:room]
            self._count = here.stop
        return strange

    def _regroup(self, tick: int) -> None:
        heard = np.flatnonzero(self._heard_tick > tick - SILENT_TICKS)
        active = heard[(heard < CONTROL_PORTS.start) | (heard >= CONTROL_PORTS.stop)]
        begun = active[~self._known[active]]
        self._known[:] = False
        self._known[heard] = True
        if np.array_equal(active, self._active):
            return
        stayed = np.intersect1d(active, self._active, assume_unique=True)
        self._active = active
        # A stream keeps its group while it lasts, for another would shift its packets in time.
        sizes = np.bincount(self._group[stayed], minlength=SUBTICKS)
        for port in begun.tolist():
            room = np.flatnonzero(sizes < GROUP_WORTH_A_WAKE)
            group = int(room[0]) if len(room) else int(np.argmin(sizes))
            self._group[port] = group
            sizes[group] += 1
        for group, batch in enumerate(self._out):
            ports = active[self._group[active] == group][:GROUP_MAX]
            batch.names[: len(ports)] = self._names[ports]
            batch.packets["ssrc"][: len(ports)] = ports
            self._groups[group] = ports

    def _send(self, group: int) -> None:
        ports = self._groups[group]
        count = len(ports)
        if not count:
            return
        sequence = self._sequence[ports] + 1
        self._sequence[ports] = sequence
        packets = self._out[group].packets
        packets["sequence"][:count] = sequence
        packets["timestamp"][:count] = sequence * FRAME
        packets["payload"][:count] = self._speech[(sequence + ports) % len(self._speech)]
        self._out[group].send(self._socket.fileno(), count)


def main(words: list[str]) -> None:
    """Hear and send, then write what was heard."""
    address, port, seconds, out = words
    peer = Peer(address, int(port))

    def stop(_signal: int, _frame: object) -> None:
        peer.stopping = True

    signal.signal(signal.SIGTERM, stop)
    print("listening", flush=True)
    peer.run(float(seconds))
    columns: dict[str, Any] = peer.heard()
    np.savez(Path(out), **columns)


if __name__ == "__main__":
    os.nice(-5) if os.geteuid() == 0 else None
    main(sys.argv[1:])
