"""A request with the way it came, and the answers that the edge does not remember."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import SipError
from pbx.edge.answers import answer
from pbx.edge.checks import Fault
from pbx.edge.flow import INSIDE, MAGIC_COOKIE, Flow, Via, read_via
from pbx.edge.message import Line, Message
from pbx.edge.post import Post


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A request as it stands at the edge.

    Attributes:
        vias: Its Via values, the topmost with `received` and `rport`.
        back: Where its answers go (RFC 3261 section 18.2.2, RFC 3581 section 4).
        key: The same for its retransmissions, its CANCEL and its ACK (section 17.2.3).
    """

    message: Message
    vias: list[str]
    flow: Flow
    back: Flow
    key: str

    @property
    def from_cell(self) -> bool:
        """It came in by the cells' socket."""
        return self.flow.listener == INSIDE


def read_incoming(message: Message, flow: Flow) -> Incoming:
    """Read which way a request came.

    One whose Via cannot be read is answered with 400 to where it came from.
    """
    try:
        values = message.values("Via")
        via = read_via(values[0], flow)
    except (SipError, IndexError):
        values = [value for name, value in message.lines if name == "Via"]
        via = Via(sent_by="", branch="", amended=values[0], reply_port=flow.port)
        message.lacking = message.lacking or "Via is no list of addresses"
    same = flow.reliable or flow.port == via.reply_port
    return Incoming(
        message=message,
        vias=[via.amended, *values[1:]],
        flow=flow,
        back=flow if same else flow._replace(port=via.reply_port),
        key=_transaction_key(message, via),
    )


def _transaction_key(message: Message, via: Via) -> str:
    """Return what names the server transaction.

    Source:
        RFC 3261 section 17.2.3; its second half for clients of RFC 2543, whose branch is
        not unique. An ACK or CANCEL of such a client has no tag we could count on.
    """
    if via.branch.startswith(MAGIC_COOKIE) and len(via.branch) > len(MAGIC_COOKIE):
        name = "I" if message.method in ("INVITE", "ACK", "CANCEL") else message.method
        # Call-ID and CSeq too: some telephones use one branch for all they send.
        return f"{via.branch} {via.sent_by} {name} {message.call_id} {message.cseq}"
    return f"{message.get('From')} {message.uri} {message.call_id} {message.cseq} {via.amended}"


def reply(
    post: Post, incoming: Incoming, status: int, *, reason: str = "", extra: Sequence[Line] = ()
) -> None:
    """Answer without remembering it (RFC 3261 section 8.2.7).

    The tag is made of the transaction's key, so that every retransmission gets the same.
    """
    post.count(f"answered_{status}")
    data = answer(
        incoming.message,
        incoming.vias,
        status,
        reason=reason,
        to_tag=post.digest("tag", incoming.key),
        extra=extra,
    )
    post.send(incoming.back, data)


def reply_fault(post: Post, incoming: Incoming, fault: Fault) -> None:
    """Answer with a refusal; an ACK is never answered (RFC 3261 section 17.1.1.3)."""
    if incoming.message.method != "ACK":
        reply(post, incoming, fault.status, reason=fault.reason, extra=fault.extra)
