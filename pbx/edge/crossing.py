"""How a message is written anew when it crosses the edge.

A cell sees one Via, no Record-Route, a Contact on the loopback, known header fields and
a guarded SDP; a peer sees our public address and nothing of the loopback. So the two
sides of a dialog are kept by the edge (`pbx.edge.dialogs`) and both sides' requests come
to it because its own Contact is their remote target. Record-Route would have to be
rewritten on the way back for the same end (RFC 3261 section 16.7 step 8), and carriers
that ignore it would send to a loopback address.
"""

from collections.abc import Sequence
from typing import Final

from domain.errors import SipError
from pbx.edge.answers import phrase
from pbx.edge.flow import Flow
from pbx.edge.message import Line, Message, write
from pbx.edge.post import Names
from pbx.sip.sdp import guard_sdp

CELL_MESSAGE_BYTES_MAX: Final = 4_000
"""PJSIP's packet buffer (PJSIP_MAX_PKT_LEN); a longer datagram is cut off."""

INWARD_VALUE_CHARS_MAX: Final = 500
"""A longer field is left out on the way to a cell: PJSIP prints into buffers of this order."""

INWARD_FIELDS: Final = frozenset(
    (
        *("Call-ID", "CSeq"),
        *("Allow", "Supported", "Require", "Unsupported", "Accept", "Allow-Events"),
        *("Session-Expires", "Min-SE", "RSeq", "RAck", "Reason", "Retry-After", "Warning"),
        *("Event", "Subscription-State", "Refer-To", "Refer-Sub", "Referred-By"),
        *("P-Asserted-Identity", "Privacy", "User-Agent", "Server"),
    )
)
"""What a cell has a use for. Replaces is missing: a call taken over is another contact's."""

HOP_FIELDS: Final = frozenset(
    (
        *("Via", "Route", "Record-Route", "Max-Forwards", "Contact", "Content-Length"),
        *("From", "To"),
        *("Proxy-Authorization", "Authorization", "Content-Type", "Content-Encoding"),
        *("Content-Disposition", "Content-Language", "MIME-Version"),
    )
)
"""What the edge writes itself or what is meant for it alone."""

SDP: Final = "application/sdp"

Parties = tuple[str, str]
"""From and To."""
_OTHER_BODIES: Final = frozenset(
    ("application/dtmf-relay", "application/dtmf", "message/sipfrag", "text/plain")
)
OTHER_BODY_BYTES_MAX: Final = 1_000
"""A DTMF digit has 25 bytes, a fragment of a final response 200."""


def parties_of(message: Message) -> Parties:
    """Return From and To as they stand."""
    return message.get("From"), message.get("To")


def parties_answered(request: Message, response: Message) -> Parties:
    """Return From and To of a response as its request has them (RFC 3261 section 8.2.6.2).

    PJSIP drops ports from the URIs in From and To, and callers compare.
    """
    to = request.get("To")
    if response.to_tag and not request.to_tag:
        to = f"{to};tag={response.to_tag}"
    return request.get("From"), to


def content_type(message: Message) -> str:
    """Return the media type without parameters, in lower case; "" when there is none."""
    return message.get("Content-Type").partition(";")[0].strip().lower()


def body_inward(message: Message, flow: Flow) -> tuple[list[Line], bytes]:
    """Return the Content-Type and body that a cell may see.

    Raises:
        SipError: The SDP cannot be used, or the body is of another kind.
    """
    if not message.body:
        return [], b""
    kind = content_type(message)
    if kind == SDP:
        if not message.body_guarded:
            own_machine = flow.host.startswith("127.") or flow.host == "::1"
            message.body = guard_sdp(message.body, loopback_allowed=own_machine)
            message.body_guarded = True
        return [("Content-Type", SDP)], message.body
    if kind in _OTHER_BODIES and len(message.body) <= OTHER_BODY_BYTES_MAX:
        return [("Content-Type", kind)], message.body
    raise SipError(f"body: {kind[:60]!r} is not {SDP}")


def body_outward(message: Message, names: Names, flow: Flow) -> tuple[list[Line], bytes]:
    """Return the Content-Type and body for a peer; SDP says where he sends his media.

    Raises:
        SipError: The cell's SDP cannot be used.
    """
    if not message.body:
        return [], b""
    kind = content_type(message)
    if kind == SDP:
        return [("Content-Type", SDP)], guard_sdp(
            message.body, connection_address=names.media_address(flow)
        )
    return [("Content-Type", message.get("Content-Type"))], message.body


