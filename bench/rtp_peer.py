"""The far end of every call's audio: one UDP socket that sends and hears thousands of packets.

    python -m bench.rtp_peer ADDRESS PORT SECONDS OUT

Every SIPp caller of a bench names this one address in its SDP,
every agent another peer's. A stream begins when the first
packet of a server's port is heard and is answered with speech at 50 packets a second until
that port is silent for a second. Arrival times are the kernel's (SO_TIMESTAMPNS), so a late
Python does not look like a late server. Linux only: recvmmsg and sendmmsg by ctypes.

OUT is a .npz file with one row a packet: port, sequence and time_ns.
"""

import ctypes
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BATCH: Final = 256
PACKET_BYTES: Final = 256
CONTROL_BYTES: Final = 64
SUBTICKS: Final = 4
"""Streams are sent in four groups 5 ms apart: real telephones do not send in step."""
TICK_S: Final = 0.020
SILENT_S: Final = 1.0
ROWS_MAX: Final = 12_000_000
"""Ten minutes of 20,000 packets a second."""
FRAME: Final = 160
SO_TIMESTAMPNS: Final = 35
MSG_DONTWAIT: Final = 0x40


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Message(ctypes.Structure):
    # struct mmsghdr: the msghdr inside it ends with four bytes of padding.
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iovec", ctypes.c_void_p),
        ("iovec_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("length", ctypes.c_uint),
    ]


_libc: Final = ctypes.CDLL(None, use_errno=True)


class _Batch:
    """Memory for many datagrams at once, seen by the kernel and by numpy."""

    def __init__(self, size: int) -> None:
        self.packets = np.zeros((size, PACKET_BYTES), np.uint8)
        self.names = np.zeros((size, 16), np.uint8)
        self.control = np.zeros((size, CONTROL_BYTES), np.uint8)
        self.iovecs = (_Iovec * size)()
        self.messages = (_Message * size)()
        for i in range(size):
            self.iovecs[i].base = self.packets[i].ctypes.data
            self.iovecs[i].length = PACKET_BYTES
            message = self.messages[i]
            message.name = self.names[i].ctypes.data
            message.name_length = 16
            message.iovec = ctypes.addressof(self.iovecs[i])
            message.iovec_length = 1
            message.control = self.control[i].ctypes.data
            message.control_length = CONTROL_BYTES

    def rearm(self, count: int) -> None:
        """Say again how much room there is: the kernel wrote how much it used."""
        for i in range(count):
            self.messages[i].name_length = 16
            self.messages[i].control_length = CONTROL_BYTES


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
    """The socket and its streams."""

    def __init__(self, address: str, port: int) -> None:
        """Listen; raises OSError when the port is taken."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, option, 8 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((address, port))
        self._in = _Batch(BATCH)
        self._out = _Batch(1_024)
        self._speech = speech()
        self.rows = np.zeros((ROWS_MAX, 3), np.int64)
        self.count = 0
        self._names: dict[int, NDArray[np.uint8]] = {}
        self._heard_s = np.zeros(65_536)
        self._sequence = np.zeros(65_536, np.int64)
        self._groups: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * SUBTICKS

    def run(self, seconds: float) -> None:
        """Hear and send for so long."""
        fd = self._socket.fileno()
        poller = select.epoll()
        poller.register(fd, select.EPOLLIN)
        ends_s = time.monotonic() + seconds
        due_s, subtick = time.monotonic(), 0
        while (now_s := time.monotonic()) < ends_s:
            if now_s >= due_s:
                self._send(subtick % SUBTICKS)
                subtick += 1
                if subtick % (SUBTICKS * 10) == 0:
                    self._regroup(now_s)
                due_s += TICK_S / SUBTICKS
                continue
            poller.poll(max(0.0, due_s - now_s))
            while self._hear(now_s) == BATCH:
                pass

    def _hear(self, now_s: float) -> int:
        batch = self._in
        count: int = _libc.recvmmsg(
            self._socket.fileno(), ctypes.byref(batch.messages), BATCH, MSG_DONTWAIT, None
        )
        if count <= 0:
            return 0
        packets = batch.packets[:count]
        ports = batch.names[:count, 2].astype(np.int64) * 256 + batch.names[:count, 3]
        # struct cmsghdr is 16 bytes on 64-bit Linux, the timespec follows.
        stamps = batch.control[:count, 16:32].copy().view(np.int64)
        is_rtp = (packets[:, 0] == 0x80) & ((packets[:, 1] & 0x7F) == 0)
        sequences = packets[:, 2].astype(np.int64) * 256 + packets[:, 3]
        rows = np.stack([ports, sequences, stamps[:, 0] * 1_000_000_000 + stamps[:, 1]], axis=1)
        rows = rows[is_rtp]
        room = min(len(rows), ROWS_MAX - self.count)
        self.rows[self.count : self.count + room] = rows[:room]
        self.count += room
        for i in np.flatnonzero(is_rtp & (self._heard_s[ports] == 0)):
            self._names[int(ports[i])] = batch.names[i].copy()
        self._heard_s[ports[is_rtp]] = now_s
        batch.rearm(count)
        return count

    def _regroup(self, now_s: float) -> None:
        heard = self._heard_s
        gone = np.flatnonzero((heard > 0) & (heard < now_s - SILENT_S))
        heard[gone] = 0
        active = np.flatnonzero(heard > 0)
        self._groups = [active[k::SUBTICKS] for k in range(SUBTICKS)]

    def _send(self, group: int) -> None:
        ports = self._groups[group][: len(self._out.packets)]
        count = len(ports)
        if not count:
            return
        out = self._out
        self._sequence[ports] += 1
        sequence = self._sequence[ports]
        packets = out.packets
        header = np.zeros((count, 12), np.uint8)
        header[:, 0] = 0x80
        header[:, 2:4] = sequence.astype(">u2").view(np.uint8).reshape(-1, 2)
        header[:, 4:8] = (sequence * FRAME).astype(">u4").view(np.uint8).reshape(-1, 4)
        header[:, 8:12] = ports.astype(">u4").view(np.uint8).reshape(-1, 4)
        packets[:count, :12] = header
        packets[:count, 12 : 12 + FRAME] = self._speech[(sequence + ports) % len(self._speech)]
        for i, port in enumerate(ports.tolist()):
            out.names[i] = self._names[port]
            out.iovecs[i].length = 12 + FRAME
            out.messages[i].control_length = 0
        _libc.sendmmsg(self._socket.fileno(), ctypes.byref(out.messages), count, MSG_DONTWAIT)


def main(words: list[str]) -> None:
    """Hear and send, then write what was heard."""
    address, port, seconds, out = words
    peer: Any = Peer(address, int(port))
    print("listening", flush=True)
    peer.run(float(seconds))
    rows = peer.rows[: peer.count]
    np.savez(Path(out), port=rows[:, 0], sequence=rows[:, 1], time_ns=rows[:, 2])


if __name__ == "__main__":
    os.nice(-5) if os.geteuid() == 0 else None
    main(sys.argv[1:])
