"""What the node tells an analysis worker: one JSON object a line, named by its `type`.

When the node shuts the stream down, the worker closes what is open, reports it and exits.
"""

from typing import Final

import msgspec

from domain.baseline import Baseline

ORDER_BYTES_MAX: Final = 1 << 16
"""A baseline of a hundred figures takes 2 KB."""


class Permit(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Whether a contact's customer may be judged by his voice; until it is told, he may not.

    Attributes:
        baseline: How he speaks usually; None: not known, or he did not want it kept.
    """

    contact_id: str
    allowed: bool
    baseline: Baseline | None = None


Order = Permit

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def encode(order: Order) -> bytes:
    """Return one line."""
    return _encoder.encode(order) + b"\n"


def decode(line: bytes) -> Order:
    """Return what a line says.

    Raises:
        msgspec.DecodeError: It is no order.
    """
    return _decoder.decode(line)
