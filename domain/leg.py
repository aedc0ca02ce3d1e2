"""A leg: one SIP dialog with its media."""

from dataclasses import dataclass
from enum import StrEnum


class LegRole(StrEnum):
    """Whose telephone is at the other end."""

    CUSTOMER = "customer"
    AGENT = "agent"


class LegState(StrEnum):
    """Where a leg stands."""

    INCOMING = "incoming"
    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpFigures:
    """What RTCP and the jitter buffer tell of one leg, at its end or on request.

    Attributes:
        received, sent: RTP packets.
        lost: Packets that the far end sent and we did not receive.
        jitter_ms: Mean interarrival jitter (RFC 3550 section 6.4.1).
        round_trip_ms: Last measured, 0 when the far end sends no RTCP.
    """

    received: int = 0
    lost: int = 0
    sent: int = 0
    jitter_ms: float = 0.0
    round_trip_ms: float = 0.0
