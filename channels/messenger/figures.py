"""What messengers count, for `/metrics`."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class MessengerFigures:
    """One messenger's counters since the start.

    Attributes:
        received: Messages of customers that were committed.
        duplicates: Of them, those that had been before.
        refused: Requests whose signature did not fit.
        sent: Messages that the adapter took.
        failed: Attempts that it did not.
        given_up: Messages whose attempts were used up.
    """

    messenger_id: str
    received: int = 0
    duplicates: int = 0
    refused: int = 0
    sent: int = 0
    failed: int = 0
    given_up: int = 0
