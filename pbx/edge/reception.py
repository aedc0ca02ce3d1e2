"""Requests outside a dialog: new calls from outside, calls of a cell, registrations."""

import contextlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from sipmessage import URI

from domain.errors import SipError
from pbx.edge import checks
from pbx.edge.admission import Admission, Judgement, Verdict
from pbx.edge.answers import ALLOW
from pbx.edge.call import InboundCall, Placement, Refusal
from pbx.edge.crossing import SDP, body_inward, request_inward
from pbx.edge.dialogs import Address, DialogTable, Owner
from pbx.edge.flow import INSIDE, Flow, parse_uri
from pbx.edge.gate import Gate, Unknown
from pbx.edge.incoming import Incoming, reply, reply_fault
from pbx.edge.invite_table import InviteTable
from pbx.edge.invites import Invite, InviteState, Target
from pbx.edge.legs import Leg
from pbx.edge.message import Line, Message
from pbx.edge.outbound import TrunkCall, TrunkCalls
from pbx.edge.phones import Phones
from pbx.edge.post import Close, Place, Post
from pbx.sip.fields import name_addresses

INVITES_MAX: Final = 5_000
"""Calls being set up: 60 a second, each remembered for 37 s, twice."""
DRAIN_RETRY_AFTER_S: Final = 30
"""What a caller is told while the node drains; a restart takes less."""
FULL_RETRY_AFTER_S: Final = 5
DIALLED_CHARS_MAX: Final = 128
"""RFC 3966 numbers have 15 digits; a name in a URI may have more."""


URI_STARTS_REMEMBERED: Final = 1_024
"""Called numbers whose user part is kept as it is written in a URI."""


