"""The SDP guard: every session description is parsed into a whitelist and written anew.

The media library behind a cell aborts its process on hostile SDP, so nothing that a
stranger wrote reaches it. What breaks the structure of RFC 8866, a limit below or the
rule "addresses are literal" is refused with SipError; an attribute that the whitelist
does not know, or whose value is out of range, is left out. What remains is written
from typed values alone, always in the same form.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from domain.errors import SipError
from pbx.sip.description import (
    MEDIA_KINDS,
    Address,
    AudioDescription,
    AudioFormat,
    Crypto,
    Direction,
    Media,
    RefusedMedia,
    SessionDescription,
)

BODY_BYTES_MAX: Final = 16_384
"""A browser's offer with video takes 5 to 9 kB; a telephone's 300 to 1,500 bytes."""
LINES_MAX: Final = 400
"""A browser's offer with video has 150 to 250 lines."""
LINE_BYTES_MAX: Final = 1_024
"""The longest useful lines are ICE candidates and fingerprints, under 300 bytes."""
MEDIA_MAX: Final = 8
"""pjmedia holds 16; a telephone offers at most audio, its secured twin, video and fax."""
FORMATS_MAX: Final = 32
"""PJMEDIA_MAX_SDP_FMT; a browser offers about 15 audio formats."""
CRYPTOS_MAX: Final = 4
"""One line for each suite that we know."""
PORT_MIN: Final = 1_024
"""Media never goes to a system port (RFC 6335 section 6), whoever asks for it."""
PTIME_MS_MIN: Final = 10
PTIME_MS_MAX: Final = 60
"""Up to 60 ms a packet; the cells' buffers are cut for that."""
MAXPTIME_MS_MAX: Final = 240
ADDRESSES_REMEMBERED: Final = 2_048
"""Addresses kept parsed; a call's four descriptions name the same two or three."""
STREAMS_REMEMBERED: Final = 256
"""Lists of formats kept understood; a site's telephones, trunks and cells have a dozen. One
takes as much as a body at most, 4 MiB in all."""
SESSION_NUMBER_MAX: Final = 2**64 - 1
"""RFC 8866 section 5.2 suggests NTP timestamps, which have 64 bits."""

_STATIC_FORMATS: Final = {
    0: AudioFormat(payload_type=0, encoding="PCMU"),
    8: AudioFormat(payload_type=8, encoding="PCMA"),
    9: AudioFormat(payload_type=9, encoding="G722"),
}
"""RFC 3551 section 6. G722 has clock rate 8000 by the erratum that section 4.5.2 keeps."""
_EVENT_DEFAULT: Final = "0-15"
"""RFC 4733 section 2.4.1: what telephone-event means without fmtp."""
_EVENT_MAX: Final = 16
"""Digits, *, #, A to D (0 to 15) and flash (16), RFC 4733 table 3."""
_KEY_OCTETS: Final = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AES_256_CM_HMAC_SHA1_32": 46,
}
"""Master key and salt: RFC 4568 section 6.2, RFC 6188 section 4.1."""
_BLACK_HOLE: Final[dict[int, Address]] = {
    4: ipaddress.IPv4Address("192.0.2.1"),
    6: ipaddress.IPv6Address("100::1"),
}
"""Where media of a held leg would go: nowhere (RFC 5737, RFC 6666)."""
_BROADCAST: Final = ipaddress.IPv4Address("255.255.255.255")
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}
_HOLD: Final = {
    Direction.SENDRECV: Direction.SENDONLY,
    Direction.RECVONLY: Direction.INACTIVE,
}
"""What c=0.0.0.0 says: do not send to me (RFC 3264 section 8.4)."""

