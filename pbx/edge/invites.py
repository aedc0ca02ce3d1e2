"""A new INVITE on its way through the edge: server transaction and response context.

RFC 3261 section 17.2.1 towards the caller, section 16.7 over the legs. The edge answers
100 itself, so it also sends again itself; nobody else sees a retransmission.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from domain.errors import SipError
from pbx.edge.answers import answer
from pbx.edge.crossing import (
    Parties,
    parties_answered,
    parties_of,
    request_outward,
    response_inward,
    response_outward,
)
from pbx.edge.dialogs import (
    Address,
    Dialog,
    DialogState,
    DialogTable,
    Owner,
    contact_uri,
    route_set,
)
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.legs import EARLY_DIALOGS_MAX, Leg, LegState
from pbx.edge.message import Line, Message
from pbx.edge.partings import Partings
from pbx.edge.post import Declined, Post
from pbx.edge.timers import LINGER_S, T1_S, T2_S, T4_S, TRANSACTION_S
from pbx.sip.fields import name_addresses

if TYPE_CHECKING:
    from pbx.edge.invite_table import InviteTable
    from pbx.edge.outbound import TrunkCredentials

_BETTER_FIRST: Final = (486, 600, 603, 415, 420, 484, 488)
"""Among answers of one class, what the caller can use (section 16.7 step 6); busy above all."""


class InviteState(StrEnum):
    """How far the transaction with the caller is."""

    PLACING = "placing"
    """Call control looks for a cell."""
    PROCEEDING = "proceeding"
    ANSWERED = "answered"
    REFUSED = "refused"
    """A final response was sent and its ACK has not come."""
    OVER = "over"


class Target(NamedTuple):
    """Where a leg goes.

    Attributes:
        uri: Its request-URI.
    """

    flow: Flow
    uri: str


@dataclass(slots=True, eq=False, kw_only=True)
class Invite:
    """One INVITE and the legs it was forwarded to.

    Attributes:
        key: What its retransmissions, CANCEL and ACK have in common.
        vias: Of the request, the topmost with `received` and `rport`.
        flow: Where responses go.
        cell: The cell at one end; None until there is one.
        owner: Who is outside: the caller, or the agent who is called.
        last: The last response sent to the caller.
        on_over: Called once when the call ends, for the trunk's count of calls.
        parties: From and To as the called one sees them; None: as the caller wrote them.
        credentials: What a trunk is shown that asks who we are; None: nothing.
    """

    key: str
    request: Message = field(repr=False)
    vias: list[str] = field(repr=False)
    flow: Flow
    owner: Owner
    post: Post = field(repr=False)
    dialogs: DialogTable = field(repr=False)
    table: "InviteTable" = field(repr=False)
    on_over: Callable[[], None] | None = field(default=None, repr=False)
    parties: Parties | None = None
    credentials: "TrunkCredentials | None" = None
    cell: Address | None = None
    state: InviteState = InviteState.PROCEEDING
    legs: list[Leg] = field(default_factory=list)
    last: bytes = field(default=b"", repr=False)
    cancelled: bool = False
    rang: bool = False
    entry: int = 0
    _pause_s: float = T1_S
    _give_up_s: float = 0.0
    _winner: Dialog | None = None
    _cseq_shift: int = 0
    _hops: int = 0

    @property
    def parties_sent(self) -> Parties:
        """From and To as the legs have them."""
        return self.parties or parties_of(self.request)

    @property
    def from_cell(self) -> bool:
        """The cell is the caller."""
        return self.flow.listener == INSIDE

    @property
    def partings(self) -> Partings:
        """Where CANCELs go."""
        return self.dialogs.partings

    @property
    def is_open(self) -> bool:
        """No final response has been sent."""
        return self.state in (InviteState.PLACING, InviteState.PROCEEDING)

    def try_(self) -> None:
        """Send 100, so that the caller stops sending (section 16.2)."""
        self.last = answer(self.request, self.vias, 100)
        self.post.send(self.flow, self.last)

    def repeated(self) -> None:
        """The INVITE came again: so does the last response (section 17.2.1)."""
        self.post.count("retransmissions")
        if self.last and self.state is not InviteState.ANSWERED:
            self.post.send(self.flow, self.last)

    def refuse(
        self, status: int, now_s: float, *, reason: str = "", extra: Sequence[Line] = ()
    ) -> None:
        """End with a final response of the edge's own."""
        tag = self._early_tag() or self.post.digest("tag", self.key)
        self._send_final(
            answer(self.request, self.vias, status, reason=reason, to_tag=tag, extra=extra), now_s
        )

    def bind(self, cell: Address) -> None:
        """Say which cell is at one end."""
        self.cell = cell
        self.table.bind(self, cell)

    def forward_to_cell(self, cell: Address, leg: Leg, now_s: float) -> None:
        """Send the INVITE to its cell."""
        self.bind(cell)
        self.state = InviteState.PROCEEDING
        self._begin(leg, now_s)
        if self.cancelled:
            leg.cancel(now_s)

    def fork(self, targets: Sequence[Target], now_s: float, hops: int) -> None:
        """Send the cell's INVITE to every telephone of the agent, or to a trunk (section 16.6).

        Raises:
            SipError: The cell's SDP cannot be used.
        """
        self._hops = hops
        for number, target in enumerate(targets):
            self._call(target, number, now_s, without_reliable=len(targets) > 1)

    def _call(
        self, target: Target, number: int, now_s: float, *, without_reliable: bool = False
    ) -> None:
        names, credentials = self.post.names, self.credentials
        branch = self.post.branch(self.key, number, self._cseq_shift)
        data = request_outward(
            self.request,
            uri=target.uri,
            via=names.via(target.flow, branch),
            routes=[],
            parties=self.parties_sent,
            contact=names.contact(target.flow, "warmline"),
            hops=self._hops,
            names=names,
            flow=target.flow,
            without_reliable=without_reliable or self.parties is not None,
            cseq_shift=self._cseq_shift,
            extra=() if credentials is None else credentials.lines("INVITE", target.uri),
        )
        leg = Leg(
            invite=self, branch=branch, uri=target.uri, routes=[], flow=target.flow,
            request=data, cseq_shift=self._cseq_shift,
        )  # fmt: skip
        self._begin(leg, now_s)

    def _challenged(self, leg: Leg, response: Message, now_s: float) -> bool:
        """Answer a trunk that asks who we are with another INVITE (RFC 3261 section 22.2)."""
        known, waits = self.credentials, self.is_open and not self.cancelled
        if known is None or leg not in self.legs or not waits or not known.take(response):
            return False
        leg.refused(response, now_s)
        self._drop_early(leg)
        self.legs.remove(leg)
        self._cseq_shift += 1
        self._call(Target(leg.flow, leg.uri), 0, now_s)
        return True

    def respond(self, leg: Leg, response: Message, now_s: float) -> None:
        """A response to one of the legs came (section 16.7)."""
        status = response.status
        if status < 200:
            leg.provisional(now_s)
            if status > 100 and self.state is InviteState.PROCEEDING and not leg.is_settled:
                self._pass_provisional(leg, response, now_s)
        elif status < 300:
            self._pass_answer(leg, response, now_s)
        elif status not in (401, 407) or not self._challenged(leg, response, now_s):
            leg.refused(response, now_s)
            self._drop_early(leg)
            if self.cell is not None and not self.from_cell and not self.cancelled:
                self.post.actions.append(Declined(self.cell))
            if status >= 600:
                self._cancel_others(leg, now_s)  # Section 16.7 step 5.
            self.settle(now_s)

    def settle(self, now_s: float) -> None:
        """When every leg has refused, pass the best refusal on (section 16.7 step 6)."""
        if not self.is_open or not self.legs or not all(leg.is_settled for leg in self.legs):
            return
        best = min(self.legs, key=_rank)
        status = 487 if self.cancelled else best.status
        if self.from_cell:
            # A telephone does not send our calls elsewhere (3xx), and a cell has no
            # password for another PBX (401, 407). Section 16.7: 503 becomes 500.
            status = {401: 403, 407: 403, 503: 500}.get(status, status)
            if 300 <= status < 400:
                status = 480
        if best.response is None or status != best.status or self.from_cell:
            self.refuse(status, now_s)
        else:
            self._send_final(self._outward(best.response), now_s)

    def cancel(self, now_s: float) -> None:
        """The caller wants no answer any more (section 9.2)."""
        if not self.is_open or self.cancelled:
            return
        self.cancelled = True
        for leg in self.legs:
            leg.cancel(now_s)
        self.settle(now_s)

    def acknowledged(self, now_s: float) -> bool:
        """The ACK for a refusal came; False when there was none to acknowledge."""
        if self.state is not InviteState.REFUSED:
            return self.state is InviteState.OVER
        self.state = InviteState.OVER
        self.post.agenda.at(now_s + T4_S, self)  # Timer I.
        return True

    def cell_gone(self, now_s: float) -> bool:
        """The cell has died: answer the caller or stop the telephones' ringing."""
        if not self.is_open:
            return False
        if self.from_cell:
            # Nobody is left to answer to; a late 2xx is ended by `_pass_answer`.
            self.state = InviteState.OVER
            self._release()
            self.post.agenda.at(now_s + TRANSACTION_S + LINGER_S, self)
            for leg in self.legs:
                leg.cancel(now_s)
        else:
            for leg in self.legs:
                leg.abandon(500, now_s)
            self.refuse(487 if self.cancelled else 500, now_s)
        for leg in self.legs:
            self._drop_early(leg)
        return True

    def wake(self, now_s: float) -> None:
        """Timers G and H towards the caller, and the end of the linger."""
        if self.state is InviteState.REFUSED and now_s < self._give_up_s:
            self.post.send(self.flow, self.last)
            self._pause_s = min(2 * self._pause_s, T2_S)
            self.post.agenda.at(min(now_s + self._pause_s, self._give_up_s), self)
        else:
            if self.state is InviteState.REFUSED:
                self.post.count("refusals_unacknowledged")
            self.table.remove(self)

    def forget_leg(self, leg: Leg) -> None:
        """A leg's linger is over."""
        self._drop_early(leg)
        self.table.remove_leg(leg)

    def _begin(self, leg: Leg, now_s: float) -> None:
        self.legs.append(leg)
        self.table.add_leg(leg)
        leg.begin(now_s)

    def _pass_provisional(self, leg: Leg, response: Message, now_s: float) -> None:
        if response.to_tag:
            self._dialog(leg, response, now_s)
        if self.from_cell and len(self.legs) > 1:
            # Several telephones ring as one: the cell hears of it once, without tag,
            # and opens no dialog with a telephone that may lose.
            if not self.rang:
                self.rang = True
                self._send(answer(self.request, self.vias, 180))
            return
        try:
            self._send(self._inward(response, leg) if self.from_cell else self._outward(response))
        except SipError:
            self.post.count("provisionals_dropped")

    def _pass_answer(self, leg: Leg, response: Message, now_s: float) -> None:
        leg.answered(now_s)
        dialog = self._dialog(leg, response, now_s)
        if dialog is None:
            return
        if dialog is self._winner:
            # A retransmission: the ACK was lost. It goes on to whoever owes the ACK.
            if dialog.orphaned and dialog.cell_called:
                dialog.acknowledge()
            elif not dialog.orphaned:
                self._send(self.last)
            return
        if dialog.orphaned:
            dialog.acknowledge()
            return
        dialog.state = DialogState.ANSWERED
        if not self.is_open or leg.state is LegState.ABANDONED:
            self._end_loser(dialog, now_s)
            return
        try:
            data = self._inward(response, leg) if self.from_cell else self._outward(response)
        except SipError:
            # The answer cannot be used: the telephone is told so, the caller too.
            self.post.count("answers_unusable")
            leg.status = 488
            self._end_loser(dialog, now_s)
            self.settle(now_s)
            return
        self._winner = dialog
        dialog.answer = data
        dialog.on_over, self.on_over = self.on_over, None
        self.state = InviteState.ANSWERED
        self._send(data)
        self._cancel_others(leg, now_s)
        for each in self.legs:
            self._drop_early(each)
        self.post.agenda.at(now_s + LINGER_S, self)

    def _end_loser(self, dialog: Dialog, now_s: float) -> None:
        """Acknowledge and end an answer that nobody wants (section 13.2.2.4)."""
        self.post.count("answers_too_late")
        if self.from_cell:
            dialog.orphan(now_s)
        else:
            # The late answer is the cell's own; it ends by itself without an ACK.
            self.dialogs.remove(dialog)

    def _dialog(self, leg: Leg, response: Message, now_s: float) -> Dialog | None:
        """Return the dialog that a response belongs to, made when there is none yet."""
        dialog = leg.dialogs.get(response.to_tag)
        if dialog is None:
            if response.status >= 200:
                self._drop_early(leg)
            if len(leg.dialogs) >= EARLY_DIALOGS_MAX or self.cell is None:
                self.post.count("dialogs_refused")
                return None
            dialog = self._open_dialog(leg, response)
            if not self.dialogs.add(dialog):
                return None
            leg.dialogs[response.to_tag] = dialog
        elif dialog.state is DialogState.EARLY and "Contact" in response.first:
            if self.from_cell:
                dialog.outside_target, dialog.routes = self._callee(response, leg)
            else:
                dialog.inside_target = contact_uri(response)
        return dialog

    def _open_dialog(self, leg: Leg, response: Message) -> Dialog:
        request = self.request
        caller, callee = parties_answered(request, response)
        assert self.cell is not None
        if self.from_cell:
            target, routes = self._callee(response, leg)
            if self.parties is not None:
                caller, callee = self.parties[0], f"{self.parties[1]};tag={response.to_tag}"
            return Dialog(
                call_id=request.call_id,
                inside_tag=request.from_tag,
                outside_tag=response.to_tag,
                inside_party=caller,
                outside_party=callee,
                cell=self.cell,
                flow=leg.flow,
                inside_target=contact_uri(request),
                outside_target=target,
                routes=routes,
                inside_cseq=request.cseq,
                invite_cseq=request.cseq,
                cell_called=True,
                owner=self.owner,
                post=self.post,
                cseq_shift=leg.cseq_shift,
                credentials=self.credentials,
            )
        return Dialog(
            call_id=request.call_id,
            inside_tag=response.to_tag,
            outside_tag=request.from_tag,
            inside_party=callee,
            outside_party=caller,
            cell=self.cell,
            flow=self.flow,
            inside_target=contact_uri(response) or leg.uri,
            # A caller of RFC 2543 may send no Contact.
            outside_target=contact_uri(request) or name_addresses(request.get("From"))[0].uri,
            routes=route_set(request),
            inside_cseq=0,
            invite_cseq=request.cseq,
            cell_called=False,
            owner=self.owner,
            post=self.post,
        )

    def _callee(self, response: Message, leg: Leg) -> tuple[str, tuple[str, ...]]:
        """Return target and route set of the telephone, or where it was called.

        Source:
            RFC 3261 section 12.1.2: the caller takes Record-Route in reverse.
        """
        try:
            return contact_uri(response) or leg.uri, tuple(reversed(route_set(response)))
        except SipError:
            self.post.count("targets_unusable")
            return leg.uri, ()

    def _inward(self, response: Message, leg: Leg) -> bytes:
        contact = self.post.names.contact(self.flow, "peer")
        return response_inward(
            response, request=self.request, vias=self.vias, contact=contact, flow=leg.flow
        )

    def _outward(self, response: Message) -> bytes:
        names = self.post.names
        return response_outward(
            response,
            request=self.request,
            vias=self.vias,
            record_routes=self.request.values("Record-Route"),
            contact=names.contact(self.flow, "warmline"),
            names=names,
            flow=self.flow,
        )

    def _send(self, data: bytes) -> None:
        self.last = data
        self.post.send(self.flow, data)

    def _send_final(self, data: bytes, now_s: float) -> None:
        self.state = InviteState.REFUSED
        self._release()
        self._send(data)
        self._give_up_s = now_s + TRANSACTION_S
        # Timer G runs over UDP only, timer H always (section 17.2.1).
        self.post.agenda.at(now_s + (TRANSACTION_S if self.flow.reliable else T1_S), self)

    def _release(self) -> None:
        on_over, self.on_over = self.on_over, None
        if on_over is not None:
            on_over()

    def _cancel_others(self, kept: Leg, now_s: float) -> None:
        for leg in self.legs:
            if leg is not kept:
                leg.cancel(now_s)

    def _drop_early(self, leg: Leg) -> None:
        for tag, dialog in list(leg.dialogs.items()):
            if dialog.state is DialogState.EARLY:
                self.dialogs.remove(dialog)
                del leg.dialogs[tag]

    def _early_tag(self) -> str:
        """Return the tag the cell has used with the caller, "" when it has not."""
        if self.from_cell:
            return ""
        return next((tag for leg in self.legs for tag in leg.dialogs), "")


def _rank(leg: Leg) -> tuple[int, int]:
    """Order refusals, the best first: 6xx, then the lowest class (section 16.7 step 6)."""
    kind = leg.status // 100
    order = _BETTER_FIRST.index(leg.status) if leg.status in _BETTER_FIRST else len(_BETTER_FIRST)
    return (0 if kind == 6 else kind, order)
