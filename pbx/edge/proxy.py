"""The edge's core: bytes in, actions out; no socket, no clock, no await.

`EdgeCore.receive` sorts a message to the piece that knows the rule: `checks` refuse what
cannot be served, `gate` and `admission` say who it is, `invites` carry new calls,
`relay` what belongs to a dialog, `registrar` the telephones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from config.schema import AgentEntry, Sip, Trunk
from domain.binding import Binding
from domain.errors import SipError
from domain.ports import Clock, CredentialSource
from pbx.edge import checks
from pbx.edge.admission import Admission, Verdict
from pbx.edge.answers import ALLOW
from pbx.edge.call import Placement, Refusal
from pbx.edge.dialogs import Address, Dialog, DialogState, DialogTable
from pbx.edge.flow import INSIDE, Flow, branch_of
from pbx.edge.gate import Gate
from pbx.edge.guard import Guard
from pbx.edge.incoming import Incoming, read_incoming, reply, reply_fault
from pbx.edge.invite_table import InviteTable
from pbx.edge.message import Message, parse
from pbx.edge.outbound import TrunkCalls
from pbx.edge.phones import Phones
from pbx.edge.post import Action, Names, Post
from pbx.edge.reception import Reception
from pbx.edge.relay import Relay

KEEP_ALIVE: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
"""RFC 5626 section 3.5.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreFigures:
    """What the core holds and has counted.

    Attributes:
        counted: By name, since the start.
    """

    invites: int
    dialogs: int
    hops: int
    partings: int
    cells: int
    timers: int
    counted: Mapping[str, int] = field(default_factory=dict)


