"""What the pieces of the edge's core share: actions to perform, names, branches, counters."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from config.schema import Sip
from domain.binding import Binding
from pbx.edge.call import InboundCall
from pbx.edge.flow import (
    INSIDE,
    MAGIC_COOKIE,
    Flow,
    bracketed,
    within,
)
from pbx.edge.timers import Agenda

FACES_MAX: Final = 4_096
"""Peers whose local address is remembered; one entry has about 200 bytes."""

_BRANCH_START: Final = MAGIC_COOKIE + "we"
_BRANCH_HEX: Final = 24
_MAC_HEX: Final = 8


class Send(NamedTuple):
    """Send these bytes there; silently nothing when the connection is gone."""

    flow: Flow
    data: bytes


class Place(NamedTuple):
    """Ask call control for a cell and answer by `EdgeCore.placed`."""

    token: str
    call: InboundCall


class Declined(NamedTuple):
    """Tell call control that a cell has refused the call that was placed with it."""

    cell: tuple[str, int]


class Reach(NamedTuple):
    """An agent's telephone can be rung now, or no longer."""

    agent_id: str
    reachable: bool


class Save(NamedTuple):
    """Put these in the place of the agent's stored bindings."""

    agent_id: str
    bindings: tuple[Binding, ...]


class Close(NamedTuple):
    """Close this connection: its peer is banned or speaks no SIP."""

    flow: Flow


Action = Send | Place | Declined | Reach | Save | Close


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One address where the edge is heard, with its real port."""

    transport: str
    host: str
    port: int

    @property
    def is_wildcard(self) -> bool:
        """True for 0.0.0.0 and ::."""
        return ip_address(self.host).is_unspecified


class _Face(NamedTuple):
    """What one peer calls us, ready to be written.

    Attributes:
        place: Host and port.
        via: Our Via up to the branch.
        contact: Our Contact from the "@" on.
        media: Where he sends media.
    """

    place: str
    via: str
    contact: str
    media: str


class Names:
    """How we call ourselves towards each peer (RFC 3261 sections 8.1.1.7 and 8.1.1.8)."""

    def __init__(
        self,
        *,
        settings: Sip,
        media_address: str | None,
        listeners: Sequence[Listener],
        inside: tuple[str, int],
        facing: Callable[[str], str],
    ) -> None:
        """Say where we listen.

        Args:
            settings: Domain, advertised address, local networks.
            media_address: Advertised address for RTP; None: that of `settings`.
            listeners: Outside sockets in the order of the configuration.
            inside: Address of the cells' socket.
            facing: Returns our address as the routing table has it towards a peer.
        """
        self._advertised = settings.advertised_address
        self._media_address = media_address or settings.advertised_address
        # This machine is on our side of any NAT, whatever the operator lists.
        self._local = (
            *settings.local_networks,
            ip_network("127.0.0.0/8"),
            ip_network("::1/128"),
        )
        self.listeners = tuple(listeners)
        self.inside = inside
        self._facing = facing
        self._faces: dict[tuple[str, str, int], _Face] = {}
        inside_place = f"{bracketed(inside[0])}:{inside[1]}"
        self._inside_face = _Face(
            place=inside_place,
            via=f"SIP/2.0/UDP {inside_place};rport;branch=",
            contact=f"@{inside_place}>",
            media=inside[0],
        )

    def place(self, flow: Flow) -> str:
        """Return host:port under which this peer reaches us."""
        return self._face(flow).place

    def via(self, flow: Flow, branch: str) -> str:
        """Return our Via for a request on this flow."""
        return self._face(flow).via + branch

    def contact(self, flow: Flow, user: str) -> str:
        """Return the Contact by which requests in a dialog come back through us."""
        return f"<sip:{user}{self._face(flow).contact}"

    def media_address(self, flow: Flow) -> str:
        """Return the address where this peer sends media."""
        return self._face(flow).media

    def _face(self, flow: Flow) -> _Face:
        if flow.listener == INSIDE:
            return self._inside_face
        key = (flow.transport, flow.host, flow.listener)
        face = self._faces.get(key)
        if face is None:
            if len(self._faces) >= FACES_MAX:
                self._faces.clear()
            face = self._faces[key] = self._look(flow)
        return face

    def _look(self, flow: Flow) -> _Face:
        listener = self.listeners[flow.listener]
        own = self._facing(flow.host) if listener.is_wildcard else listener.host
        local = within(flow.host, self._local)
        host = own if local or self._advertised is None else self._advertised
        place = f"{bracketed(host)}:{listener.port}"
        ending = "" if listener.transport == "udp" else f";transport={listener.transport}"
        return _Face(
            place=place,
            via=f"SIP/2.0/{flow.transport.upper()} {place};rport;branch=",
            contact=f"@{place}{ending}>",
            media=self._media_address if self._media_address and not local else own,
        )

    def listener_for(self, transport: str, host: str) -> int:
        """Return the first listener with that transport and address family, else the first."""
        wants_six = ":" in host
        for number, listener in enumerate(self.listeners):
            if listener.transport == transport and (":" in listener.host) == wants_six:
                return number
        return 0


class Post:
    """The outbox of the core, its agenda, its counters and its secret."""

    def __init__(self, *, names: Names, secret: bytes | None = None) -> None:
        """Make an empty outbox.

        Args:
            names: How we call ourselves.
            secret: Key of branches and tags; None: random.
        """
        self.names = names
        self.agenda = Agenda()
        self.actions: list[Action] = []
        self.counts: Counter[str] = Counter()
        key = secret if secret is not None else secrets.token_bytes(32)
        # Copied for each digest, so that the key is taken in once.
        self._keyed = hashlib.blake2b(digest_size=_BRANCH_HEX // 2, key=key)
        self._keyed_ours = self._keyed.copy()
        self._keyed_ours.update(b"ours\0")

    def send(self, flow: Flow, data: bytes) -> None:
        """Leave a message to be sent."""
        self.actions.append(Send(flow, data))

    def take(self) -> list[Action]:
        """Return what is to be done, and forget it."""
        actions, self.actions = self.actions, []
        return actions

    def count(self, name: str) -> None:
        """Count something that happened."""
        self.counts[name] += 1

    def digest(self, *parts: object) -> str:
        """Return 24 hexadecimal digits that only we can make of these parts."""
        keyed = self._keyed.copy()
        keyed.update("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()

    def branch(self, *parts: object) -> str:
        """Return the branch of a forwarded request.

        Of the same parts always the same, so that a retransmission keeps its branch
        (RFC 3261 section 16.11), and such that `is_ours` knows it again.
        """
        body = self.digest(*parts)
        return f"{_BRANCH_START}{body}{self._mac(body)}"

    def is_ours(self, branch: str) -> bool:
        """Return whether `branch` made it: the message was here before (section 16.3 step 4)."""
        start = len(_BRANCH_START)
        if not branch.startswith(_BRANCH_START) or len(branch) != start + _BRANCH_HEX + _MAC_HEX:
            return False
        body = branch[start : start + _BRANCH_HEX]
        return branch[start + _BRANCH_HEX :] == self._mac(body)

    def _mac(self, body: str) -> str:
        keyed = self._keyed_ours.copy()
        keyed.update(body.encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()[:_MAC_HEX]

    def figures(self) -> Mapping[str, int]:
        """Return the counters."""
        return dict(self.counts)
