"""Presses keys as a telephone does over RTP (RFC 4733)."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Sequence

KEYS = "0123456789*#ABCD"
EVENT_TYPE = 101
SAMPLES = 160
"""20 ms at 8,000 samples a second."""
SILENCE = bytes([0xFF]) * SAMPLES
HEADER_BYTES = 12
QUIET = frozenset((0x7F, 0xFF, 0x7E, 0xFE))
"""What silence and the least noise are in mu-law (G.711)."""
END = 0x80
VOLUME = 10


class Keypad:
    """The RTP of one telephone; its port stands in the SDP."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._sequence = 1_000
        self._time = 8_000

    def __enter__(self) -> "Keypad":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        """Where this telephone hears."""
        return int(self._socket.getsockname()[1])

    def press(self, key: str, to: tuple[str, int]) -> None:
        """Send some silence, then the key: three updates and the end, three times (2.5.1.4)."""
        for _ in range(3):
            self._send(0, SILENCE, to)
            self._time += SAMPLES
        for step in range(1, 7):
            end = END if step > 3 else 0
            lasted = min(step, 4) * SAMPLES
            payload = struct.pack("!BBH", KEYS.index(key), end | VOLUME, lasted)
            self._send(EVENT_TYPE, payload, to, marker=step == 1)
        self._time += 5 * SAMPLES

    async def speak(self, packets: Sequence[bytes], to: tuple[str, int]) -> None:
        """Send packets of 20 ms in mu-law at the pace of a telephone."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        for packet in packets:
            self._send(0, packet, to)
            self._time += SAMPLES
            due_s += 0.02
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    async def hears_sound(self, timeout_s: float = 20.0) -> bool:
        """Wait until something else than silence comes; False: nothing did."""
        self._socket.setblocking(False)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    packet = await loop.sock_recv(self._socket, 2_048)
                    if set(packet[HEADER_BYTES:]) - QUIET:
                        return True
        return False

    def forget(self) -> None:
        """Drop what has come so far."""
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(2_048)

    def _send(
        self, kind: int, payload: bytes, to: tuple[str, int], *, marker: bool = False
    ) -> None:
        head = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence, self._time, 0xCAFE
        )
        self._sequence += 1
        self._socket.sendto(head + payload, to)