_LINE: Final = re.compile(r"[a-z]=")
_VALUE: Final = rf"[a-z]=[^\n]{{0,{LINE_BYTES_MAX - 2}}}"
_ALL_LINES: Final = re.compile(rf"{_VALUE}(?:\n{_VALUE})*")
_ORIGIN: Final = re.compile(r"[^ ]+ ([0-9]{1,20}) ([0-9]{1,20}) IN IP[46] [^ ]+ *")
_CONNECTION: Final = re.compile(r"IN (IP[46]) ([0-9A-Fa-f.:]{2,45}) *")
_MEDIA: Final = re.compile(r"([a-z]{1,11}) ([0-9]{1,5})(?:/([0-9]{1,3}))? ([A-Za-z/]{2,24}) (.+)")
_PAYLOAD_TYPE: Final = re.compile(r"[0-9]{1,3}")
_FORMAT_VALUE: Final = re.compile(r"([0-9]{1,3}) +(.*?) *")
"""Of rtpmap and fmtp."""
_EVENTS: Final = re.compile(r"[0-9]{1,3}(?:-[0-9]{1,3})?(?:,[0-9]{1,3}(?:-[0-9]{1,3})?)*")
_ATTRIBUTE: Final = re.compile(r"\na=([^\n]*)")
_STEADY: Final = re.compile(
    r"\na=((?:rtpmap|fmtp|ptime|maxptime|sendrecv|sendonly|recvonly|inactive)[^\n]*)"
)
"""Attributes that are the same in one telephone's every call."""
_RTCP: Final = re.compile(r"\na=rtcp(?::([^\n]*))?(?=\n|$)")
_NUMBER: Final = re.compile(r"([0-9]{1,5})(?: .*)?")
_CRYPTO: Final = re.compile(
    r"([0-9]{1,9}) +([A-Z0-9_]{1,32}) +inline:([A-Za-z0-9+/]{40,62}={0,2})"
    r"(?:\|(?:2\^[0-9]{1,2}|[0-9]{1,15}))? *"
)
"""Without MKI and session parameters: both change the packets (RFC 4568 sections 6.1, 6.3)."""


def guard_sdp(
    body: bytes, *, connection_address: str | None = None, loopback_allowed: bool = True
) -> bytes:
    """Return the description written anew from what the whitelist knows of it.

    Args:
        body: An SDP offer or answer, lines ended by CRLF or LF.
        connection_address: Literal address to write in every c= and in o=, for
            descriptions that leave for a peer who reaches us at another address.
        loopback_allowed: False for a peer outside this machine: he may not point
            our media at services of ours.

    Raises:
        SipError: The description cannot be used; the text names line, value, limit.
    """
    return bytes(
        parse_sdp(body, connection_address=connection_address, loopback_allowed=loopback_allowed)
    )


def parse_sdp(
    body: bytes, *, connection_address: str | None = None, loopback_allowed: bool = True
) -> SessionDescription:
    """Return what the whitelist knows of a description; arguments as of `guard_sdp`.

    Raises:
        SipError: See `guard_sdp`.
    """
    readdressed = None if connection_address is None else _literal(connection_address)
    session, *sections = _sections(_text(body))
    session_id, version = _origin(session)
    connection = _connection(session, loopback_allowed)
    direction = _direction(_attributes(_ATTRIBUTE.findall(session))) or Direction.SENDRECV
    wanted = False
    media: list[Media] = []
    for section in sections:
        described, offered = _media(section, connection, direction, loopback_allowed)
        media.append(described)
        wanted = wanted or offered
    live = [each for each in media if isinstance(each, AudioDescription)]
    if live:
        # A cell mixes one stream of a telephone. Telephones offer several as alternatives,
        # such as plain and secured; the first suitable one stays.
        media = [each if each is live[0] else RefusedMedia.instead_of(each) for each in media]
        address = readdressed or live[0].address
    else:
        address = readdressed or _black_hole_if_zero(connection or _BLACK_HOLE[4])
    if wanted and not live:
        # A peer who switches off everything himself may; one of whom nothing is left may not.
        raise SipError(
            "SDP: no audio format left; understood are PCMU, PCMA and G722 over IPv4 and "
            "RTP/AVP, or RTP/SAVP with a=crypto"
        )
    return SessionDescription(
        session_id=session_id, version=version, address=address, media=tuple(media)
    )


