"""Requests inside a dialog, on their way from one end to the other.

Forwarded without timers: whoever sent a request sends it again, and the same request
gets the same branch (RFC 3261 section 16.11). What is kept is where its answer goes.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from domain.errors import SipError
from pbx.edge.answers import answer
from pbx.edge.crossing import (
    parties_of,
    request_inward,
    request_outward,
    response_inward,
    response_outward,
)
from pbx.edge.dialogs import Dialog, DialogState, contact_uri
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.message import Message, write
from pbx.edge.partings import Partings
from pbx.edge.post import Post
from pbx.edge.timers import LINGER_S

HOPS_MAX: Final = 20_000
"""Requests on their way: 8,000 dialogs with a BYE and a re-INVITE each, and some."""

_REFRESHING: Final = frozenset(("INVITE", "UPDATE"))
"""Target refresh requests (RFC 3261 section 12.2, RFC 3311 section 5.1)."""


@dataclass(slots=True, eq=False, kw_only=True)
class Hop:
    """One request that was forwarded.

    Attributes:
        inward: It goes to the cell.
        vias: Of the request, for its answers.
        back: Where answers go.
        forth: Where the request went.
        target: Contact of its sender; his new target once the request has succeeded.
        uri: Request-URI as forwarded, for CANCEL and ACK.
    """

    branch: str
    dialog: Dialog
    inward: bool
    method: str
    vias: list[str] = field(repr=False)
    back: Flow
    forth: Flow
    target: str
    uri: str
    routes: list[str]
    request: Message = field(repr=False)
    expires_s: float
    status: int = 0


class Relay:
    """The requests on their way through known dialogs."""

    def __init__(self, post: Post, partings: Partings, *, hops_max: int = HOPS_MAX) -> None:
        """Make a relay with nothing on its way."""
        self._post = post
        self._partings = partings
        self._hops_max = hops_max
        self._hops: OrderedDict[str, Hop] = OrderedDict()

    def __len__(self) -> int:
        return len(self._hops)

    def find(self, branch: str) -> Hop | None:
        """Return what a response, CANCEL or ACK with that branch belongs to."""
        return self._hops.get(branch)

    def forward(
        self,
        message: Message,
        dialog: Dialog,
        *,
        branch: str,
        vias: list[str],
        back: Flow,
        hops: int,
        now_s: float,
    ) -> None:
        """Send a request of one end to the other.

        Raises:
            SipError: Its body cannot be passed on; an ACK goes on without it.
        """
        inward = back.listener != INSIDE
        if message.method == "ACK":
            dialog.acknowledged(now_s)
        hop = self._hops.get(branch)
        if hop is None:
            hop = self._make_hop(message, dialog, branch=branch, vias=vias, back=back, now_s=now_s)
            if message.method != "ACK":
                self._keep(hop)
        try:
            data = self._write(message, hop, hops)
        except SipError:
            if message.method != "ACK":
                raise
            self._post.count("ack_bodies_dropped")
            message.body = b""
            data = self._write(message, hop, hops)
        if message.method == "BYE":
            dialog.end(now_s)
        if not inward:
            dialog.inside_cseq = max(dialog.inside_cseq, message.cseq)
        self._post.send(hop.forth, data)

    def hop_request(self, hop: Hop, message: Message) -> None:
        """Forward the CANCEL of a re-INVITE, or the ACK of its refusal (section 16.10)."""
        via = self._post.names.via(hop.forth, hop.branch)
        lines = [("Via", via), *[("Route", route) for route in hop.routes]]
        lines.append(("Max-Forwards", "69"))
        dialog = hop.dialog
        parties = (dialog.inside_party, dialog.outside_party)
        if hop.inward:
            parties = parties_of(message)
        lines += zip(("From", "To"), parties, strict=True)
        shift = 0 if hop.inward else dialog.cseq_shift
        lines += [
            ("Call-ID", message.call_id),
            ("CSeq", f"{message.cseq + shift} {message.method}"),
        ]
        self._post.send(hop.forth, write(f"{message.method} {hop.uri} SIP/2.0", lines))

    def respond(self, hop: Hop, response: Message, now_s: float) -> None:
        """Send a response back to where the request came from (section 16.7 step 9)."""
        dialog = hop.dialog
        status = response.status
        if response.method == hop.method and status >= 200:
            hop.status = status
            dialog.unanswered.pop(hop.branch, None)
            if status < 300 and hop.method in _REFRESHING:
                self._refresh(hop, response)
            if status < 300 and hop.method == "INVITE" and dialog.state is DialogState.CONFIRMED:
                # A dialog keeps its INVITE's CSeq for an ACK that a dead cell owes.
                dialog.invite_cseq = hop.request.cseq if not hop.inward else dialog.invite_cseq
        try:
            data = self._write_response(hop, response)
        except SipError:
            self._post.count("answers_unusable")
            if status < 200:
                return
            # Whoever asked shall not wait for an answer that cannot be passed on.
            data = answer(hop.request, hop.vias, 488)
        self._post.send(hop.back, data)

    def end_dialog(self, dialog: Dialog, now_s: float) -> None:
        """Answer what a dead cell has left open, and take over the BYE it has sent."""
        unanswered, dialog.unanswered = list(dialog.unanswered.values()), {}
        for hop in unanswered:
            hop.status = 500
            if hop.inward:
                status = 200 if hop.method == "BYE" else 500
                self._post.send(hop.back, answer(hop.request, hop.vias, status))
            elif hop.method == "BYE":
                self._post.count("byes_taken_over")
                data = self._write(hop.request, hop, 69)
                self._partings.begin(hop.branch, "BYE", hop.forth, data, now_s)

    def sweep(self, now_s: float) -> None:
        """Forget what was forwarded long ago."""
        hops = self._hops
        while hops and next(iter(hops.values())).expires_s <= now_s:
            branch, hop = hops.popitem(last=False)
            hop.dialog.unanswered.pop(branch, None)

    def _make_hop(
        self,
        message: Message,
        dialog: Dialog,
        *,
        branch: str,
        vias: list[str],
        back: Flow,
        now_s: float,
    ) -> Hop:
        inward = back.listener != INSIDE
        routes: list[str] = []
        if inward:
            uri, forth = dialog.inside_target, Flow("udp", *dialog.cell, INSIDE)
        else:
            uri, routes, forth = dialog.routed()
        return Hop(
            branch=branch,
            dialog=dialog,
            inward=inward,
            method=message.method,
            vias=vias,
            back=back,
            forth=forth,
            target=contact_uri(message) if message.method in _REFRESHING else "",
            uri=uri,
            routes=routes,
            request=message,
            expires_s=now_s + LINGER_S,
        )

    def _keep(self, hop: Hop) -> None:
        if len(self._hops) >= self._hops_max:
            branch, oldest = self._hops.popitem(last=False)
            oldest.dialog.unanswered.pop(branch, None)
            self._post.count("hops_forgotten")
        self._hops[hop.branch] = hop
        hop.dialog.unanswered[hop.branch] = hop

    def _write(self, message: Message, hop: Hop, hops: int) -> bytes:
        names = self._post.names
        via = names.via(hop.forth, hop.branch)
        if hop.inward:
            return request_inward(
                message,
                uri=hop.uri,
                via=via,
                contact=names.contact(hop.forth, "peer"),
                hops=hops,
                flow=hop.back,
            )
        return request_outward(
            message,
            uri=hop.uri,
            via=via,
            routes=hop.routes,
            # As the peer knows them from the INVITE.
            parties=(hop.dialog.inside_party, hop.dialog.outside_party),
            contact=names.contact(hop.forth, "warmline"),
            hops=hops,
            names=names,
            flow=hop.forth,
            cseq_shift=hop.dialog.cseq_shift,
            extra=hop.dialog.proofs(message.method, hop.uri),
        )

    def _write_response(self, hop: Hop, response: Message) -> bytes:
        names = self._post.names
        if hop.inward:
            return response_outward(
                response,
                request=hop.request,
                vias=hop.vias,
                record_routes=[],
                contact=names.contact(hop.back, "warmline"),
                names=names,
                flow=hop.back,
            )
        # A cell has no password for another PBX (RFC 3261 section 22).
        status = 403 if response.status in (401, 407) else response.status
        return response_inward(
            response,
            request=hop.request,
            vias=hop.vias,
            contact=names.contact(hop.back, "peer"),
            flow=hop.forth,
            status=status,
        )

    def _refresh(self, hop: Hop, response: Message) -> None:
        """Take the targets of a successful refresh (RFC 3261 section 12.2.1.2, 12.2.2)."""
        dialog = hop.dialog
        answered = contact_uri(response)
        inside, outside = (answered, hop.target) if hop.inward else (hop.target, answered)
        dialog.inside_target = inside or dialog.inside_target
        dialog.outside_target = outside or dialog.outside_target
