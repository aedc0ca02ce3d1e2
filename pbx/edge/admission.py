"""Admission: who is heard, how much of it, and which calls a trunk may bring.

A pure core. Three answers exist for a request from outside: silence (banned, too
fast, a scanner), the same challenge for every stranger whatever he asked for, and
admission of a trunk known by its address. So nobody learns which extensions exist,
and nothing but an authenticated agent or an admitted trunk ever reaches a cell.

Never banned are the addresses of trunks: a UDP source can be forged, and a ban would
let a stranger cut a carrier off with ten datagrams. A carrier's own flood is held by
its rates. A source that has authenticated lately (an office behind one NAT address)
is banned only after ten times as many failures, for the same reason.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from config.schema import Admission as AdmissionLimits
from config.schema import Trunk
from pbx.edge.buckets import TokenBucket

SCANNERS: Final = (
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sipcli",
    "sip-scan",
    "sundayddr",
    "iwar",
    "vaxsipuseragent",
    "vaxasip",
    "pplsip",
    "sipptk",
    "smap",
    "warvox",
    "sipdic",
    "siparmyknife",
    "eyebeam attack",
)
"""How the well-known scanning tools name themselves in User-Agent, in lower case."""
_SCANNER: Final = re.compile(r"\b(?:" + "|".join(map(re.escape, SCANNERS)) + r")\b", re.IGNORECASE)
PROVEN_FAILURES_FACTOR: Final = 10
"""An office of 100 telephones behind one address types some passwords wrong."""
PROVEN_REQUESTS_FACTOR: Final = 10
"""The same office at the start of its day: each telephone a few requests at once."""
TRUNK_REQUESTS_PER_CALL: Final = 20
"""INVITE, ACK, re-INVITEs, BYE, OPTIONS and their repetitions of one call."""
IPV6_PREFIX_BITS: Final = 64
"""One IPv6 customer holds a /64 at least, so the prefix is the source."""
TRUNK_RETRY_AFTER_S: Final = 1
"""A carrier may try at once elsewhere and here a second later (RFC 3261 section 21.5.4)."""
TRUNK_CACHE_MAX: Final = 4_096
"""Addresses whose trunk is remembered; a look-up costs 1 us instead of 5."""
_NUMBER_SEPARATORS: Final = str.maketrans("", "", "-.() ")
"""Visual separators of RFC 3966 section 5.1.1."""

Network = IPv4Network | IPv6Network


class Verdict(StrEnum):
    """What to do with a request from outside."""

    DROP = "drop"
    """Say nothing."""
    CHALLENGE = "challenge"
    """Treat as a stranger: credentials, or the uniform challenge."""
    TRUNK = "trunk"
    """It comes from a trunk that is known by its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict on one request.

    Attributes:
        trunk_id: Set when the verdict is TRUNK.
        reason: Name of the counter that counted it.
    """

    verdict: Verdict
    reason: str
    trunk_id: str | None = None


_HEARD: Final = (Verdict.CHALLENGE, "challenge")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefusal:
    """Why a trunk's call is not taken, as a final response."""

    status: int
    reason: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionFigures:
    """What `/metrics` shows.

    Attributes:
        counted: How often each reason decided, since the start.
        calls: Running calls by trunk.
    """

    counted: Mapping[str, int]
    sources: int
    banned: int
    proven: int
    calls: Mapping[str, int]


@dataclass(slots=True)
class _Source:
    """A stranger's rate and his failures in the running window."""

    bucket: TokenBucket
    failures: int = 0
    window_ends_s: float = 0.0


@dataclass(slots=True)
class _Office:
    """A source where somebody has proved a password: until when that counts, and its rate."""

    until_s: float
    bucket: TokenBucket


@dataclass(slots=True)
class _TrunkDesk:
    """One trunk with its rates and running calls.

    Attributes:
        heard: The judgement on each request that is within the rates.
    """

    trunk: Trunk
    heard: Judgement
    numbers: frozenset[str]
    calls_bucket: TokenBucket
    requests_bucket: TokenBucket
    calls: int = 0


