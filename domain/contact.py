"""A contact: a customer's one request for service, until it is disposed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.machine import step


class Channel(StrEnum):
    """How the customer reached us."""

    VOICE = "voice"
    """A telephone or browser call: it cannot wait long, and takes a person's whole attention."""
    CHAT = "chat"
    """A conversation in writing, both sides present."""
    MESSAGE = "message"
    """A message of an app or a messenger, whose sender may be gone meanwhile."""
    MAIL = "mail"
    """An e-mail: it may wait for hours."""


class ContactState(StrEnum):
    """Where a contact stands."""

    ARRIVED = "arrived"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTED = "connected"
    CLOSED = "closed"


class ContactTrigger(StrEnum):
    """What moves a contact on."""

    ENQUEUE = "enqueue"
    OFFER = "offer"
    REQUEUE = "requeue"
    CONNECT = "connect"
    CLOSE = "close"


TRANSITIONS: Final[dict[tuple[ContactState, ContactTrigger], ContactState]] = {
    (ContactState.ARRIVED, ContactTrigger.ENQUEUE): ContactState.QUEUED,
    (ContactState.ARRIVED, ContactTrigger.CLOSE): ContactState.CLOSED,
    (ContactState.QUEUED, ContactTrigger.OFFER): ContactState.OFFERED,
    (ContactState.QUEUED, ContactTrigger.CLOSE): ContactState.CLOSED,
    (ContactState.OFFERED, ContactTrigger.REQUEUE): ContactState.QUEUED,
    (ContactState.OFFERED, ContactTrigger.CONNECT): ContactState.CONNECTED,
    (ContactState.OFFERED, ContactTrigger.CLOSE): ContactState.CLOSED,
    (ContactState.CONNECTED, ContactTrigger.REQUEUE): ContactState.QUEUED,
    (ContactState.CONNECTED, ContactTrigger.CLOSE): ContactState.CLOSED,
}


class Disposition(StrEnum):
    """Why and how a contact ended."""

    CALLER_ENDED = "caller_ended"
    """Served; the customer hung up first."""
    AGENT_ENDED = "agent_ended"
    """Served; the agent hung up first."""
    ABANDONED = "abandoned"
    """The customer left while waiting or while an agent's telephone rang."""
    ABANDONED_EARLY = "abandoned_early"
    """The customer left before the queue, during the greeting or the disclosure."""
    WAIT_EXCEEDED = "wait_exceeded"
    """The queue's longest wait passed."""
    QUEUE_FULL = "queue_full"
    """The queue was at its limit of waiting contacts."""
    OUTSIDE_HOURS = "outside_hours"
    """It came when the queue was closed, and no other took over."""
    CELL_DIED = "cell_died"
    """The process that held the call ended unexpectedly."""
    NODE_DIED = "node_died"
    """The node was killed; found and closed at the next start."""
    DRAINED = "drained"
    """The node was stopping and its grace had passed."""
    HANDLED = "handled"
    """Served; the agent has dealt with a conversation in writing."""
    IDLE = "idle"
    """Served; nobody wrote for as long as configured, and the conversation was let go."""
    HUNG_UP = "hung_up"
    """Ended by a supervisor or a program over the API."""
    FAILED = "failed"
    """A command that the contact needed failed."""
    CALLBACK_UNANSWERED = "callback_unanswered"
    """Called back as often as configured; the customer was never reached."""
    CALLBACK_EXPIRED = "callback_expired"
    """Waited for a callback as long as configured; no agent was free in that time."""
    CALLBACK_CANCELLED = "callback_cancelled"
    """Waited for a callback that was cancelled over the API."""
    CALLED_AGAIN = "called_again"
    """Waited for a callback; the customer called again himself and took up his place."""


SERVED: Final = frozenset(
    {
        Disposition.CALLER_ENDED,
        Disposition.AGENT_ENDED,
        Disposition.HANDLED,
        Disposition.IDLE,
    }
)


@dataclass(slots=True, kw_only=True)
class Contact:
    """One request for service.

    Attributes:
        contact_id: Sortable by time of arrival, 32 hexadecimal digits.
        queue_id: The queue that it came to.
        language: BCP 47 tag of the language the customer is served in, "en" or "zh".
        priority: 0 is ordinary; higher is served earlier.
        caller: The customer's address as presented, personal data.
        dialled: The number that was called.
        sip_call_id: Call-ID of the customer's leg.
        conversation_id: The conversation that it belongs to; None for a call of its own.
        arrived_at: Wall time of arrival, UTC.
        arrived_s, queued_s, connected_s, closed_s: Times of the injected monotonic
            clock in seconds; None until that has happened.
        disclosed: The customer has heard the disclosure prompt to its end.
        rtp_lost: RTP packets lost on the customer's leg as received by us.
    """

    contact_id: str
    channel: Channel
    queue_id: str
    language: str
    arrived_at: datetime
    arrived_s: float
    priority: int = 0
    caller: str = field(default="", repr=False)
    dialled: str = ""
    trunk_id: str = ""
    sip_call_id: str = ""
    conversation_id: str | None = None
    state: ContactState = ContactState.ARRIVED
    disclosed: bool = False
    queued_s: float | None = None
    connected_s: float | None = None
    closed_s: float | None = None
    agent_id: str | None = None
    disposition: Disposition | None = None
    rtp_lost: int = 0
    rtp_received: int = 0

    def step(self, trigger: ContactTrigger) -> None:
        """Take one step.

        Raises:
            IllegalTransition: There is no such step from where the contact stands.
        """
        self.state = step(TRANSITIONS, self.state, trigger)

    @property
    def wait_s(self) -> float | None:
        """Seconds from joining the queue to an agent's answer or the end; None if never queued."""
        if self.queued_s is None:
            return None
        until_s = self.connected_s if self.connected_s is not None else self.closed_s
        return None if until_s is None else until_s - self.queued_s

    @property
    def talk_s(self) -> float:
        """Seconds from an agent's answer to the end; 0 if no agent answered."""
        if self.connected_s is None or self.closed_s is None:
            return 0.0
        return self.closed_s - self.connected_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One agent's part in a contact.

    Attributes:
        outcome: "answered"; "lost" when the agent's telephone was gone in mid-call; or why
            the offer came to nothing: "ring_no_answer", "declined", "busy", "unreachable",
            "withdrawn"; or why the customer whom this agent was to call back was not reached:
            "callback_" and the outcome of the call.
        ring_s: Seconds that the agent's telephone rang.
        talk_s: Seconds that the agent and the customer heard each other.
    """

    interaction_id: str
    contact_id: str
    agent_id: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    ring_s: float
    talk_s: float
