"""A baseline: how a customer speaks when nothing is wrong, as figures, kept for his next call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Baseline:
    """Mean figures of a customer's voice. Personal data: kept only with his consent.

    Attributes:
        version: Of the features; one of another version is of no use.
        mean: One figure a feature, in that version's order.
        windows: Of speech that it was learnt from.
    """

    version: int
    mean: tuple[float, ...]
    windows: int
