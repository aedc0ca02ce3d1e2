"""Ports of webhooks: what became of messages that no receiver took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was given up: the event is in the journal, under its sequence number.

    Attributes:
        letter_id: 32 hexadecimal digits.
        webhook: By its id in the configuration.
        sequence: Of the event in the stream.
        contact_id: The contact, conversation or ticket that it is about; None for none.
        attempts: How often it was sent in vain.
        error: What came of the last attempt, or that there was no room.
    """

    letter_id: str
    webhook: str
    sequence: int
    contact_id: str | None
    given_up_at: datetime
    attempts: int
    error: str


class DeadLetters(Protocol):
    """The record of what was given up. Every method may raise `StoreError`."""

    async def add(self, letter: DeadLetter) -> None:
        """Write a letter; in the place of one of the same webhook and event."""
        ...

    async def of(
        self, webhook: str, *, limit: int = 50, before: int | None = None
    ) -> Sequence[DeadLetter]:
        """Return the letters of a webhook, the newest event first; `before` is a sequence."""
        ...

    async def get(self, letter_id: str) -> DeadLetter | None:
        """Return a letter; None: there is none."""
        ...

    async def forget(self, webhook: str, sequence: int) -> None:
        """Drop a letter; harmless if it is not there."""
        ...


class WebhookDesk(Protocol):
    """What the API asks of webhooks. All may raise `StoreError`."""

    async def dead_letters(
        self, webhook: str, *, limit: int = 50, before: int | None = None
    ) -> Sequence[DeadLetter]:
        """Return what a receiver was not told of, the newest event first.

        Raises:
            NotKnown: There is no such webhook.
        """
        ...

    async def send_again(self, letter_id: str) -> None:
        """Try a letter again, as often as any message; it is dropped when it is taken.

        Raises:
            NotKnown: No such letter, or its webhook is configured no longer.
            EventsGone: The event is no longer kept.
            LimitExceeded: Too many wait already.
        """
        ...

    async def drop(self, letter_id: str) -> None:
        """Forget a letter.

        Raises:
            NotKnown: There is no such letter.
        """
        ...
