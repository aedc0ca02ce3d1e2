"""What the SDP guard knows of a session: typed values, and their one written form."""

import base64
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Final

Address = IPv4Address | IPv6Address

MEDIA_KINDS: Final = ("audio", "video", "text", "application", "message", "image")
"""RFC 8866 section 5.14 and RFC 6466."""

_REFUSED_FORMATS: Final = {
    "RTP/AVP": "0",
    "RTP/SAVP": "0",
    "RTP/AVPF": "0",
    "RTP/SAVPF": "0",
    "UDP/TLS/RTP/SAVP": "0",
    "UDP/TLS/RTP/SAVPF": "0",
    "TCP/RTP/AVP": "0",
    "udptl": "t38",
    "UDPTL": "t38",
    "DTLS/SCTP": "webrtc-datachannel",
    "UDP/DTLS/SCTP": "webrtc-datachannel",
    "TCP/DTLS/SCTP": "webrtc-datachannel",
    "TCP/MSRP": "*",
    "TCP/TLS/MSRP": "*",
    "TCP/BFCP": "*",
    "UDP/BFCP": "*",
    "TCP/TLS/BFCP": "*",
}
"""A refused stream must name one format, and nobody reads it (RFC 3264 section 6). A
number is taken for a payload type by pjmedia, so none is over 127."""


class Direction(StrEnum):
    """Who sends, as seen by the writer of the description (RFC 3264 section 5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """One payload type.

    Attributes:
        events: Ranges of RFC 4733 events, "" for what is no telephone-event.
        lines: Its rtpmap and fmtp, as written; few formats serve all calls.
    """

    payload_type: int
    encoding: str
    clock_rate_hz: int = 8_000
    events: str = ""
    lines: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write the lines."""
        number = self.payload_type
        lines: tuple[str, ...] = (f"a=rtpmap:{number} {self.encoding}/{self.clock_rate_hz}",)
        if self.events:
            lines += (f"a=fmtp:{number} {self.events}",)
        object.__setattr__(self, "lines", lines)

    @property
    def mapping(self) -> str:
        """The value of rtpmap in lower case (RFC 8866 section 6.6)."""
        return f"{self.encoding.lower()}/{self.clock_rate_hz}"

    @property
    def is_audio(self) -> bool:
        """False for telephone-event, which carries no voice."""
        return not self.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Crypto:
    """One SDES key (RFC 4568): master key and salt."""

    tag: int
    suite: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioDescription:
    """One live audio stream; secured when `crypto` is not empty.

    Attributes:
        ptime_ms, maxptime_ms: None when the peer did not say.
        rtcp_port: None for the port after `port`.
    """

    port: int
    address: Address
    formats: tuple[AudioFormat, ...]
    direction: Direction
    crypto: tuple[Crypto, ...] = ()
    ptime_ms: int | None = None
    maxptime_ms: int | None = None
    rtcp_port: int | None = None

    @property
    def protocol(self) -> str:
        """The transport protocol of the m= line."""
        return "RTP/SAVP" if self.crypto else "RTP/AVP"

    def lines(self) -> list[str]:
        """Return the m= section (RFC 8866 section 5.14); the session's c= holds for it."""
        numbers = " ".join([str(each.payload_type) for each in self.formats])
        lines = [f"m=audio {self.port} {self.protocol} {numbers}"]
        for each in self.formats:
            lines += each.lines
        if self.ptime_ms is not None:
            lines.append(f"a=ptime:{self.ptime_ms}")
        if self.maxptime_ms is not None:
            lines.append(f"a=maxptime:{self.maxptime_ms}")
        if self.rtcp_port is not None:
            lines.append(f"a=rtcp:{self.rtcp_port}")
        for crypto in self.crypto:
            key = base64.b64encode(crypto.key).decode("ascii")
            lines.append(f"a=crypto:{crypto.tag} {crypto.suite} inline:{key}")
        lines.append(f"a={self.direction.value}")
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMedia:
    """A stream that is not used; it keeps its place in the order (RFC 3264 section 6)."""

    kind: str
    protocol: str

    @classmethod
    def of(cls, kind: str, protocol: str) -> "RefusedMedia":
        """Return the refusal; a protocol that nobody registered is written as RTP/AVP."""
        return cls(kind=kind, protocol=protocol if protocol in _REFUSED_FORMATS else "RTP/AVP")

    @classmethod
    def instead_of(cls, media: "Media") -> "RefusedMedia":
        """Return the refusal of a stream that could be used."""
        return media if isinstance(media, RefusedMedia) else cls.of("audio", media.protocol)

    def lines(self) -> list[str]:
        """Return the m= section with port 0."""
        return [f"m={self.kind} 0 {self.protocol} {_REFUSED_FORMATS[self.protocol]}"]


Media = AudioDescription | RefusedMedia


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription:
    """One offer or answer.

    Attributes:
        session_id, version: The two numbers of o=; a new version means a change.
        address: Written in o= and c=.
        media: At most one of them is live.
    """

    session_id: int
    version: int
    address: Address
    media: tuple[Media, ...]

    @property
    def audio(self) -> AudioDescription | None:
        """The one live stream; None when all are refused."""
        return next((each for each in self.media if isinstance(each, AudioDescription)), None)

    def __bytes__(self) -> bytes:
        where = f"IN IP{self.address.version} {self.address}"
        lines = [
            "v=0",
            f"o=- {self.session_id} {self.version} {where}",
            "s=-",
            f"c={where}",
            "t=0 0",
        ]
        for each in self.media:
            lines += each.lines()
        return ("\r\n".join(lines) + "\r\n").encode("ascii")
