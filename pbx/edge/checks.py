"""Is this request one that can be served? The first answer that says no wins.

RFC 3261 sections 8.2 and 16.3.
"""

import re
from typing import Final, NamedTuple

from domain.errors import SipError
from pbx.edge.answers import ALLOW, METHODS
from pbx.edge.crossing import SDP, content_type
from pbx.edge.dialogs import contact_uri, route_set
from pbx.edge.flow import URI_CHARS_MAX, Flow, branch_of, parse_uri
from pbx.edge.message import Line, Message
from pbx.edge.post import Post
from pbx.sip.fields import name_addresses

CALL_ID_CHARS_MAX: Final = 255
PARTY_CHARS_MAX: Final = 450
"""From and To: PJSIP keeps a URI in 256 bytes and prints a party into 512."""

EXTENSIONS: Final = frozenset(("100rel", "timer", "norefersub", "from-change"))
"""Option tags a cell understands (RFC 3262, RFC 4028, RFC 4488, RFC 4916)."""

SESSION_S_MIN: Final = 90
"""RFC 4028 section 5: no session interval is shorter."""

_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")


class Fault(NamedTuple):
    """A refusal: status, header fields that explain it, and what is wrong."""

    status: int
    extra: tuple[Line, ...] = ()
    reason: str = ""


def hops_left(message: Message) -> int | None:
    """Return Max-Forwards after us; None when it is no number of 0 to 255.

    Source:
        RFC 3261 sections 16.3 step 3, 16.6 step 3 and 20.22. -1 means: not forwarded.
    """
    value = message.get("Max-Forwards", "70")
    if not _NUMBER.fullmatch(value) or int(value) > 255:
        return None
    return int(value) - 1


def syntax_fault(message: Message) -> Fault | None:
    """Return what makes a request unusable whoever sent it and wherever it goes."""
    if message.lacking:
        status = 505 if message.lacking.startswith("version") else 400
        return Fault(status, reason=message.lacking if status == 400 else "")
    if message.method not in METHODS:
        return Fault(405, (("Allow", ALLOW),))
    if hops_left(message) is None:
        return Fault(400, reason="Max-Forwards is not 0 to 255")
    if len(message.call_id) > CALL_ID_CHARS_MAX:
        return Fault(400, reason=f"Call-ID over {CALL_ID_CHARS_MAX} characters")
    return None


def party_fault(message: Message) -> Fault | None:
    """Return what is wrong with From or To; inside a dialog they are those known."""
    for name in ("From", "To"):
        value = message.first[name]
        if len(value) > PARTY_CHARS_MAX:
            return Fault(400, reason=f"{name} over {PARTY_CHARS_MAX} characters")
        try:
            if len(name_addresses(value)) != 1:
                return Fault(400, reason=f"{name} is not one address")
        except SipError:
            return Fault(400, reason=f"{name} is no address")
    return None


def target_fault(message: Message, flow: Flow) -> Fault | None:
    """Return what is wrong with the request-URI (RFC 3261 sections 8.2.2.1 and 16.3)."""
    if len(message.uri) > URI_CHARS_MAX:
        return Fault(414)
    scheme, colon, _ = message.uri.partition(":")
    if colon and _SCHEME.fullmatch(scheme):
        scheme = scheme.lower()
        # A sips request that did not come over TLS was mishandled on its way (26.2.2).
        if scheme not in ("sip", "sips", "tel") or (scheme == "sips" and flow.transport != "tls"):
            return Fault(416)
    try:
        parse_uri(message.uri)
    except SipError:
        return Fault(400, reason="Bad Request-URI")
    return None


def extension_fault(message: Message) -> Fault | None:
    """Return the 420 for what we do not understand (sections 8.2.2.3 and 16.3 step 5)."""
    unknown = message.tokens("Proxy-Require")
    unknown += [tag for tag in message.tokens("Require") if tag not in EXTENSIONS]
    if unknown:
        return Fault(420, (("Unsupported", ", ".join(dict.fromkeys(unknown))[:200]),))
    return None


def body_fault(message: Message) -> Fault | None:
    """Return what makes the body of an INVITE unusable (section 8.2.3)."""
    if message.get("Content-Encoding", "identity").lower() != "identity":
        return Fault(415, (("Accept-Encoding", "identity"),))
    if message.body and content_type(message) != SDP:
        return Fault(415, (("Accept", SDP),))
    accepted = [value.partition(";")[0].strip() for value in message.tokens("Accept")]
    if accepted and not {SDP, "*/*", "application/*"} & set(accepted):
        return Fault(406)
    return None


def session_fault(message: Message) -> Fault | None:
    """Return the 422 for a session that is to be refreshed too often (RFC 4028 section 8.1).

    A cell would refuse it as well, but only after the call has become a contact.
    """
    seconds = message.get("Session-Expires").partition(";")[0].strip()
    knows = "timer" in (*message.tokens("Supported"), *message.tokens("Require"))
    if knows and _NUMBER.fullmatch(seconds) and int(seconds) < SESSION_S_MIN:
        return Fault(422, (("Min-SE", str(SESSION_S_MIN)),))
    return None


def dialog_fault(message: Message) -> Fault | None:
    """Return what would make a dialog unusable: Contact and Record-Route (section 12.1.1)."""
    try:
        contact_uri(message)
        route_set(message)
    except SipError:
        return Fault(400, reason="Contact or Record-Route is no SIP address")
    return None


def loop_fault(message: Message, post: Post) -> Fault | None:
    """Return 482 for a new request that has passed us before (section 16.3 step 4).

    A spiral, the same call under another number, is refused too: here it is always an
    agent's telephone forwarded back into a queue, which would ring for ever.
    """
    if any(post.is_ours(branch_of(via)) for via in message.values("Via")):
        return Fault(482)
    return None
