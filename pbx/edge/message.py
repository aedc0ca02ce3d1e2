"""A SIP message as a flat list of header fields, and back to bytes.

`sipmessage` regroups fields, knows no folded lines, takes time that doubles with each
quoted parameter (see `pbx.sip.fields`) and needs 90 us for a proxy step. A proxy has to
touch six fields and pass the rest on, so the edge keeps the lines as they came and
reads a field when its rule needs it. What sipmessage reads well (URIs), it reads here too.
"""

import re
from collections.abc import Iterable
from typing import Final

from domain.errors import SipError
from pbx.sip.fields import split_outside_quotes

HEADER_LINES_MAX: Final = 256
"""RFC 4475's longest message has 35 Vias; nothing real has more than 80 lines."""

CSEQ_MAX: Final = 2**31 - 1
"""RFC 3261 section 8.1.1.5: less than 2**31."""

Line = tuple[str, str]

_KNOWN_NAMES: Final = (
    "Accept Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authorization "
    "Call-ID Contact Content-Disposition Content-Encoding Content-Language Content-Length "
    "Content-Type CSeq Date Diversion Event Expires From History-Info Identity Max-Forwards "
    "MIME-Version Min-Expires Min-SE P-Asserted-Identity P-Early-Media P-Preferred-Identity "
    "Path Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason "
    "Record-Route Refer-To Refer-Sub Referred-By Remote-Party-ID Replaces Require "
    "Retry-After Route RSeq Server Session-Expires Subject Subscription-State Supported To "
    "Unsupported User-Agent Via Warning WWW-Authenticate"
)
_COMPACT_NAMES: Final = {
    # RFC 3261 section 7.3.3 and the IANA registry of SIP parameters.
    **{"a": "Accept-Contact", "u": "Allow-Events", "i": "Call-ID", "m": "Contact"},
    **{"e": "Content-Encoding", "l": "Content-Length", "c": "Content-Type", "o": "Event"},
    **{"f": "From", "y": "Identity", "r": "Refer-To", "b": "Referred-By"},
    **{"j": "Reject-Contact", "d": "Request-Disposition", "x": "Session-Expires"},
    **{"s": "Subject", "k": "Supported", "t": "To", "v": "Via"},
}
_CANONICAL: Final = {
    **_COMPACT_NAMES,
    **{name: name for name in _KNOWN_NAMES.split()},
    **{name.lower(): name for name in _KNOWN_NAMES.split()},
}
_SINGLE: Final = frozenset(
    ("Call-ID", "Content-Length", "Content-Type", "CSeq", "From", "Max-Forwards", "To")
)
"""Fields that may stand once (RFC 3261 section 7.3.1); two of them disagree sooner or later."""

_LISTS: Final = frozenset(("Via", "Route", "Record-Route"))

_FOLD: Final = re.compile(r"[ \t]*\r\n[ \t]+")
_NAME: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_METHOD: Final = _NAME
_REQUEST_LINE: Final = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+) ([^ ]*) SIP/2\.0")
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9]) (.*)")
_CSEQ: Final = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_TAG: Final = re.compile(r";[ \t]*tag[ \t]*=[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]*(?:;|$)", re.I)
_PLAIN_BYTES: Final = bytes(b for b in range(256) if b >= 32 and b != 127) + b"\t\r\n"


