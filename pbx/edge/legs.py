"""One branch of a forwarded INVITE: the INVITE client transaction.

RFC 3261 section 17.1.1, with the states of RFC 6026 for what comes after a 2xx.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Final

from pbx.edge.dialogs import MAX_FORWARDS, Dialog
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.message import Line, Message, write
from pbx.edge.timers import LINGER_S, RINGING_S, T1_S, TRANSACTION_S

if TYPE_CHECKING:
    from pbx.edge.invites import Invite

EARLY_DIALOGS_MAX: Final = 8
"""Dialogs that one leg may open by provisional responses with different tags."""


class LegState(StrEnum):
    """How far a leg is."""

    CALLING = "calling"
    """Nothing heard yet."""
    RINGING = "ringing"
    """A provisional response came; from now on a CANCEL may be sent."""
    ANSWERED = "answered"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    """We wait no longer, but what still comes has to be put in order."""


class _Cancel(Enum):
    NONE = auto()
    WANTED = auto()
    SENT = auto()


@dataclass(slots=True, eq=False, kw_only=True)
class Leg:
    """An INVITE sent to one place.

    Attributes:
        branch: Of our Via; names the leg in responses.
        uri, routes: As sent, for ACK and CANCEL.
        status: Final status; 0 while there is none.
        response: The final response other than 2xx; None when it is our own verdict.
        dialogs: By the tag of the far end.
        winner: The dialog whose 2xx went back to the caller.
        cseq_shift: How much higher its CSeq is than that of the caller's INVITE.
    """

    invite: "Invite"
    branch: str
    uri: str
    routes: list[str]
    flow: Flow
    request: bytes = field(repr=False)
    state: LegState = LegState.CALLING
    status: int = 0
    response: Message | None = field(default=None, repr=False)
    dialogs: dict[str, Dialog] = field(default_factory=dict, repr=False)
    winner: Dialog | None = field(default=None, repr=False)
    cseq_shift: int = 0
    entry: int = 0
    _pause_s: float = T1_S
    _give_up_s: float = 0.0
    _cancel: _Cancel = _Cancel.NONE

    @property
    def is_settled(self) -> bool:
        """A final answer came or is no longer waited for."""
        return self.status != 0

    def begin(self, now_s: float) -> None:
        """Send the INVITE."""
        self._give_up_s = now_s + TRANSACTION_S
        post = self.invite.post
        post.send(self.flow, self.request)
        post.agenda.at(now_s + (TRANSACTION_S if self.flow.reliable else T1_S), self)

    def provisional(self, now_s: float) -> None:
        """A 1xx came: timers A and B end, timer C runs (section 16.7 step 2)."""
        if self.state is LegState.CALLING:
            self.state = LegState.RINGING
        if self._cancel is _Cancel.WANTED:
            self._send_cancel(now_s)
        elif self.state is LegState.RINGING and self._cancel is _Cancel.NONE:
            self.invite.post.agenda.at(now_s + RINGING_S, self)

    def answered(self, now_s: float) -> None:
        """A 2xx came."""
        if self.state is not LegState.ABANDONED:
            self.state = LegState.ANSWERED
        self.status = self.status or 200
        self.invite.post.agenda.at(now_s + LINGER_S, self)

    def refused(self, response: Message, now_s: float) -> None:
        """A final response other than 2xx came: acknowledge it, each time (17.1.1.3)."""
        self._acknowledge(response)
        if self.state in (LegState.REFUSED, LegState.ANSWERED):
            return
        if not self.is_settled:
            self.status, self.response = response.status, response
        self.state = LegState.REFUSED
        self.invite.post.agenda.at(now_s + LINGER_S, self)

    def cancel(self, now_s: float) -> None:
        """Ask the far end to stop, at once or as soon as it has been heard (section 9.1)."""
        if self.is_settled:
            return
        if self.state is LegState.RINGING:
            self._send_cancel(now_s)
            return
        self._cancel = _Cancel.WANTED
        if self.flow.listener != INSIDE:
            # A telephone that never spoke may be dead, and the caller shall not wait for it.
            self.abandon(487, now_s)

    def abandon(self, status: int, now_s: float) -> None:
        """Wait no longer; what comes later is cancelled or ended."""
        if self.is_settled:
            return
        self.status = status
        self.state = LegState.ABANDONED
        self.invite.post.agenda.at(now_s + LINGER_S, self)

    def wake(self, now_s: float) -> None:
        """Timers A, B and C, and the end of the linger."""
        post = self.invite.post
        if self.state is LegState.CALLING and now_s < self._give_up_s:
            post.send(self.flow, self.request)
            self._pause_s *= 2
            post.agenda.at(min(now_s + self._pause_s, self._give_up_s), self)
        elif self.state is LegState.CALLING:
            post.count("legs_unanswered")
            self.abandon(408, now_s)  # Section 16.8.
            self.invite.settle(now_s)
        elif self.state is LegState.RINGING and self._cancel is _Cancel.NONE:
            post.count("legs_rang_too_long")
            self._send_cancel(now_s)
        elif self.state is LegState.RINGING:
            # Cancelled, and even that was not answered (section 9.1, last paragraph).
            self.abandon(408, now_s)
            self.invite.settle(now_s)
        else:
            self.invite.forget_leg(self)

    def _send_cancel(self, now_s: float) -> None:
        if self._cancel is _Cancel.SENT:
            return
        self._cancel = _Cancel.SENT
        data = self._hop_request("CANCEL", self.invite.parties_sent[1])
        invite = self.invite
        invite.partings.begin(self.branch, "CANCEL", self.flow, data, now_s)
        if self.state is LegState.RINGING:
            invite.post.agenda.at(now_s + TRANSACTION_S, self)

    def _acknowledge(self, response: Message) -> None:
        self.invite.post.send(self.flow, self._hop_request("ACK", response.get("To")))

    def _hop_request(self, method: str, to: str) -> bytes:
        """Write an ACK or CANCEL with the branch of the INVITE (sections 9.1, 17.1.1.3)."""
        request = self.invite.request
        lines: list[Line] = [("Via", self.invite.post.names.via(self.flow, self.branch))]
        lines += [("Route", route) for route in self.routes]
        lines += [
            ("Max-Forwards", str(MAX_FORWARDS)),
            ("From", self.invite.parties_sent[0]),
            ("To", to),
            ("Call-ID", request.call_id),
            ("CSeq", f"{request.cseq + self.cseq_shift} {method}"),
        ]
        return write(f"{method} {self.uri} SIP/2.0", lines)
