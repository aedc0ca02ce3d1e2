"""Where a message came from and goes to: flows, Via and next hops."""

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, NamedTuple

from sipmessage import URI

from domain.errors import SipError
from pbx.sip.fields import split_outside_quotes

INSIDE: Final = -1
"""Listener number of the loopback socket that the cells use."""

MAGIC_COOKIE: Final = "z9hG4bK"
"""Begins every branch since RFC 3261 section 8.1.1.7."""

URI_CHARS_MAX: Final = 1024
"""No URI of a telephone is longer; the grammar's patterns go back and forth over long ones."""

URIS_REMEMBERED_MAX: Final = 2_048
"""Parsed URIs: those of cells, telephones and trunks come again with every message."""

PLACES_REMEMBERED_MAX: Final = 2_048
"""Beginnings of Via values, up to the parameters: each peer writes one."""
PLACE_CHARS_MAX: Final = 128
"""A longer beginning is read anew each time, since strangers write them too."""

_VIA: Final = re.compile(
    r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*(?P<transport>[A-Za-z0-9\-.!%*_+`'~]+)[ \t]+"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+)"
    r"[ \t]*(?::[ \t]*(?P<port>[0-9]{1,5}))?[ \t]*",
    re.IGNORECASE,
)
_URI_HOST: Final = re.compile(r"(sips?):(?:[^@]*@)?([A-Za-z0-9.\-]*[0-9])(?=[:;?]|$)", re.I)
_DOTTED: Final = re.compile(r"[0-9.]+")
_NUMERIC_URI: Final = re.compile(
    r"sip:(?:([A-Za-z0-9+\-_]+)@)?([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::([0-9]{1,5}))?"
)
"""The plain form that cells and most telephones have; `URI.parse` takes three times as long."""


class Flow(NamedTuple):
    """One way to a peer: a UDP socket and an address, or a connection (RFC 5626 section 3).

    Attributes:
        transport: "udp", "tcp" or "tls".
        host, port: The far end.
        listener: Number of the listening address in the configuration, or INSIDE.
    """

    transport: str
    host: str
    port: int
    listener: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"

    @property
    def reliable(self) -> bool:
        """True over a connection, where nothing is sent twice."""
        return self.transport != "udp"


def parse_flow(text: str, listener: int) -> Flow:
    """Read what `str(flow)` wrote, as stored in a binding.

    Raises:
        SipError: It is no flow.
    """
    transport, _, place = text.partition(":")
    host, _, port = place.rpartition(":")
    if transport not in ("udp", "tcp", "tls") or not host or not port.isdigit():
        raise SipError(f"flow: {text[:60]!r} is not transport:address:port")
    return Flow(transport, host.strip("[]"), int(port), listener)


class Via(NamedTuple):
    """The parts of one Via value that matter (RFC 3261 section 20.42).

    Attributes:
        sent_by: Host and port as written, lower case.
        amended: The value with `received` and `rport` filled in.
        reply_port: Where responses go over UDP.
    """

    sent_by: str
    branch: str
    amended: str
    reply_port: int


def read_via(value: str, source: Flow) -> Via:
    """Parse the topmost Via of a request and note in it where the request came from.

    Raises:
        SipError: It does not follow the grammar.

    Source:
        RFC 3261 section 18.2.1, RFC 3581 section 4.
    """
    place, _, rest = value.partition(";")
    read_place = _known_place if len(place) <= PLACE_CHARS_MAX else _read_place
    start, sent_by, host, reply_port = read_place(place)
    kept = [start]
    branch = ""
    wants_rport = False
    if place != value:
        pieces = rest.split(";") if '"' not in rest else split_outside_quotes(rest, ";")
        for piece in pieces:
            name, _, parameter = piece.partition("=")
            name = name.strip().lower()
            if not name:
                raise SipError(f"Via: {value[:60]!r} has an empty parameter")
            if name == "branch":
                branch = parameter.strip()
            elif name == "rport":
                wants_rport = True
                continue
            elif name == "received":
                continue
            kept.append(piece.strip())
    if wants_rport:
        kept.append(f"received={source.host};rport={source.port}")
        reply_port = source.port
    elif host != source.host:
        kept.append(f"received={source.host}")
    return Via(sent_by, branch, ";".join(kept), reply_port)


def _read_place(value: str) -> tuple[str, str, str, int]:
    """Read a Via up to its parameters: this part, sent-by, its host, and its port."""
    match = _VIA.fullmatch(value)
    if match is None:
        raise SipError(f"Via: {value[:60]!r} does not follow RFC 3261 section 20.42")
    transport, host, port = match.group("transport", "host", "port")
    if port is not None and not 0 < int(port) < 65_536:
        raise SipError(f"Via: port {port} is not 1 to 65535")
    host = host.lower()
    sent_by = host if port is None else f"{host}:{port}"
    usual = 5061 if transport.upper() == "TLS" else 5060
    return f"SIP/2.0/{transport} {sent_by}", sent_by, host.strip("[]"), int(port or usual)


_known_place: Final = lru_cache(maxsize=PLACES_REMEMBERED_MAX)(_read_place)


def branch_of(via_value: str) -> str:
    """Return the branch of a Via value, "" when there is none."""
    start = via_value.find(";branch=")
    if start < 0:
        lowered = re.sub(r"[ \t]*([;=])[ \t]*", r"\1", via_value)
        start = lowered.lower().find(";branch=")
        if start < 0:
            return ""
        via_value = lowered
    end = via_value.find(";", start + 8)
    return via_value[start + 8 : end if end > 0 else len(via_value)].strip()


def parse_uri(value: str) -> URI:
    """Parse a SIP, SIPS or TEL URI.

    sipmessage 0.7.1 refuses a host whose last label has a digit ("pbx1"), which RFC 3261
    section 25.1 allows and office networks use; such a host is read apart. A header part
    ("?subject=x") has no meaning in the places we read and is refused.

    Raises:
        SipError: It is none of these, or longer than `URI_CHARS_MAX`.
    """
    if len(value) > URI_CHARS_MAX:
        raise SipError(f"URI: {len(value)} characters, at most {URI_CHARS_MAX}")
    return _parse_uri(value)


@lru_cache(maxsize=URIS_REMEMBERED_MAX)
def _parse_uri(value: str) -> URI:
    plain = _NUMERIC_URI.fullmatch(value)
    if plain is not None:
        user, host, port = plain.groups()
        if port is not None and not 0 < int(port) < 65_536:
            raise SipError(f"URI: port {port} is not 1 to 65535")
        return URI(scheme="sip", user=user, host=host, port=None if port is None else int(port))
    if value[:5].lower() in ("sips:", "sip:") or value[:4].lower() in ("sip:", "tel:"):
        scheme, _, rest = value.partition(":")
        value = f"{scheme.lower()}:{rest}"
    host = None
    match = _URI_HOST.match(value)
    if match and not _DOTTED.fullmatch(match[2]):
        host = match[2]
        value = f"{value[: match.start(2)]}host.invalid{value[match.end(2) :]}"
    try:
        uri = URI.parse(value)
    except (ValueError, TypeError) as error:
        raise SipError(f"URI: {value[:60]!r} does not follow RFC 3261 section 25.1") from error
    if uri.port is not None and not 0 < uri.port < 65_536:
        raise SipError(f"URI: port {uri.port} is not 1 to 65535")
    if host is None:
        return uri
    return URI(
        scheme=uri.scheme,
        host=host,
        user=uri.user,
        password=uri.password,
        port=uri.port,
        parameters=uri.parameters,
    )


def numeric_host(host: str) -> str | None:
    """Return an IP address without brackets; None when the host is a name."""
    host = host.strip("[]")
    try:
        return str(ip_address(host))
    except ValueError:
        return None


Networks = tuple[IPv4Network | IPv6Network, ...]


def within(host: str, networks: Networks) -> bool:
    """Return whether an IP address lies in one of the networks; a name never does."""
    if not networks:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)


def bracketed(host: str) -> str:
    """Return a host as it stands in a URI: IPv6 in brackets (RFC 3261 section 25.1)."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def via_transport(uri: URI) -> str:
    """Return the transport a URI asks for (RFC 3261 section 19.1.1)."""
    if uri.scheme == "sips":
        return "tls"
    asked = next(
        (value for name, value in uri.parameters.items() if name.lower() == "transport"), None
    )
    return (asked or "udp").lower()
