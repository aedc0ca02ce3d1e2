"""Whose RTP is heard: once a far end has been heard, the kernel drops every other host's.

PJMEDIA follows a telephone behind NAT to the address that its packets come from. Packets
from elsewhere are dropped while the known source sends, but ten in a row, which a flood
achieves, move the stream to the stranger. A filter on the socket, which costs nothing
here, makes that impossible for any other host. A stranger who shares the telephone's
address, or who is heard before the telephone, is not kept out by this; SRTP would.
"""

import contextlib
import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Final

SO_ATTACH_FILTER: Final = 26
SO_DETACH_FILTER: Final = 27
LOOKS_TO_LATCH: Final = 3
"""An address that SDP did not announce must be the source so many times in a row, a second
apart, before it is held to."""

_INSTRUCTION: Final = struct.Struct("HBBI")
_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NETWORK_HEADER: Final = 0xFFF00000
"""SKF_NET_OFF (-0x100000): offsets from here count from the IP header."""
_SOURCE_ADDRESS: Final = 12
"""RFC 791 section 3.1."""
_WHOLE_PACKET: Final = 0xFFFFFFFF


class SourceLatch:
    """Decides to which host a stream is held."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._candidate = ""
        self._looks = 0
        self.held_to: str | None = None

    def media_changed(self, announced: str) -> bool:
        """Take what new SDP says; tell whether a hold must be undone."""
        self._candidate, self._looks = "", 0
        undo = self.held_to is not None and self.held_to != announced
        if undo:
            self.held_to = None
        return undo

    def look(self, source: str, announced: str) -> str | None:
        """Return the host to hold the stream to, when that has just become clear.

        Args:
            source: Host of the last RTP packet, "" before the first.
            announced: Host in the far end's SDP.
        """
        if self.held_to is not None or not source:
            return None
        self._looks = self._looks + 1 if source == self._candidate else 1
        self._candidate = source
        if source != announced and self._looks < LOOKS_TO_LATCH:
            return None
        self.held_to = source
        return source


def host_of(name: str) -> str:
    """Return the host of "host:port"; "" when it is no IPv4 address or the wildcard."""
    try:
        address = IPv4Address(name.rpartition(":")[0])
    except AddressValueError:
        return ""
    return "" if address.is_unspecified else str(address)


def program(host: str) -> bytes:
    """Return the classic BPF program that passes what comes from one IPv4 host."""
    return b"".join(
        (
            _INSTRUCTION.pack(_LOAD_WORD, 0, 0, _NETWORK_HEADER + _SOURCE_ADDRESS),
            _INSTRUCTION.pack(_JUMP_EQUAL, 0, 1, int(IPv4Address(host))),
            _INSTRUCTION.pack(_RETURN, 0, 0, _WHOLE_PACKET),
            _INSTRUCTION.pack(_RETURN, 0, 0, 0),
        )
    )


def hold(port: int, host: str) -> None:
    """Have this process' UDP sockets for RTP and RTCP receive from one host alone."""
    code = ctypes.create_string_buffer(program(host))
    filter_ = struct.pack("HP", len(code) // _INSTRUCTION.size, ctypes.addressof(code))
    for bound in _sockets(port):
        bound.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_)


def let_go(port: int) -> None:
    """Undo `hold`; harmless when nothing is held."""
    for bound in _sockets(port):
        with contextlib.suppress(FileNotFoundError):  # no filter is attached
            bound.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def _sockets(port: int) -> Iterator[socket.socket]:
    """Yield copies of this process' UDP sockets for a port and the next, RTP and RTCP.

    The library does not tell its descriptors, so all are looked through.
    """
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # pathlib takes thrice as long
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            copy = os.dup(int(name))
        except OSError:
            continue  # closed meanwhile
        with socket.socket(fileno=copy) as bound:
            is_udp = bound.family == socket.AF_INET and bound.type == socket.SOCK_DGRAM
            if is_udp and bound.getsockname()[1] in (port, port + 1):
                yield bound
