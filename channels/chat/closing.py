"""Why the server closes a connection: the close codes of warmline-chat."""

from enum import IntEnum


class CloseCode(IntEnum):
    """RFC 6455 section 7.4; 4000 and up are ours, and the last two digits recall HTTP's."""

    LEFT = 1000
    """The customer has left."""
    GOING_AWAY = 1001
    """The node stops. Come again in a few seconds."""
    NOT_TEXT = 1003
    """A binary frame came; the protocol has none."""
    TOO_BIG = 1009
    """A frame is over `limits.message_bytes`."""
    INTERNAL = 1011
    """A fault of ours; the log holds it. Come again."""
    TRY_AGAIN = 1013
    """Stored messages could not be read just now. Come again."""
    MALFORMED = 4400
    """A frame is no message of this protocol, or not one for now. Coming again does not help."""
    TICKET = 4401
    """The ticket is not known, was used, or is over 30 seconds old. Fetch a new one."""
    ORIGIN = 4403
    """The page is not of an allowed origin, or not of the one that fetched the ticket."""
    VERSION = 4406
    """The server does not speak that version."""
    LATE = 4408
    """No `hello` came in time."""
    TOO_MANY = 4429
    """Too many connections of this customer or address, or far too many messages."""
    TOO_SLOW = 4430
    """The client did not take what was sent to it. Come again and resume."""

    @property
    def meaning(self) -> str:
        """What it says, for the page and for the close frame's reason."""
        return MEANINGS[self]


MEANINGS = {
    CloseCode.LEFT: "the customer has left",
    CloseCode.GOING_AWAY: "the node stops",
    CloseCode.NOT_TEXT: "only text frames are read",
    CloseCode.TOO_BIG: "the frame is too large",
    CloseCode.INTERNAL: "a fault of ours",
    CloseCode.TRY_AGAIN: "try again later",
    CloseCode.MALFORMED: "no message of this protocol",
    CloseCode.TICKET: "the ticket is not good",
    CloseCode.ORIGIN: "the origin is not allowed",
    CloseCode.VERSION: "version 1 is spoken here",
    CloseCode.LATE: "no hello came in time",
    CloseCode.TOO_MANY: "too many connections or messages",
    CloseCode.TOO_SLOW: "what was sent was not taken",
}
"""In a few words, at most 123 bytes each (RFC 6455 section 5.5.1)."""