class EdgeCore:
    """All rules of the edge.

    Attributes:
        trunk_calls: Which calls may go out by a trunk.
    """

    def __init__(
        self,
        *,
        settings: Sip,
        names: Names,
        trunks: Sequence[Trunk],
        agents: Sequence[AgentEntry],
        numbers: Iterable[str],
        credentials: CredentialSource,
        clock: Clock,
        secret: bytes | None = None,
    ) -> None:
        """Make an edge without calls.

        Args:
            settings: The `sip` section.
            names: How we call ourselves, with the real ports.
            trunks: Who may bring calls.
            agents: Who may be rung.
            numbers: Called numbers of every queue.
            credentials: Passwords of softphones.
            clock: For nonces and the dates of bindings.
            secret: Key of branches, tags and nonces; None: random.
        """
        now_s = clock.monotonic_s()
        self._settings = settings
        self._post = Post(names=names, secret=secret)
        self._guard = Guard(self._post)
        self._dialogs = DialogTable(self._post)
        self._invites = InviteTable(self._post)
        self._relay = Relay(self._post, self._dialogs.partings)
        self._admission = Admission(settings.admission, trunks, numbers, now_s=now_s)
        self._gate = Gate(
            settings=settings,
            admission=self._admission,
            credentials=credentials,
            clock=clock,
            secret=secret,
        )
        self._gate.reload(trunks)
        self._phones = Phones(
            settings=settings, gate=self._gate, clock=clock, post=self._post, agents=agents
        )
        self._admission.set_peers(self._phones.fixed_hosts(), now_s=now_s)
        self.trunk_calls = TrunkCalls(names, trunks)
        self._reception = Reception(
            post=self._post,
            invites=self._invites,
            dialogs=self._dialogs,
            admission=self._admission,
            gate=self._gate,
            phones=self._phones,
            trunk_calls=self.trunk_calls,
        )
        self._cells: set[Address] = set()

    @property
    def draining(self) -> bool:
        """New calls get 503."""
        return self._reception.draining

    @draining.setter
    def draining(self, value: bool) -> None:
        self._reception.draining = value

    # What the shell calls.

    def receive(self, data: bytes, flow: Flow, now_s: float) -> list[Action]:
        """Take in one message; whatever is wrong with it ends here."""
        with self._guard:
            self._receive(data, flow, now_s)
        return self._post.take()

    def placed(self, token: str, result: Placement | Refusal, now_s: float) -> list[Action]:
        """Take call control's answer to a `Place`."""
        if isinstance(result, Placement):
            self._cells.add(result.address)
        with self._guard:
            self._reception.placed(token, result, now_s)
        return self._post.take()

    def wake(self, now_s: float) -> list[Action]:
        """Do what is due."""
        while (due_s := self._post.agenda.next_s()) is not None and due_s <= now_s:
            # What is woken has left the agenda, so that a fault in it is met once.
            with self._guard:
                self._post.agenda.wake(now_s)
        self._relay.sweep(now_s)
        self._phones.sweep(now_s)
        self._admission.sweep(now_s=now_s)
        return self._post.take()

    def next_deadline_s(self) -> float | None:
        """Return when to call `wake` next; None: not before something comes."""
        timer_s, binding_s = self._post.agenda.next_s(), self._phones.next_deadline_s()
        if timer_s is None or (binding_s is not None and binding_s < timer_s):
            return binding_s
        return timer_s

    def cell_known(self, address: Address) -> None:
        """Believe what comes from there though no call was placed there."""
        self._cells.add(address)

    def cell_gone(self, address: Address, now_s: float) -> tuple[int, list[Action]]:
        """A cell has ended, told to or not: end what it has left open.

        Returns:
            How many dialogs and pending calls had to be ended, and the actions.
        """
        self._cells.discard(address)
        ended = 0
        for invite in self._invites.of_cell(address):
            with self._guard:
                ended += invite.cell_gone(now_s)
        for dialog in self._dialogs.of_cell(address):
            with self._guard:
                self._relay.end_dialog(dialog, now_s)
                ended += dialog.orphan(now_s)
        return ended, self._post.take()

    def flow_closed(self, flow: Flow, now_s: float) -> list[Action]:
        """A connection has ended or could not be opened: nothing comes back over it."""
        self._phones.flow_closed(flow)
        self._dialogs.flow_closed(flow)
        for leg in self._invites.on_flow(flow):
            leg.abandon(480, now_s)
            leg.invite.settle(now_s)
        return self._post.take()

    def reload(
        self,
        trunks: Sequence[Trunk],
        agents: Sequence[AgentEntry],
        numbers: Iterable[str],
        now_s: float,
    ) -> list[Action]:
        """Take other trunks, agents and numbers; running calls go on."""
        self._admission.reload(trunks, numbers, now_s=now_s)
        self._gate.reload(trunks)
        self.trunk_calls.reload(trunks)
        self._phones.reload(agents)
        self._admission.set_peers(self._phones.fixed_hosts(), now_s=now_s)
        return self._post.take()

    def load_bindings(self, stored: Iterable[Binding]) -> list[Action]:
        """Take the registrations of the last run."""
        self._phones.load(stored)
        return self._post.take()

    def set_fixed(self, agent_id: str, host: str | None, now_s: float) -> None:
        """Say which address the name in an agent's fixed contact stands for; None: none."""
        self._phones.set_fixed(agent_id, host)
        self._admission.set_peers(self._phones.fixed_hosts(), now_s=now_s)

    def bindings(self, agent_id: str) -> Sequence[Binding]:
        """Return the live bindings of an agent."""
        return self._phones.bindings(agent_id)

    def keep_alive_flows(self) -> list[Flow]:
        """Return the UDP flows of registered telephones."""
        return self._phones.udp_flows()

    def is_banned(self, host: str, now_s: float) -> bool:
        """Tell whether to drop what comes from there unread."""
        return self._admission.is_banned(host, now_s=now_s)

    def figures(self) -> CoreFigures:
        """Return what is held and counted."""
        return CoreFigures(
            invites=len(self._invites),
            dialogs=len(self._dialogs),
            hops=len(self._relay),
            partings=len(self._dialogs.partings),
            cells=len(self._cells),
            timers=len(self._post.agenda),
            counted={
                **self._post.figures(),
                **{f"admission_{k}": v for k, v in self._admission.figures().counted.items()},
                **self._phones.figures(),
            },
        )

    # Sorting.

    def _receive(self, data: bytes, flow: Flow, now_s: float) -> None:
        inside = flow.listener == INSIDE
        if inside and (flow.host, flow.port) not in self._cells:
            self._post.count("inside_strangers")
            return
        if not inside and self._admission.is_banned(flow.host, now_s=now_s):
            return
        if not data.strip(b"\r\n\x00 "):
            if data.startswith(KEEP_ALIVE) and flow.reliable:
                self._post.send(flow, PONG)
            return
        try:
            message = parse(data)
        except SipError:
            if not inside:
                self._admission.malformed(flow.host, now_s=now_s)
            raise
        if message.status:
            self._response(message, flow, now_s)
            return
        incoming = read_incoming(message, flow)
        if inside:
            self._from_cell(incoming, now_s)
        else:
            self._from_outside(incoming, now_s)

    def _response(self, message: Message, flow: Flow, now_s: float) -> None:
        if message.lacking:
            raise SipError(f"response: {message.lacking}")
        branch = branch_of(message.get("Via"))
        leg = self._invites.leg(branch)
        if leg is not None and message.method == "INVITE":
            if (leg.flow.listener == INSIDE) == (flow.listener == INSIDE):
                leg.invite.respond(leg, message, now_s)
            return
        if self._dialogs.partings.answered(branch, message.method, message.status):
            return
        hop = self._relay.find(branch)
        if hop is not None and (hop.forth.listener == INSIDE) == (flow.listener == INSIDE):
            self._relay.respond(hop, message, now_s)
            return
        self._post.count("responses_unmatched")

    def _from_outside(self, incoming: Incoming, now_s: float) -> None:
        message, host = incoming.message, incoming.flow.host
        judgement = self._admission.judge(host, message.get("User-Agent"), now_s=now_s)
        if judgement.verdict is Verdict.DROP:
            return
        fault = checks.syntax_fault(message)
        if fault is not None:
            reply_fault(self._post, incoming, fault)
        elif message.method == "ACK":
            self._ack(incoming, now_s)
        elif message.method == "CANCEL":
            self._cancel(incoming, now_s)
        elif message.to_tag:
            self._in_dialog(incoming, now_s)
        else:
            self._reception.begin(incoming, judgement, now_s)

    def _from_cell(self, incoming: Incoming, now_s: float) -> None:
        message = incoming.message
        if message.lacking:
            reply_fault(self._post, incoming, checks.Fault(400, reason=message.lacking))
        elif message.method == "ACK":
            self._ack(incoming, now_s)
        elif message.method == "CANCEL":
            self._cancel(incoming, now_s)
        elif message.to_tag:
            self._in_dialog(incoming, now_s)
        elif message.method == "INVITE":
            self._reception.call_agent(incoming, now_s)
        else:
            reply(self._post, incoming, 405, extra=(("Allow", ALLOW),))

    # Inside a dialog, and hop by hop.

    def _in_dialog(self, incoming: Incoming, now_s: float) -> None:
        message = incoming.message
        dialog = self._dialog(incoming)
        if dialog is None:
            reply(self._post, incoming, 481)
            return
        if dialog.orphaned:
            # The cell is gone: its part is played to the end here.
            if message.method == "BYE":
                dialog.end(now_s)
            reply(self._post, incoming, 200 if message.method == "BYE" else 481)
            return
        hops = checks.hops_left(message)
        if hops is None or hops < 0:
            reply(self._post, incoming, 483)
            return
        if not incoming.from_cell and (
            message.has_controls
            # Most telephones repeat From and To as they stand in the INVITE; a variant is
            # looked at, since the cell will read it.
            or (
                (message.first["From"], message.first["To"])
                != (dialog.outside_party, dialog.inside_party)
                and checks.party_fault(message) is not None
            )
        ):
            reply(self._post, incoming, 400)
            return
        try:
            self._relay.forward(
                message,
                dialog,
                branch=self._post.branch(incoming.key, "in"),
                vias=incoming.vias,
                back=incoming.back,
                hops=hops,
                now_s=now_s,
            )
        except SipError:
            self._post.count("bodies_refused")
            reply(self._post, incoming, 488)

    def _dialog(self, incoming: Incoming) -> Dialog | None:
        """Return the dialog of a request whose sender may use it.

        Everyone else gets the 481 that a wrong tag gets, so nobody learns what is running.
        """
        message, flow = incoming.message, incoming.flow
        if flow.listener == INSIDE:
            dialog = self._dialogs.find(message.call_id, message.from_tag, message.to_tag)
            if dialog is not None and dialog.cell != (flow.host, flow.port):
                self._post.count("dialogs_of_another_cell")
                return None
            if dialog is not None and dialog.flow_lost and dialog.owner.agent_id is not None:
                # The telephone has lost its connection and registered over another.
                dialog.flow = self._phones.way_to(dialog.owner.agent_id, dialog.flow)
                dialog.flow_lost = False
            return dialog
        dialog = self._dialogs.find(message.call_id, message.to_tag, message.from_tag)
        if dialog is None:
            return None
        agent_id = dialog.owner.agent_id
        if not dialog.accepts(flow) and not (
            # A telephone that has moved to another network has registered from there.
            agent_id is not None and self._phones.is_at(agent_id, flow.host)
        ):
            self._post.count("dialogs_of_another_peer")
            return None
        if agent_id is not None:
            # What comes back goes where the telephone is now (NAT, RFC 5626 section 5.3).
            dialog.flow = incoming.back
            dialog.flow_lost = False
        return dialog

    def _ack(self, incoming: Incoming, now_s: float) -> None:
        message = incoming.message
        invite = self._invites.find(incoming.key)
        if invite is not None and invite.acknowledged(now_s):
            return
        hop = self._relay.find(self._post.branch(incoming.key, "in"))
        if hop is not None and hop.status >= 300:
            self._relay.hop_request(hop, message)
            return
        dialog = self._dialog(incoming)
        hops = checks.hops_left(message)
        if dialog is None or hops is None or hops < 0:
            # An ACK is never answered; most are for a challenge, which is not remembered.
            return
        if dialog.orphaned:
            dialog.acknowledged(now_s)
        elif dialog.state is not DialogState.EARLY:
            self._relay.forward(
                message,
                dialog,
                branch=self._post.branch(incoming.key, "ack"),
                vias=incoming.vias,
                back=incoming.back,
                hops=hops,
                now_s=now_s,
            )

    def _cancel(self, incoming: Incoming, now_s: float) -> None:
        """CANCEL is answered here and asks for the same further on (section 16.10)."""
        invite = self._invites.find(incoming.key)
        if invite is not None and invite.flow.host == incoming.flow.host:
            reply(self._post, incoming, 200)
            invite.cancel(now_s)
            return
        hop = self._relay.find(self._post.branch(incoming.key, "in"))
        if hop is not None and hop.method == "INVITE" and hop.back.host == incoming.flow.host:
            reply(self._post, incoming, 200)
            if hop.status < 200:
                self._relay.hop_request(hop, incoming.message)
            return
        reply(self._post, incoming, 481)
