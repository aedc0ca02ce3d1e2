"""Many UDP datagrams in one system call: recvmmsg and sendmmsg by ctypes, seen by numpy.

The kernel's structures are numpy arrays, so that a batch is filled and read by columns and
no line of Python runs for each packet. 64-bit Linux only.
"""

import ctypes
import socket
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SO_TIMESTAMPNS: Final = 35
SO_SNDBUFFORCE: Final = 32
SO_RCVBUFFORCE: Final = 33
MSG_DONTWAIT: Final = 0x40

NAME: Final = np.dtype(
    [("family", "=u2"), ("port", ">u2"), ("address", ">u4"), ("zero", "u1", (8,))]
)
"""struct sockaddr_in."""
CONTROL: Final = np.dtype(
    {
        "names": ["seconds", "nanoseconds"],
        "formats": ["=i8", "=i8"],
        "offsets": [16, 24],
        "itemsize": 32,
    }
)
"""struct cmsghdr, which takes 16 bytes, and the struct timespec of SO_TIMESTAMPNS."""
IOVEC: Final = np.dtype([("base", "=u8"), ("length", "=u8")])
MESSAGE: Final = np.dtype(
    {
        "names": ["name", "name_length", "iovec", "iovec_length", "control", "control_length"],
        "formats": ["=u8", "=u4", "=u8", "=u8", "=u8", "=u8"],
        "offsets": [0, 8, 16, 24, 32, 40],
        "itemsize": 64,
    }
)
"""struct mmsghdr; its flags and the length that was received are of no interest here."""

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Batch:
    """Memory for many datagrams.

    Attributes:
        packets: One datagram a row, in the type that was asked for.
        names: Whom they come from or go to.
        control: When they came, by the kernel's clock; only of those received.
    """

    def __init__(self, size: int, packet: "np.dtype[np.void]") -> None:
        """Make room for `size` datagrams of one type; what is longer is cut."""
        self.size = size
        self.packets = np.zeros(size, packet)
        self.names = np.zeros(size, NAME)
        self.control = np.zeros(size, CONTROL)
        self._iovecs = np.zeros(size, IOVEC)
        self._iovecs["base"] = _rows(self.packets)
        self._iovecs["length"] = packet.itemsize
        self._messages = np.zeros(size, MESSAGE)
        self._messages["name"] = _rows(self.names)
        self._messages["name_length"] = NAME.itemsize
        self._messages["iovec"] = _rows(self._iovecs)
        self._messages["iovec_length"] = 1
        self._address = ctypes.c_void_p(self._messages.ctypes.data)

    def receive(self, descriptor: int) -> int:
        """Take in what waits at a socket of `bound`; return how many datagrams came."""
        count: int = _libc.recvmmsg(descriptor, self._address, self.size, MSG_DONTWAIT, None)
        return max(count, 0)

    def send(self, descriptor: int, count: int) -> int:
        """Send the first `count` datagrams; return how many went."""
        sent: int = _libc.sendmmsg(descriptor, self._address, count, MSG_DONTWAIT)
        return max(sent, 0)

    def stamp(self) -> "Batch":
        """Have the time of each datagram written to `control` when it is received.

        The kernel writes back how much room it used, which is all of it, so this is said once.
        """
        self._messages["control"] = _rows(self.control)
        self._messages["control_length"] = CONTROL.itemsize
        return self


def _rows(array: NDArray[Any]) -> NDArray[np.uint64]:
    """Return where each row lies in memory."""
    return np.uint64(array.ctypes.data) + np.arange(len(array), dtype=np.uint64) * np.uint64(
        array.itemsize
    )


def bound(address: str, port: int, buffer_bytes: int) -> tuple[socket.socket, int]:
    """Return a socket whose datagrams carry the kernel's time, and the receive buffer it got.

    Raises:
        OSError: The port is taken.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for forced, ordinary in (
        (SO_RCVBUFFORCE, socket.SO_RCVBUF),
        (SO_SNDBUFFORCE, socket.SO_SNDBUF),
    ):
        try:
            made.setsockopt(socket.SOL_SOCKET, forced, buffer_bytes)
        except PermissionError:
            made.setsockopt(socket.SOL_SOCKET, ordinary, buffer_bytes)
    made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    made.bind((address, port))
    # The kernel grants twice what it is asked for and says so (socket(7)).
    return made, made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def dropped(made: socket.socket) -> int:
    """Return how many datagrams found no room in the socket's receive buffer."""
    inode = str(Path(f"/proc/self/fd/{made.fileno()}").stat().st_ino)
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if words[9] == inode:
            return int(words[12])
    return 0
