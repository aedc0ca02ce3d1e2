"""How messages travel: one JSON object a line, with the version of the wire in each.

Node and cell talk over a Unix stream socket, one line a message; node and zygote over a
Unix SOCK_SEQPACKET pair, one packet a message. Each is
`{"v": WIRE_VERSION, "m": {"t": <name of the message>, ...}}`. A message of another
version is refused by name and never guessed at.
"""

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from domain.errors import CellError
from pbx.cell import wire

WIRE_VERSION: Final = 2
WIRE_LINE_BYTES_MAX: Final = 65_536
"""The longest message is Play with its file names: 32 names of 2,000 bytes."""


class WireError(CellError):
    """A message cannot be read."""


class _Envelope(msgspec.Struct):
    v: int
    m: msgspec.Raw


T = TypeVar("T")


class Reader(Generic[T]):
    """Reads one family of messages."""

    def __init__(self, family: Any) -> None:
        """Take the union of message classes that may come."""
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._message = msgspec.json.Decoder(family)

    def read(self, line: bytes) -> T:
        """Return the message.

        Raises:
            WireError: It is of another version, of no known kind, or malformed.
        """
        try:
            envelope = self._envelope.decode(line)
        except msgspec.DecodeError as error:
            raise WireError(f"wire message of {len(line)} bytes: {error}") from error
        if envelope.v != WIRE_VERSION:
            raise WireError(f"wire version {envelope.v}: this side speaks version {WIRE_VERSION}")
        try:
            message: T = self._message.decode(envelope.m)
        except msgspec.DecodeError as error:
            raise WireError(f"wire message of {len(line)} bytes: {error}") from error
        return message


ZYGOTE_REQUESTS: Final[Reader[wire.ZygoteRequest]] = Reader(wire.ZygoteRequest)
ZYGOTE_REPORTS: Final[Reader[wire.ZygoteReport]] = Reader(wire.ZygoteReport)
CELL_COMMANDS: Final[Reader[wire.CellCommand]] = Reader(wire.CellCommand)
CELL_REPORTS: Final[Reader[wire.CellReport]] = Reader(wire.CellReport)

_ENCODER: Final = msgspec.json.Encoder()
_HEAD: Final = b'{"v":%d,"m":' % WIRE_VERSION


def written(message: wire.Message) -> bytes:
    """Return the message as one line with its newline."""
    return _HEAD + _ENCODER.encode(message) + b"}\n"


def lines(chunk: bytes, rest: bytearray) -> Sequence[bytes]:
    """Return the complete lines of a stream; what is incomplete stays in `rest`.

    Raises:
        WireError: A line is longer than WIRE_LINE_BYTES_MAX.
    """
    rest += chunk
    end = rest.rfind(b"\n")
    if end < 0:
        if len(rest) > WIRE_LINE_BYTES_MAX:
            raise WireError(f"wire line: {len(rest)} is over the limit of {WIRE_LINE_BYTES_MAX}")
        return ()
    complete = bytes(rest[:end])
    del rest[: end + 1]
    return complete.split(b"\n")
