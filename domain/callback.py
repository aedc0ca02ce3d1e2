"""A callback: a caller hangs up, keeps his place in the queue and is called in his turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from domain.contact import Contact


class CallbackRefusal(StrEnum):
    """Why a caller who asks for it is not called back. He hears so and goes on waiting."""

    HIDDEN = "hidden"
    """He presented no number, or asked that it be kept private."""
    NUMBER = "number"
    """The number that he presented is none that this queue may call."""
    NO_TRUNK = "no_trunk"
    """The trunk that he came by cannot dial out."""
    WAITING_ALREADY = "waiting_already"
    """A callback to this number waits already."""
    QUEUE_LIMIT = "queue_limit"
    """As many callbacks as the queue may have wait already."""
    NOT_STORED = "not_stored"
    """It could not be committed, and what is not committed is not promised."""


class CallbackOutcome(StrEnum):
    """What came of calling a customer back."""

    ANSWERED = "answered"
    """Somebody has answered at his number."""
    BUSY = "busy"
    """Somebody talks at his number."""
    NO_ANSWER = "no_answer"
    """Nobody answered within the time that it may ring."""
    REJECTED = "rejected"
    """The customer's side has declined the call."""
    UNREACHABLE = "unreachable"
    """The trunk has refused the call, or does not answer."""
    AGENT_LEFT = "agent_left"
    """The agent hung up before the customer answered. It counts as no attempt."""
    POSTPONED = "postponed"
    """Not dialled: the limit of calls a minute was reached, or no cell was free. It counts as no
    attempt."""


COUNTED: Final = frozenset(
    {
        CallbackOutcome.BUSY,
        CallbackOutcome.NO_ANSWER,
        CallbackOutcome.REJECTED,
        CallbackOutcome.UNREACHABLE,
    }
)
"""Outcomes that count towards the attempts of the configuration."""


def callback_outcome(status: int) -> CallbackOutcome:
    """Say what a trunk's final answer to our INVITE means (RFC 3261 section 21).

    Args:
        status: 300 to 699; 487 is the end of a ringing that we have cancelled.
    """
    if status in {486, 600}:
        return CallbackOutcome.BUSY
    if status in {408, 480, 487}:
        return CallbackOutcome.NO_ANSWER
    if status == 603:
        return CallbackOutcome.REJECTED
    return CallbackOutcome.UNREACHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCallback:
    """A callback as the store keeps it, with its contact.

    Attributes:
        contact: Not closed. Its times are seconds since its arrival, `arrived_s` is 0.
        queued_at: When the customer joined the queue, UTC: his place.
        requested_at: When he asked to be called back, UTC.
        attempts: Calls to the customer that came to nothing.
        retry_at: He is not called before, UTC; None: he waits for an agent.
    """

    contact: Contact
    queued_at: datetime
    requested_at: datetime
    attempts: int = 0
    retry_at: datetime | None = None


class CallbackStore(Protocol):
    """Callbacks that outlive a restart."""

    async def keep(self, callback: KeptCallback) -> None:
        """Commit a new callback: from here on the customer may rely on it.

        Raises:
            StoreError: It is not written.
        """
        ...

    def save(self, callback: KeptCallback) -> None:
        """Keep how a callback now stands; written soon, never waits."""
        ...

    def forget(self, contact_id: str) -> None:
        """Drop a callback that is over; written soon, never waits; harmless if there is none."""
        ...

    async def load(self) -> Sequence[KeptCallback]:
        """Return those that wait, the oldest first, and make them contacts of this run.

        Raises:
            StoreError: The database cannot be read or written.
        """
        ...
