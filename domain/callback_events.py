"""Events of callbacks from the queue."""

from dataclasses import dataclass

from domain.callback import CallbackOutcome, CallbackRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequested:
    """A waiting customer will be called back; he keeps his place.

    Attributes:
        waited_s: Seconds that he has waited so far.
    """

    contact_id: str
    queue_id: str
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRefused:
    """A waiting customer asked to be called back and is not; he goes on waiting."""

    contact_id: str
    queue_id: str
    reason: CallbackRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAttempted:
    """A customer was called back, or was to be.

    Attributes:
        agent_id: The agent who waited on the line for him; null when there was none yet.
        attempt: 1 is the first call; of an outcome that counts as no attempt, that of the next.
        outcome: What came of it.
        rang_s: Seconds that the customer's telephone was called.
    """

    contact_id: str
    queue_id: str
    agent_id: str | None
    attempt: int
    outcome: CallbackOutcome
    rang_s: float
