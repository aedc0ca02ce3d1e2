"""Where cells receive RTP: the address that SDP names, and one range of ports a cell."""

import socket
from collections import deque
from ipaddress import ip_address
from typing import Final

from config.schema import Rtp
from domain.errors import ConfigurationError

PORTS_PER_CELL: Final = 40
"""Twenty pairs of RTP and RTCP: four legs at once, and those of telephones that rang before
are not opened again at once for another."""
PORTS_PER_CELL_MIN: Final = 16
REST_S: Final = 2.0
"""The far end of an ended call may go on sending for a round trip and a retransmitted BYE."""


def sdp_address(rtp: Rtp) -> str:
    """Return the local address for SDP: the bound one, or the machine's if bound to all.

    Raises:
        ConfigurationError: `rtp.address` is not an IPv4 address.
    """
    address = ip_address(rtp.address)
    if address.version != 4:
        raise ConfigurationError(f"rtp.address {rtp.address!r}: cells receive RTP over IPv4")
    if not address.is_unspecified:
        return rtp.address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: the kernel chooses the address for a route that leads away
            # (192.0.2.0/24 is for documentation, RFC 5737).
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        own: str = probe.getsockname()[0]
        return own


class RtpRanges:
    """Hands out ranges, none to two cells and none again before it has rested."""

    def __init__(self, port_min: int, port_max: int, cells_max: int) -> None:
        """Cut the ports into as many ranges as there can be cells, or more.

        Args:
            port_min: First port that may be used; an odd one is left out, since RTP
                takes an even port (RFC 3550 section 11).
            port_max: Last port that may be used.
            cells_max: Cells that must find a range.

        Raises:
            ConfigurationError: There are too few ports.
        """
        first = port_min + port_min % 2
        ports = port_max - first + 1
        self.width = min(PORTS_PER_CELL, ports // cells_max // 2 * 2) if cells_max else 0
        if self.width < PORTS_PER_CELL_MIN:
            raise ConfigurationError(
                f"rtp.port_min {port_min} to rtp.port_max {port_max}: {max(ports, 0)} ports are"
                f" too few for cells.max {cells_max}; each cell needs {PORTS_PER_CELL_MIN}"
            )
        self._rested: deque[tuple[float, int]] = deque(
            (0.0, first + index * self.width) for index in range(ports // self.width)
        )

    def __len__(self) -> int:
        """Return how many ranges are not in use, rested or not."""
        return len(self._rested)

    def take(self, now_s: float) -> int | None:
        """Return the first port of a range; None when no range has rested."""
        if not self._rested or self._rested[0][0] > now_s:
            return None
        return self._rested.popleft()[1]

    def give_back(self, port: int, now_s: float) -> None:
        """Take a range back from a cell that has ended."""
        self._rested.append((now_s + REST_S, port))

    def next_s(self) -> float | None:
        """Return when `take` can next succeed; None when every range is in use."""
        return self._rested[0][0] if self._rested else None
