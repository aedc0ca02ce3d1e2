"""The packet that carries tapped audio from a cell to an analysis worker.

One packet of a Unix SOCK_SEQPACKET socket is one header and its payload:

    0       1       2           4                   8
    +-------+-------+-----------+-------------------+-------------------------------+
    |version| kind  |    leg    |     sequence      |            time_us            |
    +-------+-------+-----------+-------------------+-------------------------------+

`sequence` counts the frames of a leg from 1 and grows for a dropped frame too, so a
gap is a loss. `time_us` is CLOCK_MONOTONIC in microseconds at the end of the frame.
"""

import struct
from enum import IntEnum
from typing import Final

TAP_VERSION: Final = 1
TAP_HEADER: Final = struct.Struct("!BBHIQ")
TAP_FRAME_MS: Final = 180
"""Nine packet times. What a frame costs in its cell is waking the interpreter with cold caches,
some 100 us; with 60 ms frames that was a third of all that a running call costs. What is heard
of a frame is known half a second later at the earliest, so the delay is noticed by nobody."""
TAP_RATE_HZ: Final = 8_000
TAP_FRAME_SAMPLES: Final = TAP_RATE_HZ * TAP_FRAME_MS // 1_000
TAP_PACKET_BYTES_MAX: Final = TAP_HEADER.size + 2 * TAP_FRAME_SAMPLES


class TapKind(IntEnum):
    """What the payload is."""

    OPEN = 1
    """UTF-8 JSON: {"contact_id": ..., "speaker": "customer" or "agent"}."""
    AUDIO = 2
    """s16le mono samples at TAP_RATE_HZ."""
    CLOSE = 3
    """Nothing: the leg is no longer tapped."""