class Reception:
    """Who comes without a dialog."""

    def __init__(
        self,
        *,
        post: Post,
        invites: InviteTable,
        dialogs: DialogTable,
        admission: Admission,
        gate: Gate,
        phones: Phones,
        trunk_calls: TrunkCalls,
    ) -> None:
        """Work on the tables of the core."""
        self._post = post
        self._invites = invites
        self._dialogs = dialogs
        self._admission = admission
        self._gate = gate
        self._phones = phones
        self._trunk_calls = trunk_calls
        self.draining = False

    def begin(self, incoming: Incoming, judgement: Judgement, now_s: float) -> None:
        """Take in a request from outside that belongs to no dialog."""
        message = incoming.message
        invite = self._invites.find(incoming.key)
        if invite is not None and message.method == "INVITE":
            invite.repeated()
            return
        fault = (
            checks.party_fault(message)
            or checks.target_fault(message, incoming.flow)
            or checks.loop_fault(message, self._post)
            or checks.extension_fault(message)
        )
        if fault is not None:
            reply_fault(self._post, incoming, fault)
        elif message.method == "INVITE":
            self._invite(incoming, judgement, now_s)
        elif message.method == "REGISTER":
            self._register(incoming, now_s)
        elif message.method == "OPTIONS":
            # RFC 3261 section 11.2: what an INVITE could count on. Carriers ask in order to
            # send their calls elsewhere when we take none.
            if self.draining:
                reply(self._post, incoming, 503, extra=_retry_after(DRAIN_RETRY_AFTER_S))
                return
            extra = (("Allow", ALLOW), ("Accept", SDP), ("Supported", "timer"))
            reply(self._post, incoming, 200, extra=extra)
        elif message.method in ("BYE", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY"):
            reply(self._post, incoming, 481)
        else:
            reply(self._post, incoming, 405, extra=(("Allow", ALLOW),))

    def _register(self, incoming: Incoming, now_s: float) -> None:
        who = self._gate.prove(incoming.message, incoming.flow.host, now_s)
        if isinstance(who, Unknown):
            self._challenge(incoming, who, 401, "WWW-Authenticate")
        elif who.agent_id is None:
            reply(self._post, incoming, 403)
        else:
            status, reason, lines = self._phones.register(
                incoming.message, who.agent_id, incoming.flow, now_s
            )
            reply(self._post, incoming, status, reason=reason, extra=lines)

    def placed(self, token: str, result: Placement | Refusal, now_s: float) -> None:
        """Send a call to its cell, or refuse it."""
        invite = self._invites.find(token)
        if invite is None or invite.state is not InviteState.PLACING:
            return
        if isinstance(result, Placement):
            self._forward_to_cell(invite, result.address, now_s)
        elif invite.cancelled:
            invite.refuse(487, now_s)
        else:
            invite.refuse(
                result.status,
                now_s,
                reason=result.reason,
                extra=_retry_after(result.retry_after_s),
            )

    def _invite(self, incoming: Incoming, judgement: Judgement, now_s: float) -> None:
        message = incoming.message
        if self._invites.merged(message):
            reply(self._post, incoming, 482)  # RFC 3261 section 8.2.2.2.
            return
        if checks.hops_left(message) == -1:
            reply(self._post, incoming, 483)
            return
        owner = self._caller(incoming, judgement, now_s)
        if owner is None:
            return
        fault = (
            self._state_fault()
            or checks.dialog_fault(message)
            or checks.body_fault(message)
            or checks.session_fault(message)
            or self._sdp_fault(incoming)
        )
        if fault is None:
            call = _inbound_call(message, owner)
            fault = self._call_fault(call, now_s)
        if fault is not None:
            reply_fault(self._post, incoming, fault)
            return
        invite = self._new_invite(incoming, owner, InviteState.PLACING)
        if owner.trunk_id is not None:
            invite.on_over = self._call_ended(owner.trunk_id)
        invite.try_()
        self._post.count("calls_in")
        self._post.actions.append(Place(invite.key, call))

    def _state_fault(self) -> checks.Fault | None:
        if self.draining:
            return checks.Fault(503, _retry_after(DRAIN_RETRY_AFTER_S), "Draining")
        if self._is_full():
            return checks.Fault(503, _retry_after(FULL_RETRY_AFTER_S), "Full")
        return None

    def _sdp_fault(self, incoming: Incoming) -> checks.Fault | None:
        """Refuse what a cell may not see before a cell is taken for it."""
        if incoming.message.has_controls:
            return checks.Fault(400, reason="Control characters")
        try:
            body_inward(incoming.message, incoming.flow)
        except SipError:
            self._post.count("sdp_refused")
            return checks.Fault(488)
        return None

    def _call_fault(self, call: InboundCall, now_s: float) -> checks.Fault | None:
        """Admit a call to its trunk's numbers and limits; what is admitted must be ended."""
        if not call.dialled or len(call.dialled) > DIALLED_CHARS_MAX:
            return checks.Fault(404)
        if call.trunk_id is None:
            return None
        refusal = self._admission.begin_call(call.trunk_id, call.dialled, now_s=now_s)
        if refusal is None:
            return None
        return checks.Fault(refusal.status, _retry_after(refusal.retry_after_s), refusal.reason)

    def _caller(self, incoming: Incoming, judgement: Judgement, now_s: float) -> Owner | None:
        """Return who calls; None when he was challenged or is not answered."""
        # A registered telephone is a telephone, though it shares its address with a
        # trunk, as on a machine where both run.
        is_trunk = judgement.verdict is Verdict.TRUNK and judgement.trunk_id is not None
        if is_trunk and not self._phones.is_phone(incoming.flow):
            assert judgement.trunk_id is not None
            return self._gate.trunk_owner(judgement.trunk_id)
        who = self._gate.prove(incoming.message, incoming.flow.host, now_s)
        if isinstance(who, Unknown):
            self._challenge(incoming, who, 407, "Proxy-Authenticate")
            return None
        return who

    def call_agent(self, incoming: Incoming, now_s: float) -> None:
        """A cell calls `sip:AGENT@domain`, or out by a trunk, as call control has announced."""
        message = incoming.message
        invite = self._invites.find(incoming.key)
        if invite is not None:
            invite.repeated()
            return
        hops = checks.hops_left(message)
        if hops is None or hops < 0 or self._is_full():
            reply(self._post, incoming, 483 if hops is not None and hops < 0 else 503)
            return
        agent_id = parse_uri(message.uri).user or ""
        cell = (incoming.flow.host, incoming.flow.port)
        call = self._trunk_calls.take(cell, agent_id, now_s)
        if call is not None:
            self._call_out(incoming, call, now_s, hops)
            return
        targets = self._phones.targets(agent_id)
        if targets is None:
            reply(self._post, incoming, 404)
            return
        invite = self._new_invite(incoming, Owner(agent_id=agent_id), InviteState.PROCEEDING)
        invite.bind(cell)
        self._ring(invite, targets, now_s, hops)

    def _call_out(self, incoming: Incoming, call: TrunkCall, now_s: float, hops: int) -> None:
        """Call a customer back by his trunk."""
        invite = self._new_invite(incoming, call.owner, InviteState.PROCEEDING)
        invite.bind((incoming.flow.host, incoming.flow.port))
        if not self._admission.begin_outbound(call.trunk_id):
            invite.refuse(503, now_s)
            return
        invite.on_over = self._call_ended(call.trunk_id)
        invite.parties = (incoming.message.get("From"), call.to)
        invite.credentials = call.credentials
        self._post.count("calls_out_by_trunk")
        self._ring(invite, [] if call.target is None else [call.target], now_s, hops)

    def _ring(self, invite: Invite, targets: Sequence[Target], now_s: float, hops: int) -> None:
        if not targets:
            invite.refuse(480, now_s)
            return
        invite.try_()
        self._post.count("calls_out")
        try:
            invite.fork(targets, now_s, hops)
        except SipError:
            self._post.count("sdp_refused")
            invite.refuse(488, now_s)

    def _new_invite(self, incoming: Incoming, owner: Owner, state: InviteState) -> Invite:
        invite = Invite(
            key=incoming.key,
            request=incoming.message,
            vias=incoming.vias,
            flow=incoming.back,
            owner=owner,
            post=self._post,
            dialogs=self._dialogs,
            table=self._invites,
            state=state,
        )
        self._invites.add(invite)
        return invite

    def _forward_to_cell(self, invite: Invite, cell: Address, now_s: float) -> None:
        message, names = invite.request, self._post.names
        flow = Flow("udp", cell[0], cell[1], INSIDE)
        user = parse_uri(message.uri).user or ""
        uri = f"{_uri_start(user)}{cell[0]}:{cell[1]}"
        branch = self._post.branch(invite.key, "cell")
        try:
            data = request_inward(
                message,
                uri=uri,
                via=names.via(flow, branch),
                contact=names.contact(flow, "peer"),
                hops=checks.hops_left(message) or 0,
                flow=invite.flow,
            )
        except SipError:
            self._post.count("too_large_for_a_cell")
            invite.refuse(513, now_s)
            return
        leg = Leg(invite=invite, branch=branch, uri=uri, routes=[], flow=flow, request=data)
        invite.forward_to_cell(cell, leg, now_s)

    def _is_full(self) -> bool:
        return len(self._invites) >= INVITES_MAX or self._dialogs.is_full

    def _call_ended(self, trunk_id: str) -> Callable[[], None]:
        return lambda: self._admission.end_call(trunk_id)

    def _challenge(self, incoming: Incoming, who: Unknown, status: int, name: str) -> None:
        if who.challenges:
            extra = [(name, challenge) for challenge in who.challenges]
            reply(self._post, incoming, status, extra=extra)
        elif incoming.flow.reliable:
            self._post.actions.append(Close(incoming.flow))


def _inbound_call(message: Message, owner: Owner) -> InboundCall:
    identity = name_addresses(message.get("From"))[0]
    asserted = message.get("P-Asserted-Identity")
    if owner.trunk_id is not None and asserted:
        with contextlib.suppress(SipError):
            identity = name_addresses(asserted)[0]
    return InboundCall(
        sip_call_id=message.call_id,
        origin="trunk" if owner.trunk_id is not None else "agent",
        trunk_id=owner.trunk_id,
        agent_id=owner.agent_id,
        dialled=parse_uri(message.uri).user or "",
        caller=_user(identity.uri),
        is_hidden=_is_hidden(message),
        display_name=identity.name[:DIALLED_CHARS_MAX],
    )


@lru_cache(maxsize=URI_STARTS_REMEMBERED)
def _uri_start(user: str) -> str:
    """Return a URI up to its host, the user part escaped as it must be by the library."""
    return str(URI(scheme="sip", host="host", user=user)).removesuffix("host")


def _is_hidden(message: Message) -> bool:
    """Return whether a caller has asked that his number be kept private.

    Source:
        RFC 3323 sections 4.1.1.3 and 4.2, RFC 3325 section 9.3.
    """
    asked = {word.strip() for word in message.get("Privacy").lower().split(";")}
    if asked & {"id", "user", "header"}:
        return True
    with contextlib.suppress(SipError):
        uri = parse_uri(name_addresses(message.get("From"))[0].uri)
        return (uri.user or "").lower() == "anonymous" or uri.host.lower() == "anonymous.invalid"
    return True


def _user(uri: str) -> str:
    try:
        return (parse_uri(uri).user or "")[:DIALLED_CHARS_MAX]
    except SipError:
        return ""


def _retry_after(seconds: int | None) -> tuple[Line, ...]:
    return (("Retry-After", str(seconds)),) if seconds is not None else ()
