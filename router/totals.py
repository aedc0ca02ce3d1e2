"""What has happened over all queues."""

from dataclasses import dataclass


@dataclass(slots=True)
class CoreTotals:
    """What has happened over all queues since the start.

    Attributes:
        assignments: Problems solved.
        inexact: Those where only the best candidates of each contact were looked at, or only a
            part of who waited and who was free, or where the time was up.
        offers: Offers made.
        refused: Contacts turned away by a queue at its limit.
        overflowed: Contacts that went on waiting in another queue.
    """

    assignments: int = 0
    inexact: int = 0
    offers: int = 0
    refused: int = 0
    overflowed: int = 0