def _text(body: bytes) -> str:
    if len(body) > BODY_BYTES_MAX:
        raise SipError(f"SDP: {len(body)} bytes are over the limit of {BODY_BYTES_MAX}")
    # Latin-1 maps each byte to one character; only ASCII is ever copied.
    text = body.decode("latin-1").replace("\r\n", "\n").rstrip("\r\n")
    count = text.count("\n") + 1
    if count > LINES_MAX:
        raise SipError(f"SDP: {count} lines are over the limit of {LINES_MAX}")
    if not _ALL_LINES.fullmatch(text):
        _raise_for_line(text.split("\n"))
    first = text.partition("\n")[0]
    if first.rstrip(" ") != "v=0":
        raise SipError(f"SDP line 1: {first[:40]!r}, must be 'v=0' (RFC 8866 section 5.1)")
    return text


def _raise_for_line(lines: Sequence[str]) -> NoReturn:
    for number, line in enumerate(lines, 1):
        if not _LINE.match(line):
            raise SipError(f"SDP line {number}: {line[:40]!r} is not of the form <type>=<value>")
        if len(line) > LINE_BYTES_MAX:
            raise SipError(
                f"SDP line {number}: {len(line)} bytes are over the limit of {LINE_BYTES_MAX}"
            )
    raise AssertionError("a line must be at fault")


def _sections(text: str) -> list[str]:
    """Return the session's part and, from the value of its m= line on, that of each stream."""
    sections = text.split("\nm=")
    if len(sections) == 1:
        raise SipError("SDP: no m= line (RFC 8866 section 5.14)")
    if len(sections) - 1 > MEDIA_MAX:
        raise SipError(f"SDP: {len(sections) - 1} m= lines are over the limit of {MEDIA_MAX}")
    return sections


def _only(section: str, kind: str) -> str | None:
    found = section.split(f"\n{kind}=")
    if len(found) > 2:
        raise SipError(f"SDP: {len(found) - 1} {kind}= lines in one section, the limit is 1")
    return found[1].partition("\n")[0] if len(found) == 2 else None


def _origin(session: str) -> tuple[int, int]:
    value = _only(session, "o")
    if value is None:
        raise SipError("SDP: no o= line (RFC 8866 section 5.2)")
    # The address is not read: it may be a name, and c= says where media goes.
    match = _ORIGIN.fullmatch(value)
    if match is None:
        raise SipError(
            f"SDP o= line: {value[:60]!r} is not <user> <digits> <digits> IN IP4|IP6 <address>"
        )
    session_id, version = int(match[1]), int(match[2])
    for number in (session_id, version):
        if number > SESSION_NUMBER_MAX:
            raise SipError(f"SDP o= line: {number} is over the limit of {SESSION_NUMBER_MAX}")
    return session_id, version


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def _literal(text: str) -> Address:
    try:
        # A zone index means something on one machine only.
        if "%" in text:
            raise ValueError
        return ipaddress.ip_address(text)
    except ValueError:
        raise SipError(f"SDP: {text[:60]!r} is no literal IP address") from None


def _connection(section: str, loopback_allowed: bool) -> Address | None:
    value = _only(section, "c")
    return None if value is None else _connection_address(value, loopback_allowed)


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def _connection_address(value: str, loopback_allowed: bool) -> Address:
    match = _CONNECTION.fullmatch(value)
    if match is None:
        # Also a name (we resolve none) and the "/ttl" of multicast (RFC 8866 section 5.7).
        raise SipError(f"SDP c= line: {value[:60]!r} is not IN IP4|IP6 <literal unicast address>")
    address = _literal(match[2])
    if address.version != int(match[1][2]):
        raise SipError(f"SDP c= line: {value[:60]!r} names one address family and uses another")
    if address.version == 6 and (address.ipv4_mapped or address.sixtofour or address.teredo):
        raise SipError(f"SDP c= line: {address} hides an IPv4 address")
    if address.is_multicast or address == _BROADCAST:
        raise SipError(f"SDP c= line: {address} is multicast or broadcast, only unicast is allowed")
    if address.is_loopback and not loopback_allowed:
        raise SipError(f"SDP c= line: {address} is a loopback address, the peer is not")
    return address