def request_inward(
    message: Message, *, uri: str, via: str, contact: str, hops: int, flow: Flow
) -> bytes:
    """Write a peer's request for a cell.

    Raises:
        SipError: Its body or its length is nothing for a cell.
    """
    kind, body = body_inward(message, flow)
    lines = [("Via", via), ("Max-Forwards", str(hops))]
    lines += _inward_lines(message, parties_of(message))
    # An INVITE of RFC 2543 may come without Contact; a cell needs one.
    if "Contact" in message.first or message.method == "INVITE":
        lines.append(("Contact", contact))
    data = write(f"{message.method} {uri} SIP/2.0", lines + kind, body)
    if len(data) > CELL_MESSAGE_BYTES_MAX:
        raise SipError(
            f"message: {len(data)} bytes for a cell are over the limit of {CELL_MESSAGE_BYTES_MAX}"
        )
    return data


def response_inward(
    message: Message,
    *,
    request: Message,
    vias: list[str],
    contact: str,
    flow: Flow,
    status: int | None = None,
) -> bytes:
    """Write a peer's response to a cell's request; the reason phrase is ours.

    Raises:
        SipError: Its body or its length is nothing for a cell.
    """
    kind, body = body_inward(message, flow)
    status = status or message.status
    lines = [("Via", via) for via in vias]
    # The CSeq of the request: a trunk has seen a higher one where it had asked for a password.
    lines.append(("CSeq", request.get("CSeq")))
    lines += [
        line
        for line in _inward_lines(message, parties_answered(request, message))
        if line[0] != "CSeq"
    ]
    if "Contact" in message.first and status < 300:
        lines.append(("Contact", contact))
    data = write(f"SIP/2.0 {status} {phrase(status)}", lines + kind, body)
    if len(data) > CELL_MESSAGE_BYTES_MAX:
        raise SipError(
            f"message: {len(data)} bytes for a cell are over the limit of {CELL_MESSAGE_BYTES_MAX}"
        )
    return data


def _inward_lines(message: Message, parties: Parties) -> list[Line]:
    return [
        ("From", parties[0]),
        ("To", parties[1]),
    ] + [
        line
        for line in message.lines
        if line[0] in INWARD_FIELDS and len(line[1]) <= INWARD_VALUE_CHARS_MAX
    ]


def request_outward(
    message: Message,
    *,
    uri: str,
    via: str,
    routes: list[str],
    parties: Parties,
    contact: str,
    hops: int,
    names: Names,
    flow: Flow,
    without_reliable: bool = False,
    cseq_shift: int = 0,
    extra: Sequence[Line] = (),
) -> bytes:
    """Write a cell's request for a peer.

    Args:
        message: The cell's request.
        uri: Its new request-URI.
        via: Our Via.
        routes: Route values.
        parties: From and To.
        contact: Our Contact towards the peer.
        hops: New Max-Forwards.
        names: How we call ourselves.
        flow: Where it goes.
        without_reliable: Offer no reliable provisional responses (RFC 3262): among
            several telephones nobody would acknowledge those of the losers.
        cseq_shift: Added to the CSeq; more than 0 where we have sent an INVITE of our own.
        extra: Further header fields.

    Raises:
        SipError: The cell's SDP cannot be used.
    """
    kind, body = body_outward(message, names, flow)
    lines = [("Via", via)]
    lines += [("Route", route) for route in routes]
    lines += [("Max-Forwards", str(hops)), ("From", parties[0]), ("To", parties[1])]
    passed = message.without(HOP_FIELDS)
    if cseq_shift:
        passed = [line for line in passed if line[0] not in ("CSeq", "RAck")]
        lines.append(("CSeq", f"{message.cseq + cseq_shift} {message.method}"))
    lines += map(_without_reliable, passed) if without_reliable else passed
    lines += extra
    if "Contact" in message.first:
        lines.append(("Contact", contact))
    return write(f"{message.method} {uri} SIP/2.0", lines + kind, body)


def _without_reliable(line: Line) -> Line:
    if line[0] != "Supported":
        return line
    kept = [tag.strip() for tag in line[1].split(",") if tag.strip().lower() != "100rel"]
    return "Supported", ", ".join(kept)


def response_outward(
    message: Message,
    *,
    request: Message,
    vias: list[str],
    record_routes: list[str],
    contact: str,
    names: Names,
    flow: Flow,
) -> bytes:
    """Write a cell's response for a peer.

    Args:
        message: The cell's response.
        request: What it answers.
        vias: The Via values of the peer's request.
        record_routes: The Record-Route values of the peer's request, which a response
            repeats (RFC 3261 section 12.1.1).
        contact: Our Contact towards the peer.
        names: How we call ourselves.
        flow: Where the response goes.

    Raises:
        SipError: The cell's SDP cannot be used.
    """
    kind, body = body_outward(message, names, flow)
    lines = [("Via", via) for via in vias]
    lines += [("Record-Route", route) for route in record_routes]
    lines += zip(("From", "To"), parties_answered(request, message), strict=True)
    lines += message.without(HOP_FIELDS)
    if "Contact" in message.first:
        lines.append(("Contact", contact))
    return write(f"SIP/2.0 {message.status} {message.reason}", lines + kind, body)
