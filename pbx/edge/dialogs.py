"""What the edge keeps of each dialog, and what it says in place of a cell that cannot.

A dialog joins a cell (inside) and a telephone or trunk (outside). The edge is on the way
of all its messages, so it knows both tags, both targets, the route set and the cell's
CSeq; that is all a BYE needs (RFC 3261 section 12.2.1.1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from domain.errors import SipError
from pbx.edge.flow import Flow, Networks, numeric_host, parse_uri, via_transport, within
from pbx.edge.message import Line, Message, write
from pbx.edge.partings import Partings
from pbx.edge.post import Post
from pbx.edge.timers import LINGER_S, T1_S, T2_S, TRANSACTION_S
from pbx.sip.fields import name_addresses

if TYPE_CHECKING:
    from pbx.edge.outbound import TrunkCredentials
    from pbx.edge.relay import Hop

DIALOGS_MAX: Final = 8_000
"""1,000 cells with four legs each, twice: those that are over linger for 37 s."""

MAX_FORWARDS: Final = 70
"""RFC 3261 section 8.1.1.6."""

Address = tuple[str, int]
DialogKey = tuple[str, str, str]


class DialogState(StrEnum):
    """How far a dialog is; RFC 3261 section 12, with the end told apart."""

    EARLY = "early"
    ANSWERED = "answered"
    """A 2xx has passed and its ACK has not."""
    CONFIRMED = "confirmed"
    OVER = "over"
    """A BYE has passed; what still comes is a retransmission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who is at the outside end.

    Attributes:
        networks: Where else his requests may come from; a trunk has many machines.
    """

    trunk_id: str | None = None
    agent_id: str | None = None
    networks: Networks = ()


@dataclass(slots=True, eq=False, kw_only=True)
class Dialog:
    """One dialog between a cell and a peer.

    Attributes:
        inside_party, outside_party: From or To value of each end, with its tag.
        inside_target, outside_target: URI of each end's Contact.
        routes: Route set towards the peer, in the order of the Route header.
        inside_cseq: The highest CSeq the cell has used; 0 when it has sent no request.
        invite_cseq: CSeq of the INVITE that made the dialog.
        cell_called: The cell sent the INVITE, so the cell owes the ACK.
        orphaned: The cell is gone and the edge ends the dialog.
        flow_lost: The connection to the peer has ended.
        answer: The 2xx to the peer while its ACK is missing.
        unanswered: Requests on their way, by branch.
        on_over: Called once when the dialog ends, for the trunk's count of calls.
        cseq_shift: How much higher the CSeq is that the peer sees than that of the cell.
        credentials: What our requests to a trunk carry that has asked who we are.
    """

    call_id: str
    inside_tag: str
    outside_tag: str
    inside_party: str
    outside_party: str
    cell: Address
    flow: Flow
    inside_target: str
    outside_target: str
    routes: tuple[str, ...]
    inside_cseq: int
    invite_cseq: int
    cell_called: bool
    owner: Owner
    post: Post = field(repr=False)
    state: DialogState = DialogState.EARLY
    orphaned: bool = False
    flow_lost: bool = False
    answer: bytes = field(default=b"", repr=False)
    unanswered: "dict[str, Hop]" = field(default_factory=dict, repr=False)
    on_over: Callable[[], None] | None = field(default=None, repr=False)
    cseq_shift: int = 0
    credentials: "TrunkCredentials | None" = field(default=None, repr=False)
    entry: int = 0
    _pause_s: float = T1_S
    _give_up_s: float = 0.0
    _table: "DialogTable | None" = field(default=None, repr=False)

    @property
    def key(self) -> DialogKey:
        """Call-ID and both tags."""
        return (self.call_id, self.inside_tag, self.outside_tag)

    def accepts(self, flow: Flow) -> bool:
        """Return whether the peer may speak from there.

        Tags travel in clear text over UDP, so they alone prove nothing. A telephone may
        change its port (NAT) or its connection, a trunk its machine.
        """
        return flow.host == self.flow.host or within(flow.host, self.owner.networks)

    def next_hop(self, uri: str) -> Flow:
        """Return where a request for that URI goes.

        RFC 3261 section 12.2.1.1 says to the URI's host. It is believed where it names
        the peer himself or a machine of his trunk; everyone else is sent what is for
        him the way he came: behind NAT nothing else works, and nobody makes us send
        to a third party.
        """
        flow = self.flow
        if self.owner.agent_id is not None or flow.reliable:
            return flow
        try:
            parsed = parse_uri(uri)
        except SipError:
            return flow
        host = numeric_host(parsed.host)
        if host is None or not (host == flow.host or within(host, self.owner.networks)):
            return flow
        if via_transport(parsed) != flow.transport:
            return flow
        return Flow(flow.transport, host, parsed.port or 5060, flow.listener)

    def routed(self) -> tuple[str, list[str], Flow]:
        """Return request-URI, Route values and next hop towards the peer.

        Source:
            RFC 3261 section 12.2.1.1, section 16.6 step 6 for a strict router.
        """
        if not self.routes:
            return self.outside_target, [], self.next_hop(self.outside_target)
        first = name_addresses(self.routes[0])[0].uri  # Checked by `route_set`.
        if ";lr" in first.lower():
            return self.outside_target, list(self.routes), self.next_hop(first)
        return first, [*self.routes[1:], f"<{self.outside_target}>"], self.next_hop(first)

    def request(self, method: str, cseq: int, *, reason: str = "") -> tuple[str, Flow, bytes]:
        """Return branch, flow and bytes of a request in the cell's place."""
        uri, routes, flow = self.routed()
        branch = self.post.branch(*self.key, method, cseq)
        lines: list[Line] = [("Via", self.post.names.via(flow, branch))]
        lines += [("Route", route) for route in routes]
        lines += [
            ("Max-Forwards", str(MAX_FORWARDS)),
            ("From", self.inside_party),
            ("To", self.outside_party),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq + self.cseq_shift} {method}"),
            *self.proofs(method, uri),
        ]
        if reason:
            lines.append(("Reason", reason))  # RFC 3326
        return branch, flow, write(f"{method} {uri} SIP/2.0", lines)

    def proofs(self, method: str, uri: str) -> tuple[Line, ...]:
        """Return the header fields that say to a trunk who we are."""
        return () if self.credentials is None else self.credentials.lines(method, uri)

    def acknowledge(self) -> None:
        """Send the ACK for the 2xx in the cell's place (RFC 3261 section 13.2.2.4)."""
        _, flow, data = self.request("ACK", self.invite_cseq)
        self.post.send(flow, data)

    def orphan(self, now_s: float) -> bool:
        """The cell is gone: end the dialog; return whether there was one to end.

        An early dialog ends with its INVITE, and one that is over needs nothing.
        """
        if self.orphaned:
            return False
        self.orphaned = True
        if self.state is DialogState.CONFIRMED:
            self._say_bye(now_s)
        elif self.state is DialogState.ANSWERED and self.cell_called:
            self.acknowledge()
            self._say_bye(now_s)
        elif self.state is DialogState.ANSWERED:
            # RFC 3261 section 15: no BYE before the ACK for our 2xx has come.
            self._give_up_s = now_s + TRANSACTION_S
            self._pause_s = T1_S
            self.post.agenda.at(now_s + T1_S, self)
        else:
            if self.state is DialogState.EARLY:
                self.end(now_s)
            return False
        return True

    def acknowledged(self, now_s: float) -> None:
        """The ACK for the 2xx has passed."""
        if self.state is DialogState.ANSWERED:
            self.state = DialogState.CONFIRMED
            self.answer = b""
            if self.orphaned:
                self._say_bye(now_s)

    def end(self, now_s: float) -> None:
        """A BYE has passed: remember the dialog for its retransmissions only."""
        if self.state is not DialogState.OVER:
            self.state = DialogState.OVER
            self.answer = b""
            self.release()
            self.post.agenda.at(now_s + LINGER_S, self)

    def release(self) -> None:
        """Tell who counts calls that this one is over; once."""
        on_over, self.on_over = self.on_over, None
        if on_over is not None:
            on_over()

    def wake(self, now_s: float) -> None:
        """Send the 2xx again, give up waiting for its ACK, or be forgotten."""
        if self.state is DialogState.OVER or self.state is DialogState.EARLY:
            if self._table is not None:
                self._table.remove(self)
        elif self.orphaned and now_s >= self._give_up_s:
            self._say_bye(now_s)
        elif self.orphaned:
            self.post.send(self.flow, self.answer)
            self._pause_s = min(2 * self._pause_s, T2_S)  # RFC 3261 section 13.3.1.4
            self.post.agenda.at(min(now_s + self._pause_s, self._give_up_s), self)

    def _say_bye(self, now_s: float) -> None:
        self.inside_cseq += 1
        branch, flow, data = self.request(
            "BYE", self.inside_cseq, reason='SIP;cause=500;text="Cell ended"'
        )
        self.end(now_s)
        self.post.count("dialogs_ended_for_cells")
        if self._table is not None:
            self._table.partings.begin(branch, "BYE", flow, data, now_s)