class Message:
    """One request or response.

    Attributes:
        method: Request method; of a response, the method in its CSeq.
        uri: Request-URI; "" in a response.
        status: 100 to 699; 0 in a request.
        lines: Header fields in order, names in canonical spelling, values unfolded.
        first: The first value of each field.
        has_controls: A control character stands in the header; no cell may see it.
        from_tag, to_tag: "" when there is none.
        body_guarded: The SDP guard has written the body.
        lacking: Why the message cannot be forwarded, "" when nothing is wrong; a request
            with a fault here can still be answered.
    """

    __slots__ = (
        "body",
        "body_guarded",
        "cseq",
        "first",
        "from_tag",
        "has_controls",
        "lacking",
        "lines",
        "method",
        "reason",
        "status",
        "to_tag",
        "uri",
    )

    def __init__(self, *, method: str, uri: str, status: int, reason: str) -> None:
        """Make a message without header fields."""
        self.method = method
        self.uri = uri
        self.status = status
        self.reason = reason
        self.lines: list[Line] = []
        self.first: dict[str, str] = {}
        self.body = b""
        self.body_guarded = False
        self.cseq = 0
        self.from_tag = ""
        self.to_tag = ""
        self.has_controls = False
        self.lacking = ""

    @property
    def call_id(self) -> str:
        """Call-ID, "" when there is none."""
        return self.first.get("Call-ID", "")

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a field, by canonical name."""
        return self.first.get(name, default)

    def values(self, name: str) -> list[str]:
        """Return every value of a field that is a comma-separated list.

        Raises:
            SipError: A quoted string or bracket in it is not closed.
        """
        found: list[str] = []
        for key, value in self.lines:
            if key == name:
                if "," in value:
                    found += [piece for piece in split_outside_quotes(value, ",") if piece]
                elif value:
                    found.append(value)
        return found

    def tokens(self, name: str) -> list[str]:
        """Return the tokens of a field such as Require, in lower case."""
        if name not in self.first:
            return []
        return [
            token.strip().lower()
            for key, value in self.lines
            if key == name
            for token in value.split(",")
            if token.strip()
        ]

    def without(self, dropped: frozenset[str]) -> list[Line]:
        """Return the header fields whose names are not dropped."""
        return [line for line in self.lines if line[0] not in dropped]


def write(start: str, lines: Iterable[Line], body: bytes = b"") -> bytes:
    """Return a message on the wire; Content-Length is added, so `lines` has none."""
    head = "".join([f"{name}: {value}\r\n" for name, value in lines])
    return f"{start}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def parse(data: bytes) -> Message:
    """Parse one message.

    A fault that still lets us answer (a second To, a wrong Content-Length) is told in
    `lacking`; a message too broken to be answered raises.

    Raises:
        SipError: It is no SIP message, or has no start line and Via to answer by.
    """
    # RFC 3261 section 7.5: ignore CRLF before the start line.
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        raise SipError("message: no empty line after the header")
    try:
        text = head.decode()
    except UnicodeDecodeError:
        # Old trunks send display names in Latin-1. Cells read UTF-8 and nothing else.
        text = head.decode("latin-1")
    start, *rest = text.split("\r\n")
    if not len(rest) == text.count("\n") == text.count("\r"):
        raise SipError("message: a line ends without CRLF")
    if "\r\n " in text or "\r\n\t" in text:
        start, *rest = _FOLD.sub(" ", text).split("\r\n")  # RFC 3261 section 7.3.1
    message = _start_line(start)
    message.has_controls = bool(head.translate(None, _PLAIN_BYTES))
    if len(rest) > HEADER_LINES_MAX:
        message.lacking = f"{len(rest)} header fields, at most {HEADER_LINES_MAX}"
        del rest[HEADER_LINES_MAX:]
    lines, first = message.lines, message.first
    canonical = _CANONICAL.get
    for line in rest:
        raw_name, colon, value = line.partition(":")
        name = canonical(raw_name)
        if name is None:
            raw_name = raw_name.strip()
            name = canonical(raw_name.lower(), raw_name)
            if not colon or not _NAME.fullmatch(raw_name):
                message.lacking = message.lacking or "a line is no header field"
                continue
        value = value.strip()
        lines.append((name, value))
        if name not in first:
            first[name] = value
        elif name in _SINGLE:
            message.lacking = message.lacking or f"{name} stands twice"
    if "Via" not in first:
        raise SipError("message: no Via")
    _read_key_fields(message)
    _read_body(message, body)
    return message


def _start_line(line: str) -> Message:
    """Read the start line (RFC 3261 section 7.1 and 7.2): exactly one space between parts."""
    match = _REQUEST_LINE.fullmatch(line)
    if match is not None:
        return Message(method=match[1], uri=match[2], status=0, reason="")
    match = _STATUS_LINE.fullmatch(line)
    if match is not None:
        return Message(method="", uri="", status=int(match[1]), reason=match[2])
    # What follows says what is wrong, or lets pass what is hardly wrong.
    if line.startswith("SIP/"):
        version, _, rest = line.partition(" ")
        code, _, reason = rest.partition(" ")
        if version != "SIP/2.0":
            raise SipError(f"response: version {version[:20]!r}")
        if len(code) != 3 or not code.isascii() or not code.isdigit() or not 100 <= int(code) < 700:
            raise SipError(f"response: status {code[:20]!r} is not 100 to 699")
        return Message(method="", uri="", status=int(code), reason=reason)
    pieces = line.split(" ")
    method = pieces[0]
    if not _METHOD.fullmatch(method):
        raise SipError(f"request: method {method[:20]!r} is no token")
    if len(pieces) < 3 or not pieces[-1].upper().startswith("SIP/"):
        if len(pieces) > 2 and any(piece.upper().startswith("SIP/") for piece in pieces):
            message = Message(method=method, uri="", status=0, reason="")
            message.lacking = "spaces after the start line"
            return message
        raise SipError("message: neither request nor response")
    message = Message(method=method, uri=" ".join(pieces[1:-1]), status=0, reason="")
    if pieces[-1].upper() != "SIP/2.0":
        message.lacking = f"version {pieces[-1][:20]}"
    elif len(pieces) > 3:
        message.lacking = "spaces in the request line"
    return message


def _read_key_fields(message: Message) -> None:
    """Read what names dialog and transaction; without it nothing can be forwarded."""
    get = message.first.get
    to, from_, cseq = get("To"), get("From"), get("CSeq")
    if not to or not from_ or not get("Call-ID") or not cseq:
        missing = next(name for name in ("To", "From", "Call-ID", "CSeq") if not get(name))
        message.lacking = message.lacking or f"no {missing}"
        return
    match = _CSEQ.fullmatch(cseq)
    if match is None or int(match[1]) > CSEQ_MAX:
        message.lacking = message.lacking or "CSeq is not below 2**31 and a method"
    else:
        message.cseq = int(match[1])
        if message.status:
            message.method = match[2]
        elif match[2] != message.method:
            message.lacking = message.lacking or "CSeq names another method"
    message.from_tag = tag_of(from_)
    message.to_tag = tag_of(to)


def _read_body(message: Message, body: bytes) -> None:
    """Cut the body to its Content-Length (RFC 3261 section 18.3)."""
    length = message.first.get("Content-Length")
    if length is None:
        message.body = body
    elif not length.isascii() or not length.isdigit() or len(length) > 9:
        message.lacking = message.lacking or "Content-Length is no number"
    elif int(length) > len(body):
        message.lacking = message.lacking or "the body is shorter than Content-Length"
    else:
        message.body = body[: int(length)]


def tag_of(value: str) -> str:
    """Return the tag of a From or To value, "" when there is none (RFC 3261 section 19.3)."""
    # A tag is a header parameter, so it stands behind the bracket that closes the URI.
    # A ">" inside a quoted name cannot come after that one.
    match = _TAG.search(value, value.rfind(">") + 1)
    return match[1] if match else ""
