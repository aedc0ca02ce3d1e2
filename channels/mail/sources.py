"""How many connections each address may have, and how often: pure, it is told the time."""

import ipaddress
from collections import OrderedDict, deque
from typing import Final

SOURCES_MAX: Final = 20_000
"""Remembered; the one unseen longest is forgotten. At most some 20 MB."""
WINDOW_S: Final = 60.0
IPV6_PREFIX: Final = 64
"""One customer line has at least such a network, and any number of addresses in it."""


def source_of(ip: str) -> str:
    """Return what is counted as one source: an IPv4 address, or an IPv6 network of /64."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip  # A Unix socket: our own mail server.
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False).network_address)
    return str(address)


class Sources:
    """Who is connected, and who has come how often in the last minute."""

    def __init__(self, *, all_max: int, per_source_max: int, per_source_per_min: int) -> None:
        """Take the limits; see `config.mail.MailReceive`."""
        self._all_max = all_max
        self._per_source_max = per_source_max
        self._per_min = per_source_per_min
        self._open: dict[str, int] = {}
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self.connections = 0

    def enter(self, source: str, now_s: float) -> str | None:
        """Let a connection in; else say which limit is reached.

        Returns:
            None: it is in, and `leave` has to be called. Else "connections", "source" or "rate".
        """
        if self.connections >= self._all_max:
            return "connections"
        if self._open.get(source, 0) >= self._per_source_max:
            return "source"
        if not self._in_rate(source, now_s):
            return "rate"
        self.connections += 1
        self._open[source] = self._open.get(source, 0) + 1
        return None

    def leave(self, source: str) -> None:
        """A connection that was let in is gone."""
        self.connections -= 1
        left = self._open[source] - 1
        if left:
            self._open[source] = left
        else:
            del self._open[source]

    def _in_rate(self, source: str, now_s: float) -> bool:
        times = self._seen.pop(source, None)
        if times is None:
            times = deque(maxlen=self._per_min)
            if len(self._seen) >= SOURCES_MAX:
                self._seen.popitem(last=False)
        self._seen[source] = times
        if len(times) == self._per_min and now_s - times[0] < WINDOW_S:
            return False
        times.append(now_s)
        return True