class DialogTable:
    """All dialogs, by their key and by their cell."""

    def __init__(self, post: Post, *, dialogs_max: int = DIALOGS_MAX) -> None:
        """Make an empty table."""
        self.post = post
        self.partings = Partings(post)
        self._dialogs_max = dialogs_max
        self._by_key: dict[DialogKey, Dialog] = {}
        self._by_cell: dict[Address, set[Dialog]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Dialog]:
        return iter(self._by_key.values())

    @property
    def is_full(self) -> bool:
        """No new INVITE is taken while this holds."""
        return len(self._by_key) >= self._dialogs_max

    def find(self, call_id: str, inside_tag: str, outside_tag: str) -> Dialog | None:
        """Return a dialog by its key."""
        return self._by_key.get((call_id, inside_tag, outside_tag))

    def add(self, dialog: Dialog) -> bool:
        """Take a dialog in; False when the table is full."""
        if self.is_full:
            self.post.count("dialogs_refused")
            return False
        dialog._table = self
        self._by_key[dialog.key] = dialog
        self._by_cell.setdefault(dialog.cell, set()).add(dialog)
        return True

    def remove(self, dialog: Dialog) -> None:
        """Forget a dialog."""
        dialog.release()
        self.post.agenda.at(None, dialog)
        if self._by_key.get(dialog.key) is dialog:
            del self._by_key[dialog.key]
        at_cell = self._by_cell.get(dialog.cell)
        if at_cell is not None:
            at_cell.discard(dialog)
            if not at_cell:
                del self._by_cell[dialog.cell]

    def flow_closed(self, flow: Flow) -> None:
        """Note that a connection has ended; its telephones come back over another."""
        for dialog in self._by_key.values():
            if dialog.flow == flow:
                dialog.flow_lost = True

    def of_cell(self, cell: Address) -> list[Dialog]:
        """Return the dialogs of a cell that is not gone."""
        return [each for each in self._by_cell.get(cell, ()) if not each.orphaned]


def contact_uri(message: Message) -> str:
    """Return the URI of the first Contact, "" when there is none.

    Raises:
        SipError: The Contact is no SIP address.
    """
    value = message.get("Contact")
    if not value:
        return ""
    if value[0] == "<" and value.find(">") == len(value) - 1:
        uri = value[1:-1]  # As cells and most telephones write it.
    else:
        uri = name_addresses(value)[0].uri
    parse_uri(uri)
    return uri


def route_set(message: Message) -> tuple[str, ...]:
    """Return the Record-Route values.

    Raises:
        SipError: One of them is no address.
    """
    if "Record-Route" not in message.first:
        return ()
    values = message.values("Record-Route")
    for value in values:
        parse_uri(name_addresses(value)[0].uri)
    return tuple(values)
