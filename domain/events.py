"""Events: what has happened. Past tense, immutable, any number of readers.

No event carries personal data in the clear: a customer's address is read from the
store by contact_id, by those who may.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.agent import AgentState, Medium
from domain.alert import Audience, ClearReason
from domain.callback_events import CallbackAttempted, CallbackRefused, CallbackRequested
from domain.consent import Answer, Ground, Purpose
from domain.contact import Channel, Disposition
from domain.conversation_events import (
    ConversationChanged,
    CustomerRecognised,
    CustomersMerged,
    CustomersUnmerged,
    DeliveryChanged,
    MessageStored,
    TicketChanged,
)
from domain.emotion import EmotionScore, Evidence
from domain.mood import Mood
from domain.offer_events import (
    ContactOverflowed,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferExplained,
    OfferMade,
    OfferWithdrawn,
)
from domain.skill import SkillRequirement
from domain.speech import SpeechSpan
from domain.suggestion_events import SuggestionMade


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactArrived:
    """A customer has reached us."""

    contact_id: str
    channel: Channel
    queue_id: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosurePlayed:
    """The customer has heard to its end that the call is recorded as fact and analysed."""

    contact_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactQueued:
    """A contact waits for an agent.

    Attributes:
        requirements: Skills that an agent must have to serve it.
        language: The agent must speak it.
        channel: How the customer reached us.
        waited_s: Seconds already waited; more than 0 when the contact comes back.
        preferred_agent_id: The agent whom it waits for first, where its customer need not be asked
            for one: who laid it aside, had it before, or is handed it; None for nobody.
        avoided_agent_id: The agent who is not offered it for a while: he has handed it on.
    """

    contact_id: str
    queue_id: str
    language: str
    priority: int
    requirements: tuple[SkillRequirement, ...] = ()
    waited_s: float = 0.0
    channel: Channel = Channel.VOICE
    preferred_agent_id: str | None = None
    avoided_agent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAnnounced:
    """The customer has been told his place and how long it may take."""

    contact_id: str
    position: int
    expected_wait_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactConnected:
    """The customer and an agent hear each other."""

    contact_id: str
    queue_id: str
    agent_id: str
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTransferred:
    """An agent has handed a customer over: he waits again, next for a colleague.

    Attributes:
        queue_id: The queue that he was served from.
        agent_id: Who has handed him over.
        requirement: What the next agent must be able to do; None: it is handed to an agent or a
            queue.
        talk_s: How long the two had talked.
        to_agent_id: The agent whom he waits for first; None for nobody.
        to_queue_id: The queue where he waits now; None: as before.
    """

    contact_id: str
    queue_id: str
    agent_id: str
    requirement: SkillRequirement | None
    talk_s: float
    to_agent_id: str | None = None
    to_queue_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactClosed:
    """A contact is disposed.

    Attributes:
        wait_s: None when the contact never joined the queue.
        reason: A word more than the disposition tells, such as a signal or a SIP status.
    """

    contact_id: str
    queue_id: str
    disposition: Disposition
    agent_id: str | None
    wait_s: float | None
    talk_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReported:
    """An agent, or a program, has said what became of a contact; the last word counts.

    Attributes:
        resolved: The customer's matter is settled; None: nothing was said of that.
        satisfied: What the customer gave, 0.0 to 1.0; None: nothing.
        topic: What it was about, as an identifier; None: nothing was said of that.
    """

    contact_id: str
    resolved: bool | None = None
    satisfied: float | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged:
    """An agent is in another state."""

    agent_id: str
    before: AgentState
    after: AgentState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReachabilityChanged:
    """An agent's telephone has registered or its last binding is gone; or so his desk.

    Attributes:
        medium: By what he can be reached, or no longer.
    """

    agent_id: str
    reachable: bool
    medium: Medium = Medium.TELEPHONE


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld:
    """A party has put the call on hold, or taken it back."""

    contact_id: str
    role: str
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed:
    """A party has pressed a key (RFC 4733 or SIP INFO).

    Which one is not told: people type card numbers and PINs.

    Attributes:
        number: 1 is the first key of this contact.
    """

    contact_id: str
    role: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechObserved:
    """The analysis worker has heard a span of a contact to its end."""

    contact_id: str
    span: SpeechSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioLost:
    """Tapped audio did not reach the analysis worker.

    Attributes:
        frames: Tap frames of 180 ms lost since the last such event of this contact.
    """

    contact_id: str
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged:
    """A customer has agreed to something or has refused it.

    Attributes:
        earlier: He did so in an earlier contact, and it holds for this one.
    """

    contact_id: str
    purpose: Purpose
    answer: Answer
    earlier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionGroundChanged:
    """Why a customer's emotion is read, or is not, has changed.

    Attributes:
        ground: Why it is or is not.
        read: Whether it is read from now on.
    """

    contact_id: str
    ground: Ground
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionObserved:
    """The emotion model has judged one window of the customer's speech.

    Attributes:
        late_s: Seconds from the end of that speech to this event.
    """

    contact_id: str
    score: EmotionScore
    late_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodChanged:
    """The customer's smoothed emotional course has reached another mood.

    Attributes:
        at_s: Seconds since the contact's first tapped frame.
        intensity: Distress, smoothed, 0.0 to 1.0.
        trend_per_min: Change of the intensity, a minute; above 0 is worse.
        confidence: How much of the intensity was heard lately, 0.0 to 1.0.
        evidence: What speaks for it, at most 3.
    """

    contact_id: str
    at_s: float
    before: Mood
    after: Mood
    intensity: float
    trend_per_min: float
    confidence: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    """A rule about a customer's mood is fulfilled, and somebody should know.

    Attributes:
        rule_id: The rule, by its id in the configuration.
        agent_id: The agent who serves the customer; None while nobody does.
        tell: Who is told.
        mood, intensity, trend_per_min, confidence, evidence: As they stood; see `MoodChanged`.
        heard_until_s: End of the speech that was judged last, seconds since the contact's first
            tapped frame.
        late_s: Seconds from the end of that speech to this event.
    """

    alert_id: str
    contact_id: str
    queue_id: str
    rule_id: str
    agent_id: str | None
    tell: tuple[Audience, ...]
    mood: Mood
    intensity: float
    trend_per_min: float
    confidence: float
    evidence: tuple[Evidence, ...]
    heard_until_s: float
    late_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged:
    """Somebody has taken up an alert.

    Attributes:
        rule_id: The rule, by its id in the configuration.
        by: Who, by an id of the configuration or of the API, never by name.
        after_s: Seconds since it has risen.
    """

    alert_id: str
    contact_id: str
    rule_id: str
    by: str
    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCleared:
    """An alert is over.

    Attributes:
        rule_id: The rule, by its id in the configuration.
        reason: What ended it.
        open_s: Seconds since it has risen.
    """

    alert_id: str
    contact_id: str
    rule_id: str
    reason: ClearReason
    open_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAdvised:
    """The agent who serves the customer is shown what he may say.

    Attributes:
        language: BCP 47 tag of the language the customer is served in.
        phrase: From the configuration, in that language.
    """

    alert_id: str
    contact_id: str
    agent_id: str
    language: str
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOffered:
    """The agent may hand the customer over to somebody with a skill; he decides.

    Attributes:
        requirement: What that agent must be able to do.
    """

    alert_id: str
    contact_id: str
    agent_id: str
    requirement: SkillRequirement


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityRaised:
    """A waiting customer is served earlier because of an alert.

    Attributes:
        steps: Added to the contact's priority.
    """

    alert_id: str
    contact_id: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStarted:
    """A cell has been forked and is ready for a contact."""

    cell_id: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCrashed:
    """A cell has ended without being told to.

    Attributes:
        reason: "signal 6", "exit 1", "heartbeat", "memory".
    """

    cell_id: str
    contact_id: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationReloaded:
    """Agents, queues and trunks are those of the file as it now stands."""

    agents: int
    queues: int
    trunks: int


Event = (
    ContactArrived
    | DisclosurePlayed
    | ContactQueued
    | PositionAnnounced
    | OfferMade
    | OfferExplained
    | ContactOverflowed
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferWithdrawn
    | ContactConnected
    | ContactTransferred
    | CallbackRequested
    | CallbackRefused
    | CallbackAttempted
    | ContactClosed
    | OutcomeReported
    | AgentStateChanged
    | AgentReachabilityChanged
    | CallHeld
    | DigitPressed
    | SpeechObserved
    | AudioLost
    | ConsentChanged
    | EmotionGroundChanged
    | EmotionObserved
    | MoodChanged
    | AlertRaised
    | AlertAcknowledged
    | AlertCleared
    | AgentAdvised
    | TransferOffered
    | PriorityRaised
    | SuggestionMade
    | ConversationChanged
    | MessageStored
    | DeliveryChanged
    | CustomerRecognised
    | CustomersMerged
    | CustomersUnmerged
    | TicketChanged
    | CellStarted
    | CellCrashed
    | ConfigurationReloaded
)

EVENT_TYPES: Final[dict[str, type[Event]]] = {kind.__name__: kind for kind in Event.__args__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its place in the stream.

    Attributes:
        sequence: Grows by at least 1 from event to event and over restarts.
        at: Wall time, UTC.
    """

    sequence: int
    at: datetime
    event: Event