def _black_hole_if_zero(address: Address) -> Address:
    return _BLACK_HOLE[address.version] if address.is_unspecified else address


def _attributes(lines: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in [line.partition(":") for line in lines]]


def _direction(attributes: Iterable[tuple[str, str]]) -> Direction | None:
    for name, _ in attributes:
        found = _DIRECTIONS.get(name.rstrip(" "))
        if found is not None:
            return found
    return None


class _Stream(NamedTuple):
    """What a section says that is the same in every call of its writer."""

    formats: tuple[AudioFormat, ...]
    has_audio: bool
    direction: Direction | None
    ptime_ms: int | None
    maxptime_ms: int | None


def _media(
    section: str, connection: Address | None, direction: Direction, loopback_allowed: bool
) -> tuple[Media, bool]:
    """Return one m= section, and whether the peer wanted it live."""
    line = section.partition("\n")[0]
    match = _MEDIA.fullmatch(line)
    if match is None:
        raise SipError(f"SDP m= line: {line[:60]!r} is not <media> <port> <protocol> <formats>")
    kind, port_text, ports, protocol, listed = match.groups()
    port = int(port_text)
    if kind not in MEDIA_KINDS:
        raise SipError(
            f"SDP m= line: media {kind!r} is not known; known are {', '.join(MEDIA_KINDS)}"
        )
    if port == 0:
        return RefusedMedia.of(kind, protocol), False
    if kind != "audio" or protocol not in {"RTP/AVP", "RTP/SAVP"}:
        return RefusedMedia.of(kind, protocol), True
    if not PORT_MIN <= port <= 65_535:
        raise SipError(f"SDP m= line: port {port} is outside {PORT_MIN} to 65535")
    if ports is not None and int(ports) != 1:
        raise SipError(f"SDP m= line: {ports} ports, the limit is 1")
    own = _connection(section, loopback_allowed)
    address = own if own is not None else connection
    if address is None:
        raise SipError("SDP: an audio m= line without c= (RFC 8866 section 5.7)")
    if address.version != 4:
        # Cells hear over IPv4. One that is offered IPv6 answers as if it did not matter,
        # hears nothing, and aborts after some 60 changes of family (handles leak).
        return RefusedMedia.of(kind, protocol), True
    stream = _stream(listed, tuple(_STEADY.findall(section)))
    direction = stream.direction or direction
    if address.is_unspecified:
        direction = _HOLD.get(direction, direction)
        address = _black_hole_if_zero(address)
    crypto = _cryptos(_attributes(_ATTRIBUTE.findall(section))) if protocol == "RTP/SAVP" else ()
    if not stream.has_audio or (protocol == "RTP/SAVP" and not crypto):
        return RefusedMedia.of(kind, protocol), True
    rtcp = _RTCP.search(section)
    rtcp_port = _number(rtcp[1] or "", PORT_MIN, 65_535) if rtcp is not None else None
    return AudioDescription(
        port=port,
        address=address,
        formats=stream.formats,
        direction=direction,
        crypto=crypto,
        ptime_ms=stream.ptime_ms,
        maxptime_ms=stream.maxptime_ms,
        # The default is not written (RFC 3605 section 2.1).
        rtcp_port=rtcp_port if rtcp_port != port + 1 else None,
    ), True


