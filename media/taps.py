"""Taps: a cell's connection, from its packets to the ears of its contact."""

import socket
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from domain.speech import Speaker
from domain.tap import TAP_HEADER, TAP_PACKET_BYTES_MAX, TAP_VERSION, TapKind
from media.ear import TapFrame
from media.pcm import FRAME_BYTES

PACKETS_PER_READ: Final = 22
"""Read from one cell before the others get their turn: 2 s of two legs."""
REFUSED_PACKETS_MAX: Final = 100
"""A cell that sends more of what `domain/tap.py` does not describe is cut off."""

_AUDIO: Final = int(TapKind.AUDIO)
_unpack = TAP_HEADER.unpack_from
_HEADER_BYTES: Final = TAP_HEADER.size


class OpenPayload(msgspec.Struct, frozen=True):
    """What an OPEN packet says."""

    contact_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    speaker: Speaker


@dataclass(frozen=True, slots=True)
class Open:
    """A leg begins."""

    leg: int
    contact_id: str
    speaker: Speaker


@dataclass(frozen=True, slots=True)
class Close:
    """A leg ends."""

    leg: int


Packet = Open | Close | tuple[int, TapFrame]

_open_payload = msgspec.json.Decoder(OpenPayload)


def parse(packet: bytes) -> Packet:
    """Return what a packet says; for audio the leg and its frame.

    Raises:
        ValueError: `domain/tap.py` does not describe such a packet.
    """
    if len(packet) < _HEADER_BYTES:
        raise ValueError(f"tap packet of {len(packet)} bytes: a header takes {_HEADER_BYTES}")
    version, kind, leg, sequence, time_us = _unpack(packet)
    if version != TAP_VERSION:
        raise ValueError(f"tap packet of version {version}, not {TAP_VERSION}")
    if kind == _AUDIO:
        if len(packet) != TAP_PACKET_BYTES_MAX:
            size = len(packet) - _HEADER_BYTES
            raise ValueError(f"tap packet with {size} bytes of audio, not {FRAME_BYTES}")
        return leg, TapFrame(sequence, time_us, packet[_HEADER_BYTES:])
    if kind == TapKind.OPEN:
        try:
            payload = _open_payload.decode(packet[_HEADER_BYTES:])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"tap packet OPEN of leg {leg}: {error}") from error
        return Open(leg, payload.contact_id, payload.speaker)
    if kind == TapKind.CLOSE:
        return Close(leg)
    raise ValueError(f"tap packet of kind {kind}")


class TapConnection:
    """One cell's socket.

    Attributes:
        ended: The cell is gone or was cut off; what it sent may still wait to be heard.
    """

    def __init__(self, connected: socket.socket) -> None:
        """Take a connected SOCK_SEQPACKET socket."""
        connected.setblocking(False)
        self.ended = False
        self._socket = connected
        self._refused = 0

    @property
    def fileno(self) -> int:
        """Number of the socket; -1 when closed."""
        return self._socket.fileno()

    def read(self) -> tuple[list[bytes], bool]:
        """Return packets that have come, and whether there may be more at once."""
        packets: list[bytes] = []
        recv = self._socket.recv
        try:
            while len(packets) < PACKETS_PER_READ:
                # One byte more than the largest packet shows that a packet was cut.
                packet = recv(TAP_PACKET_BYTES_MAX + 1)
                if not packet:
                    self.ended = True
                    return packets, False
                packets.append(packet)
        except BlockingIOError:
            return packets, False
        except OSError:
            self.ended = True
            return packets, False
        return packets, True

    def refuse(self) -> None:
        """Count a packet that could not be used; a cell with too many of them is cut off."""
        self._refused += 1
        if self._refused > REFUSED_PACKETS_MAX:
            self.ended = True

    def close(self) -> None:
        """Close the socket; harmless twice."""
        self._socket.close()