class Admission:
    """What is remembered of sources and trunks, and the rules on it."""

    def __init__(
        self,
        limits: AdmissionLimits,
        trunks: Iterable[Trunk],
        numbers: Iterable[str],
        *,
        now_s: float,
    ) -> None:
        """Make an admission that has met nobody yet.

        Args:
            limits: Rates and bans.
            trunks: Who may bring calls.
            numbers: Called numbers of every queue, for trunks that name none.
            now_s: The injected monotonic clock, seconds.
        """
        self._limits = limits
        self._trunks: dict[str, _TrunkDesk] = {}
        self._networks: tuple[tuple[Network, str], ...] = ()
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._banned: OrderedDict[str, float] = OrderedDict()
        self._proven: OrderedDict[str, _Office] = OrderedDict()
        self._peers: dict[str, TokenBucket] = {}
        self._counted: Counter[str] = Counter()
        self._trunk_cache: OrderedDict[str, str | None] = OrderedDict()
        self.reload(trunks, numbers, now_s=now_s)

    def reload(self, trunks: Iterable[Trunk], numbers: Iterable[str], *, now_s: float) -> None:
        """Take other trunks; running calls of a trunk that stays go on being counted."""
        every = frozenset(_canonical(number) for number in numbers)
        desks: dict[str, _TrunkDesk] = {}
        networks: list[tuple[Network, str]] = []
        rate = self._limits.trunk_calls_per_s
        for trunk in trunks:
            before = self._trunks.get(trunk.id)
            named = frozenset(_canonical(number) for number in trunk.numbers)
            desks[trunk.id] = _TrunkDesk(
                trunk=trunk,
                heard=Judgement(verdict=Verdict.TRUNK, reason="trunk", trunk_id=trunk.id),
                numbers=named or every,
                calls_bucket=TokenBucket(rate_per_s=rate, burst=max(1.0, rate), now_s=now_s),
                requests_bucket=TokenBucket(
                    rate_per_s=rate * TRUNK_REQUESTS_PER_CALL,
                    burst=max(1.0, rate) * TRUNK_REQUESTS_PER_CALL,
                    now_s=now_s,
                ),
                calls=before.calls if before is not None else 0,
            )
            networks += [(network, trunk.id) for network in trunk.addresses]
        # The narrowest network decides when an address lies in several.
        networks.sort(key=lambda item: item[0].prefixlen, reverse=True)
        self._trunks = desks
        self._networks = tuple(networks)
        self._trunk_cache.clear()

    def set_peers(self, hosts: Iterable[str], *, now_s: float) -> None:
        """Say which addresses the configuration sends calls to: PBXs with agents' telephones.

        They may ask for as much as a trunk may and are never banned; what they ask is
        challenged like a stranger's, unless it belongs to a dialog.
        """
        rate = self._limits.trunk_calls_per_s * TRUNK_REQUESTS_PER_CALL
        self._peers = {
            host: self._peers.get(host)
            or TokenBucket(rate_per_s=rate, burst=max(1.0, rate), now_s=now_s)
            for host in map(source_of, hosts)
        }

    def is_banned(self, host: str, *, now_s: float) -> bool:
        """Tell whether to drop a datagram or connection unread; costs one look-up."""
        source = source_of(host)
        until_s = self._banned.get(source)
        if until_s is None:
            return False
        if until_s <= now_s or source in self._peers or self._trunk_at(host) is not None:
            del self._banned[source]
            return False
        self._counted["banned"] += 1
        return True

    def judge(self, host: str, user_agent: str, *, now_s: float) -> Judgement:
        """Judge one request from outside; in-dialog requests too, since they cost as much.

        Args:
            host: Literal IP address that it came from.
            user_agent: Value of User-Agent, "" when there is none.
            now_s: The injected monotonic clock, seconds.
        """
        desk = self._trunk_at(host)
        if desk is not None:
            if not desk.requests_bucket.take(now_s):
                return self._judgement(Verdict.DROP, "trunk_requests_rate")
            if desk.trunk.digest is not None:
                return self._judgement(Verdict.CHALLENGE, "challenge")
            self._counted["trunk"] += 1
            return desk.heard
        source = source_of(host)
        peer = self._peers.get(source)
        if peer is not None:
            allowed = peer.take(now_s)
            return self._judgement(*(_HEARD if allowed else (Verdict.DROP, "peer_rate")))
        if self.is_banned(host, now_s=now_s):
            return Judgement(verdict=Verdict.DROP, reason="banned")
        return self._judge_stranger(source, user_agent, now_s)

    def malformed(self, host: str, *, now_s: float) -> bool:
        """Count a message that could not be parsed; False: do not answer it.

        It never bans, because anybody can forge such a datagram.
        """
        self._counted["malformed"] += 1
        desk = self._trunk_at(host)
        if desk is not None:
            return desk.requests_bucket.take(now_s)
        return self._source(source_of(host), now_s).bucket.take(now_s)

    def failed(self, host: str, *, now_s: float) -> bool:
        """Count a wrong password or unknown name; True: the source is now banned.

        To be called for `DigestReason.REJECTED` alone, which proves that the source
        received our nonce and so is where it says it is.
        """
        self._counted["failed"] += 1
        source = source_of(host)
        if source in self._peers or self._trunk_at(host) is not None:
            return False
        record = self._source(source, now_s)
        if now_s >= record.window_ends_s:
            record.failures = 0
            record.window_ends_s = now_s + self._limits.failure_window_s
        record.failures += 1
        allowed = self._limits.failures_before_ban
        if self._is_proven(source, now_s):
            allowed *= PROVEN_FAILURES_FACTOR
        if record.failures < allowed:
            return False
        self._ban(source, now_s)
        return True

    def succeeded(self, host: str, *, now_s: float) -> None:
        """Note that somebody at this source has proved a password."""
        source = source_of(host)
        until_s = now_s + self._limits.ban_s
        office = self._proven.get(source)
        if office is None:
            limits, factor = self._limits, PROVEN_REQUESTS_FACTOR
            bucket = TokenBucket(
                rate_per_s=factor * limits.requests_per_source_per_s,
                burst=float(factor * limits.requests_per_source_burst),
                now_s=now_s,
            )
            self._proven[source] = _Office(until_s, bucket)
        else:
            office.until_s = until_s
        self._proven.move_to_end(source)
        if len(self._proven) > self._limits.sources_max:
            self._proven.popitem(last=False)
            self._counted["proven_forgotten"] += 1

    def trunk_for(self, username: str, host: str) -> str | None:
        """Return the trunk that a proven name belongs to; None for nobody's.

        A trunk that is known by address and digest must show both.
        """
        for desk in self._trunks.values():
            digest = desk.trunk.digest
            if digest is None or digest.username != username:
                continue
            if not desk.trunk.addresses or self._trunk_at(host) is desk:
                return desk.trunk.id
        return None

    def begin_call(self, trunk_id: str, dialled: str, *, now_s: float) -> CallRefusal | None:
        """Admit a trunk's new call, or say why not; each admitted call needs an `end_call`.

        Args:
            trunk_id: From `judge` or `trunk_for`.
            dialled: User part of the Request-URI, unescaped.
            now_s: The injected monotonic clock, seconds.
        """
        desk = self._trunks.get(trunk_id)
        if desk is None:
            return self._refusal("trunk_unknown", 403, "Forbidden")
        if _canonical(dialled) not in desk.numbers:
            return self._refusal("number_not_allowed", 404, "Not Found")
        if not desk.calls_bucket.take(now_s):
            return self._refusal("trunk_calls_rate", 503, "Trunk Call Rate", retry=True)
        if desk.calls >= desk.trunk.calls_max:
            return self._refusal("trunk_calls_max", 503, "Trunk Call Limit", retry=True)
        desk.calls += 1
        self._counted["call"] += 1
        return None

    def begin_outbound(self, trunk_id: str) -> bool:
        """Admit a call of ours to a trunk's calls; False: it has as many as it may.

        Each admitted call needs an `end_call`.
        """
        desk = self._trunks.get(trunk_id)
        if desk is None or desk.calls >= desk.trunk.calls_max:
            self._counted["trunk_calls_max"] += 1
            return False
        desk.calls += 1
        self._counted["call_out"] += 1
        return True

    def end_call(self, trunk_id: str) -> None:
        """Note that a call that was begun has ended; harmless for a trunk that is gone."""
        desk = self._trunks.get(trunk_id)
        if desk is not None and desk.calls > 0:
            desk.calls -= 1

    def sweep(self, *, now_s: float) -> None:
        """Forget bans and proofs that have ended; to be called every minute or so."""
        # Entries stand in the order in which they end.
        while self._banned and next(iter(self._banned.values())) <= now_s:
            self._banned.popitem(last=False)
        while self._proven and next(iter(self._proven.values())).until_s <= now_s:
            self._proven.popitem(last=False)

    def figures(self) -> AdmissionFigures:
        """Return what is counted."""
        return AdmissionFigures(
            counted=dict(self._counted),
            sources=len(self._sources),
            banned=len(self._banned),
            proven=len(self._proven),
            calls={trunk_id: desk.calls for trunk_id, desk in self._trunks.items()},
        )

    def _judge_stranger(self, source: str, user_agent: str, now_s: float) -> Judgement:
        if user_agent and _SCANNER.search(user_agent):
            # Its name alone tells it from a telephone, so nobody is hurt by a ban but an
            # office whose address it forges; one that has authenticated stays.
            if not self._is_proven(source, now_s):
                self._ban(source, now_s)
            return self._judgement(Verdict.DROP, "scanner")
        office = self._proven.get(source)
        if office is None or office.until_s <= now_s:
            bucket = self._source(source, now_s).bucket
        else:
            bucket = office.bucket
        if not bucket.take(now_s):
            return self._judgement(Verdict.DROP, "source_rate")
        return self._judgement(*_HEARD)

    def _judgement(self, verdict: Verdict, reason: str) -> Judgement:
        self._counted[reason] += 1
        return Judgement(verdict=verdict, reason=reason)

    def _refusal(self, reason: str, status: int, text: str, *, retry: bool = False) -> CallRefusal:
        self._counted[reason] += 1
        return CallRefusal(
            status=status, reason=text, retry_after_s=TRUNK_RETRY_AFTER_S if retry else None
        )

    def _source(self, source: str, now_s: float) -> _Source:
        record = self._sources.get(source)
        if record is not None:
            self._sources.move_to_end(source)
            return record
        if len(self._sources) >= self._limits.sources_max:
            self._sources.popitem(last=False)
            self._counted["source_forgotten"] += 1
        limits = self._limits
        bucket = TokenBucket(
            rate_per_s=limits.requests_per_source_per_s,
            burst=float(limits.requests_per_source_burst),
            now_s=now_s,
        )
        record = self._sources[source] = _Source(bucket)
        return record

    def _ban(self, source: str, now_s: float) -> None:
        self._counted["ban"] += 1
        self._banned[source] = now_s + self._limits.ban_s
        self._banned.move_to_end(source)
        self._sources.pop(source, None)
        if len(self._banned) > self._limits.sources_max:
            self._banned.popitem(last=False)
            self._counted["ban_forgotten"] += 1

    def _is_proven(self, source: str, now_s: float) -> bool:
        office = self._proven.get(source)
        return office is not None and office.until_s > now_s

    def _trunk_at(self, host: str) -> _TrunkDesk | None:
        """Return the trunk that an address belongs to, remembered for the next request."""
        try:
            trunk_id = self._trunk_cache[host]
        except KeyError:
            trunk_id = self._search_trunk(host)
            if len(self._trunk_cache) >= TRUNK_CACHE_MAX:
                self._trunk_cache.popitem(last=False)
            self._trunk_cache[host] = trunk_id
        return None if trunk_id is None else self._trunks[trunk_id]

    def _search_trunk(self, host: str) -> str | None:
        address = _address(host)
        return next(
            (
                trunk_id
                for network, trunk_id in self._networks
                if network.version == address.version and address in network
            ),
            None,
        )


@lru_cache(maxsize=4_096)
def source_of(host: str) -> str:
    """Return what rates and bans are kept by: an IPv4 address, or an IPv6 /64."""
    if ":" not in host:
        return host
    address = _address(host)
    if address.version == 4:
        return str(address)
    prefix = int(address) >> (128 - IPV6_PREFIX_BITS) << (128 - IPV6_PREFIX_BITS)
    return f"{IPv6Address(prefix)}/{IPV6_PREFIX_BITS}"


def _address(host: str) -> IPv4Address | IPv6Address:
    """Return a literal address as the kernel gave it, without zone, IPv4 as IPv4."""
    address = ip_address(host.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _canonical(number: str) -> str:
    return number.translate(_NUMBER_SEPARATORS)