@lru_cache(maxsize=STREAMS_REMEMBERED)
def _stream(listed: str, attribute_lines: tuple[str, ...]) -> _Stream:
    attributes = _attributes(attribute_lines)
    # Of an attribute that stands twice, the first counts.
    first = dict(reversed(attributes))
    formats = _formats(listed.split(), attributes)
    return _Stream(
        formats=formats,
        has_audio=any(each.is_audio for each in formats),
        direction=_direction(attributes),
        ptime_ms=_number(first.get("ptime", ""), PTIME_MS_MIN, PTIME_MS_MAX, step=10),
        maxptime_ms=_number(first.get("maxptime", ""), PTIME_MS_MIN, MAXPTIME_MS_MAX),
    )


def _formats(
    listed: Sequence[str], attributes: Sequence[tuple[str, str]]
) -> tuple[AudioFormat, ...]:
    if len(listed) > FORMATS_MAX:
        raise SipError(f"SDP m= line: {len(listed)} formats are over the limit of {FORMATS_MAX}")
    maps: dict[int, str] = {}
    events: dict[int, str] = {}
    for name, value in attributes:
        if name == "rtpmap" and (match := _FORMAT_VALUE.fullmatch(value)):
            # One channel is the default and may be written (RFC 8866 section 6.6).
            maps.setdefault(int(match[1]), match[2].lower().removesuffix("/1"))
        elif name == "fmtp" and (match := _FORMAT_VALUE.fullmatch(value)):
            events.setdefault(int(match[1]), match[2])
    formats: dict[int, AudioFormat] = {}
    for text in listed:
        if not _PAYLOAD_TYPE.fullmatch(text) or int(text) > 127:
            raise SipError(f"SDP m= line: format {text[:20]!r} is not a payload type of 0 to 127")
        number = int(text)
        static = _STATIC_FORMATS.get(number)
        if static is not None:
            # A static number means what RFC 3551 says, or the format is left out.
            if maps.get(number, static.mapping) == static.mapping:
                formats[number] = static
        elif number >= 96 and maps.get(number) == "telephone-event/8000":
            formats[number] = AudioFormat(
                payload_type=number,
                encoding="telephone-event",
                events=_event_ranges(events.get(number, _EVENT_DEFAULT)),
            )
    return tuple(formats.values())


@lru_cache(maxsize=256)
def _event_ranges(value: str) -> str:
    """Return the events of 0 to 16 as canonical ranges (RFC 4733 section 2.4.1)."""
    known: set[int] = set()
    if _EVENTS.fullmatch(value):
        for item in value.split(","):
            first, _, last = item.partition("-")
            known.update(range(int(first), min(int(last or first), _EVENT_MAX) + 1))
    known = {event for event in known if event <= _EVENT_MAX}
    if not known:
        return _EVENT_DEFAULT
    ranges: list[str] = []
    for event in sorted(known):
        if event - 1 in known:
            continue
        last_event = event
        while last_event + 1 in known:
            last_event += 1
        ranges.append(str(event) if event == last_event else f"{event}-{last_event}")
    return ",".join(ranges)


def _number(value: str, lowest: int, highest: int, *, step: int = 1) -> int | None:
    match = _NUMBER.fullmatch(value)
    number = int(match[1]) if match else -1
    return number if lowest <= number <= highest and number % step == 0 else None


def _cryptos(attributes: Iterable[tuple[str, str]]) -> tuple[Crypto, ...]:
    found: dict[int, Crypto] = {}
    for name, value in attributes:
        if name != "crypto":
            continue
        match = _CRYPTO.fullmatch(value)
        if match is None or match[2] not in _KEY_OCTETS:
            continue
        try:
            key = base64.b64decode(match[3], validate=True)
        except binascii.Error:
            continue
        if len(key) == _KEY_OCTETS[match[2]] and len(found) < CRYPTOS_MAX:
            found.setdefault(int(match[1]), Crypto(tag=int(match[1]), suite=match[2], key=key))
    return tuple(found.values())
