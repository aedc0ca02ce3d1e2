"""A UDP socket of the edge, read until it is empty and written to at once.

asyncio's own datagram endpoint takes one datagram a turn of the event loop and hands the
kernel a fresh buffer of 256 KiB for each, which costs more than a proxy step does. Here one
turn takes all that has come, up to a bound, into a buffer that stays.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Final, Self

from pbx.edge.flow import Flow

Receiver = Callable[[bytes, Flow], None]

BATCH_MAX: Final = 16
"""Datagrams taken in one turn of the event loop: some 4 ms, then others have theirs."""
DATAGRAM_BYTES_MAX: Final = 65_536
"""UDP's own length field allows 65,535, so nothing is ever cut off."""
OUTBOX_DATAGRAMS_MAX: Final = 1_000
"""Datagrams that wait while the kernel takes no more: half a second at 150 calls a second.
A further one is dropped, as the network might; the timers of SIP send it again."""
UDP_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""Asked of the kernel, which gives what net.core.rmem_max allows: a second of 2,000 INVITEs."""


class Datagrams:
    """One UDP socket."""

    def __init__(
        self,
        listener: int,
        bound: socket.socket,
        receive: Receiver,
        count: Callable[[str], None],
    ) -> None:
        """Serve a bound socket from now on.

        Args:
            listener: Its number in the configuration.
            bound: A non-blocking UDP socket; it is closed with this.
            receive: Takes each datagram.
            count: Counts what happens.
        """
        self._listener = listener
        self._socket = bound
        self._receive = receive
        self._count = count
        self._buffer = bytearray(DATAGRAM_BYTES_MAX)
        self._view = memoryview(self._buffer)
        self._outbox: deque[tuple[bytes, tuple[str, int]]] = deque()
        self._is_open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(bound, self._read)

    @classmethod
    def open(
        cls,
        listener: int,
        address: tuple[str, int],
        receive: Receiver,
        count: Callable[[str], None],
    ) -> Self:
        """Bind a socket and serve it.

        Raises:
            OSError: The address cannot be listened on.
        """
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_BUFFER_BYTES)
            bound.bind(address)
        except BaseException:
            bound.close()
            raise
        return cls(listener, bound, receive, count)

    @property
    def address(self) -> tuple[str, int]:
        """Where the socket is bound, with its real port."""
        bound = self._socket.getsockname()
        return bound[0], bound[1]

    def datagram_received(self, data: bytes, host: str, port: int) -> None:
        """Hand a datagram on."""
        self._receive(data, Flow("udp", host, port, self._listener))

    def send(self, data: bytes, host: str, port: int) -> None:
        """Send one datagram, after those that wait."""
        if not self._is_open:
            return
        if not self._outbox:
            try:
                self._socket.sendto(data, (host, port))
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._socket, self._write)
            except OSError:
                # No route, or an ICMP error of an earlier datagram, which names no
                # message; timers find out what was lost.
                return
            else:
                return
        elif len(self._outbox) >= OUTBOX_DATAGRAMS_MAX:
            self._count("datagrams_unsent")
            return
        self._outbox.append((data, (host, port)))

    def close(self) -> None:
        """Close the socket; what still waits is lost."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._outbox.clear()
            self._socket.close()

    def _read(self) -> None:
        receive_into = self._socket.recvfrom_into
        for _ in range(BATCH_MAX):
            try:
                length, sender = receive_into(self._buffer)
            except OSError:
                # Empty, or an ICMP error: the event loop says when there is more.
                return
            self.datagram_received(bytes(self._view[:length]), sender[0], sender[1])
            if not self._is_open:
                return

    def _write(self) -> None:
        outbox = self._outbox
        while outbox:
            try:
                self._socket.sendto(*outbox[0])
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                pass
            outbox.popleft()
        self._loop.remove_writer(self._socket)
