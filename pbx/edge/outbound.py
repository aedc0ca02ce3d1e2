"""Calls out by a trunk: only those that call control has announced, each once.

A cell names such a call by a word that it was given; number, trunk and password stay here. So
a cell that a stranger had taken over could still call nobody (toll fraud).
"""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from config.callback import dial_uri
from config.schema import Trunk
from domain.errors import ConfigurationError, LimitExceeded, NotKnown, SipError
from pbx.edge.dialogs import Address, Owner
from pbx.edge.flow import Flow, numeric_host, parse_uri, via_transport
from pbx.edge.invites import Target
from pbx.edge.message import Line, Message
from pbx.edge.post import Names
from pbx.sip.digest import authorize

EXPECTED_MAX: Final = 1_000
"""As many as there can be cells."""
EXPECTED_S: Final = 10.0
"""The INVITE follows within milliseconds; a word that was not used is worth nothing after this."""
CHALLENGES_MAX: Final = 2
"""One for the password, and one for a nonce that has grown stale on the way."""
_PROVES: Final = {401: "Authorization", 407: "Proxy-Authorization"}
_ASKS: Final = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}


@dataclass(slots=True)
class TrunkCredentials:
    """Our name and password at a trunk, for one call (RFC 3261 section 22.2)."""

    username: str
    password: str = field(repr=False)
    _challenge: str = field(default="", repr=False)
    _name: str = ""
    _count: int = 0
    _taken: int = 0
    _invite: tuple[Line, ...] = field(default=(), repr=False)

    def take(self, response: Message) -> bool:
        """Take a challenge; False: it cannot be answered, or was answered often enough."""
        asks = _ASKS.get(response.status, "")
        values = [value for name, value in response.lines if name == asks]
        if self._taken >= CHALLENGES_MAX:
            return False
        # In the order of the server's preference (RFC 8760 section 2.4).
        for value in values:
            try:
                authorize(value, method="INVITE", uri="", username="", password="")
            except SipError:
                continue
            self._challenge, self._name = value, _PROVES[response.status]
            self._taken, self._count = self._taken + 1, 0
            return True
        return False

    def lines(self, method: str, uri: str) -> tuple[Line, ...]:
        """Return the header field that a request of this call carries; none before a challenge.

        The trunk that has asked for a password once is not made to ask again for each request;
        an ACK repeats what its INVITE had (RFC 3261 sections 22.2 and 13.2.2.4).
        """
        if not self._challenge:
            return ()
        if method == "ACK":
            return self._invite
        self._count += 1
        value = authorize(
            self._challenge,
            method=method,
            uri=uri,
            username=self.username,
            password=self.password,
            count=self._count,
        )
        made = ((self._name, value),)
        if method == "INVITE":
            self._invite = made
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkCall:
    """A call that goes out by a trunk.

    Attributes:
        target: None: the name in its URI is not resolved.
        to: Value of the To header field, without tag.
    """

    trunk_id: str
    target: Target | None
    to: str
    owner: Owner
    credentials: TrunkCredentials | None


@dataclass(frozen=True, slots=True)
class _Expected:
    cell: Address
    trunk_id: str
    number: str = field(repr=False)
    expires_s: float = 0.0


class TrunkCalls:
    """What trunks can be called, and which calls are about to be."""

    def __init__(self, names: Names, trunks: Iterable[Trunk]) -> None:
        """Know these trunks and expect no call."""
        self._names = names
        self._trunks: dict[str, Trunk] = {}
        self._hosts: dict[str, str] = {}
        self._passwords: dict[str, str] = {}
        self._expected: OrderedDict[str, _Expected] = OrderedDict()
        self.reload(trunks)

    def reload(self, trunks: Iterable[Trunk]) -> None:
        """Take other trunks; a name that was resolved is kept while its URI stays."""
        before = self._trunks
        self._trunks = {trunk.id: trunk for trunk in trunks if trunk.outbound is not None}
        self._passwords = {}
        for trunk_id in before.keys() - self._trunks.keys():
            self._hosts.pop(trunk_id, None)
        for trunk in self._trunks.values():
            assert trunk.outbound is not None
            old = before.get(trunk.id)
            if old is None or old.outbound is None or old.outbound.uri != trunk.outbound.uri:
                self.set_host(trunk.id, numeric_host(_host_of(trunk)))
            if trunk.outbound.digest is not None:
                try:
                    self._passwords[trunk.id] = trunk.outbound.digest.password.read()
                except ConfigurationError:
                    continue  # The trunk's challenge then stays unanswered.

    def hosts_to_resolve(self) -> Sequence[tuple[str, str]]:
        """Return trunk and name of each trunk whose URI holds a name and not an address."""
        named = ((trunk.id, _host_of(trunk)) for trunk in self._trunks.values())
        return [(trunk_id, name) for trunk_id, name in named if numeric_host(name) is None]

    def set_host(self, trunk_id: str, host: str | None) -> None:
        """Say which IP address a trunk is called at; None: none now."""
        if host is None:
            self._hosts.pop(trunk_id, None)
        else:
            self._hosts[trunk_id] = host

    def expect(self, cell: Address, trunk_id: str, number: str, now_s: float) -> str:
        """Announce a call of a cell; return the word that it shall call.

        Raises:
            NotKnown: There is no such trunk, or it cannot dial out.
            LimitExceeded: Too many calls are announced and not made.
        """
        if trunk_id not in self._trunks:
            raise NotKnown("trunk that can dial out", trunk_id)
        while self._expected and next(iter(self._expected.values())).expires_s <= now_s:
            self._expected.popitem(last=False)
        if len(self._expected) >= EXPECTED_MAX:
            raise LimitExceeded("calls announced", len(self._expected) + 1, EXPECTED_MAX)
        word = secrets.token_hex(16)
        self._expected[word] = _Expected(cell, trunk_id, number, now_s + EXPECTED_S)
        return word

    def take(self, cell: Address, word: str, now_s: float) -> TrunkCall | None:
        """Return the call that a cell was told to make by this word; the word is spent."""
        expected = self._expected.get(word)
        if expected is None or expected.cell != cell:
            return None
        del self._expected[word]
        trunk = self._trunks.get(expected.trunk_id)
        if trunk is None or trunk.outbound is None or expected.expires_s <= now_s:
            return None
        uri = dial_uri(trunk.outbound.uri, expected.number)
        digest, password = trunk.outbound.digest, self._passwords.get(trunk.id)
        return TrunkCall(
            trunk_id=trunk.id,
            target=self._target(trunk.id, uri),
            to=f"<{uri.partition(';')[0]}>",
            owner=Owner(trunk_id=trunk.id, networks=tuple(trunk.addresses)),
            credentials=None
            if digest is None or password is None
            else TrunkCredentials(digest.username, password),
        )

    def _target(self, trunk_id: str, uri: str) -> Target | None:
        host = self._hosts.get(trunk_id)
        if host is None:
            return None
        parsed = parse_uri(uri)
        transport = via_transport(parsed)
        port = parsed.port or (5061 if transport == "tls" else 5060)
        return Target(Flow(transport, host, port, self._names.listener_for(transport, host)), uri)


def _host_of(trunk: Trunk) -> str:
    assert trunk.outbound is not None
    # Any number does to read the rest of the URI.
    return parse_uri(dial_uri(trunk.outbound.uri, "0")).host
