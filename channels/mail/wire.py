"""What the node and a mail-reading process say to one another: frames of MessagePack on pipes.

Not pickled: the process has read what strangers send, so nothing that it says may be run.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

import msgspec

from channels.mail.limits import MailLimits
from channels.mail.parsed import ParsedMail, Quarantined, Refused
from channels.mail.signatures import Signature

LENGTH: Final = struct.Struct(">I")
"""Before each frame: how many bytes it has."""
MEMORY: Final = "memory"
"""The rule of a mail that has taken all the memory: after it the process ends."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The process's first word.

    Attributes:
        version: Of this module's words, so that a process of another release is noticed.
    """

    version: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """Read this.

    Attributes:
        number: Its answer bears it too.
        keys: Records of DKIM keys by their names.
    """

    number: int
    raw: bytes = field(repr=False)
    envelope_sender: str | None = field(repr=False)
    own_addresses: frozenset[str] = field(repr=False)
    keys: dict[str, str]
    limits: MailLimits


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it: one of the three."""

    number: int
    mail: ParsedMail | None = None
    refused: Refused | None = None
    quarantined: Quarantined | None = None
    signatures: tuple[Signature, ...] = ()


encode: Final = msgspec.msgpack.Encoder().encode
decode_request: Final = msgspec.msgpack.Decoder(Request).decode
decode_reply: Final = msgspec.msgpack.Decoder(Reply).decode
decode_ready: Final = msgspec.msgpack.Decoder(Ready).decode


def framed(content: bytes) -> tuple[bytes, bytes]:
    """Return a frame as pieces to be written one after the other."""
    return LENGTH.pack(len(content)), content
