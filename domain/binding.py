"""A binding: an agent's address-of-record bound to the URI of a telephone."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One telephone of an agent (RFC 3261 section 10).

    Attributes:
        contact_uri: URI from the telephone's Contact header.
        flow: Where the REGISTER came from, "udp:192.0.2.7:5062" or, for a connection,
            "tcp:192.0.2.7:40112"; requests go back the same way (NAT).
        instance: The +sip.instance parameter (RFC 5626), "" when there is none.
        expires_at: Wall time, UTC.
    """

    agent_id: str
    contact_uri: str
    flow: str
    call_id: str
    cseq: int
    instance: str
    q: float
    user_agent: str
    expires_at: datetime
