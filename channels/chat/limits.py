"""How much anybody may ask: rates as token buckets, numbers at once, tables that stay bounded."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from channels.http.gate import source_of

Networks = tuple[IPv4Network | IPv6Network, ...]
FORWARDED_MAX: Final = 20
"""Addresses looked at in X-Forwarded-For: more proxies in a row there are not."""


class Bucket:
    """A rate with a burst: so many tokens at once, refilled at so many a second.

    The classic token bucket, kept as one number: the moment at which it is full again.
    """

    __slots__ = ("_burst_s", "_full_at_s", "_gap_s")

    def __init__(self, *, per_s: float, burst: int) -> None:
        """Begin full."""
        self._gap_s = 1.0 / per_s
        self._burst_s = burst * self._gap_s
        self._full_at_s = float("-inf")

    def take(self, now_s: float) -> float:
        """Take a token; return 0, or for how many seconds there is none, and take nothing."""
        full_at_s = max(self._full_at_s, now_s) + self._gap_s
        late_s = full_at_s - now_s - self._burst_s
        if late_s > 1e-9:
            return late_s
        self._full_at_s = full_at_s
        return 0.0


class Rates:
    """A bucket for each source; the one unseen longest is forgotten when the table is full.

    Attributes:
        forgotten: Sources that were forgotten.
    """

    def __init__(self, *, per_s: float, burst: int, sources_max: int) -> None:
        """Prepare an empty table."""
        self._new: Callable[[], Bucket] = lambda: Bucket(per_s=per_s, burst=burst)
        self._sources_max = sources_max
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self.forgotten = 0

    def take(self, source: str, now_s: float) -> float:
        """Take a token of a source, as `Bucket.take`."""
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = self._new()
            if len(self._buckets) > self._sources_max:
                self._buckets.popitem(last=False)
                self.forgotten += 1
        else:
            self._buckets.move_to_end(source)
        return bucket.take(now_s)


class Counts:
    """How many of each there are at once. Bounded by what is counted."""

    def __init__(self, limit: int) -> None:
        """Set the limit for each key."""
        self._limit = limit
        self._counts: dict[Hashable, int] = {}

    def enter(self, key: Hashable) -> bool:
        """Count one more; False: the limit is reached, and nothing is counted."""
        count = self._counts.get(key, 0)
        if count >= self._limit:
            return False
        self._counts[key] = count + 1
        return True

    def leave(self, key: Hashable) -> None:
        """Count one less."""
        count = self._counts[key] - 1
        if count:
            self._counts[key] = count
        else:
            del self._counts[key]

    def __len__(self) -> int:
        return len(self._counts)


def client_source(peer: str, forwarded: str, proxies: Networks) -> str:
    """Return what counts as one source: the client's address as our own proxies tell it.

    Args:
        peer: Address of who has connected.
        forwarded: The header X-Forwarded-For, "" without.
        proxies: Networks whose word is taken. From the right, the first address that is none of
            them is the client's: what stands left of it could be anybody's invention.
    """
    chain = [part.strip() for part in forwarded.split(",")[-FORWARDED_MAX:]] if forwarded else []
    address = peer
    while chain and _is_in(address, proxies):
        address = chain.pop()
    return source_of(address)


def _is_in(address: str, networks: Networks) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in networks)
