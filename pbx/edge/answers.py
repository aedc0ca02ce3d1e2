"""Responses that the edge writes itself (RFC 3261 section 8.2.6)."""

from collections.abc import Iterable, Sequence
from typing import Final

from pbx.edge.message import Line, Message, write

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, REFER, NOTIFY"
METHODS: Final = frozenset(ALLOW.split(", "))

PHRASES: Final = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
"""RFC 3261 section 21 and the IANA registry of SIP response codes."""


def phrase(status: int) -> str:
    """Return the reason phrase of a status; of one without, that of its class."""
    return PHRASES.get(status) or PHRASES.get(status // 100 * 100) or "Unknown"


def answer(
    request: Message,
    vias: Iterable[str],
    status: int,
    *,
    reason: str = "",
    to_tag: str = "",
    extra: Sequence[Line] = (),
    body: bytes = b"",
) -> bytes:
    """Return a response to a request.

    Args:
        request: What is answered; it may lack From, To, Call-ID or CSeq.
        vias: Its Via values, the topmost with `received` and `rport`.
        status: SIP status.
        reason: Reason phrase; "": the usual one.
        to_tag: Added to To where the request has none.
        extra: Further header fields.
        body: Message body; its Content-Type stands in `extra`.
    """
    lines: list[Line] = [("Via", via) for via in vias]
    for name in ("From", "To", "Call-ID", "CSeq"):
        value = request.first.get(name)
        if value is None:
            continue
        if name == "To" and to_tag and not request.to_tag and status > 100:
            value = f"{value};tag={to_tag}"
        lines.append((name, value))
    lines += extra
    return write(f"SIP/2.0 {status} {reason or phrase(status)}", lines, body)
