"""Distributions and counters that are fed by events as they happen."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.events import (
    AgentStateChanged,
    AudioLost,
    CellCrashed,
    CellStarted,
    ContactArrived,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    DisclosurePlayed,
    Envelope,
    SpeechObserved,
)
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from server.metrics import Family

WAIT_EDGES_S: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)
"""20 s is the usual target of a service level, and stands at an edge."""
RING_EDGES_S: Final = (0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 60, 120)
TALK_EDGES_S: Final = (5, 15, 30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600, 14_400)
LAG_EDGES_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
COMMIT_EDGES_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
OFFERS_MAX: Final = 10_000
"""Offers remembered until they are settled; each agent has one at most."""

_OUTCOMES: Final[Mapping[type, str]] = {
    OfferAccepted: "accepted",
    OfferExpired: "expired",
    OfferWithdrawn: "withdrawn",
}


_UNCOUNTED: Final = frozenset({AgentStateChanged, CellStarted, ContactQueued, DisclosurePlayed})
"""The commonest events that nothing is counted of; the others fall through."""


class Measures:
    """What is observed as it happens.

    Attributes:
        families: Every metric that is observed here.
        loop_lag_seconds: Fed by `loop_lag.LoopLag`.
        store_commit_seconds: Fed by `timed_ledger.TimedLedger`.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Put the metrics into the registry."""
        self.families: list[Family] = []

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            self.families.append(Family(name, "counter", meaning, labels))
            return Counter(name, meaning, labels, registry=registry)

        def histogram(name: str, meaning: str, edges: tuple[float, ...], *labels: str) -> Histogram:
            self.families.append(Family(name, "histogram", meaning, labels))
            return Histogram(name, meaning, labels, buckets=edges, registry=registry)

        self.contacts_arrived = counter(
            "warmline_contacts_arrived", "Contacts that arrived.", "queue", "channel"
        )
        self.contacts_closed = counter(
            "warmline_contacts_closed", "Contacts that ended, by how.", "queue", "disposition"
        )
        self.offers = counter("warmline_offers", "Offers settled, by how.", "queue", "outcome")
        self.wait_seconds = histogram(
            "warmline_wait_seconds",
            "From joining the queue to an agent's answer, or to the end without one.",
            WAIT_EDGES_S,
            "queue",
            "outcome",
        )
        self.ring_seconds = histogram(
            "warmline_ring_seconds",
            "How long an agent's telephone rang, by how it ended.",
            RING_EDGES_S,
            "outcome",
        )
        self.talk_seconds = histogram(
            "warmline_talk_seconds", "Conversation with agents.", TALK_EDGES_S, "queue"
        )
        self.speech_seconds = counter(
            "warmline_speech_seconds", "Speech heard, by speaker.", "speaker"
        )
        self.turns = counter("warmline_turns", "Turns heard, by speaker.", "speaker")
        self.taps_lost = counter(
            "warmline_tap_frames_lost", "Tap frames of 180 ms that were never heard."
        )
        self.cell_crashes = counter(
            "warmline_cell_crashes", "Cells that crashed, by how.", "reason"
        )
        self.loop_lag_seconds = histogram(
            "warmline_event_loop_lag_seconds", "How late the event loop is.", LAG_EDGES_S
        )
        self.store_commit_seconds = histogram(
            "warmline_store_commit_seconds",
            "From handing a contact's record over until it is committed.",
            COMMIT_EDGES_S,
        )
        self._offered_at: OrderedDict[str, float] = OrderedDict()

    def take(self, envelope: Envelope) -> None:
        """Count one event."""
        event = envelope.event
        if type(event) in _UNCOUNTED:
            return
        match event:
            case ContactArrived():
                self.contacts_arrived.labels(event.queue_id, event.channel.value).inc()
            case ContactConnected():
                self.wait_seconds.labels(event.queue_id, "answered").observe(event.wait_s)
            case ContactClosed():
                self._closed(event)
            case OfferMade():
                self._offered_at[event.offer_id] = envelope.at.timestamp()
                if len(self._offered_at) > OFFERS_MAX:
                    self._offered_at.popitem(last=False)
            case OfferAccepted() | OfferDeclined() | OfferExpired() | OfferWithdrawn():
                self._settled(envelope, event)
            case SpeechObserved():
                self._heard(event)
            case AudioLost():
                self.taps_lost.inc(event.frames)
            case CellCrashed():
                self.cell_crashes.labels(event.reason).inc()
            case _:
                pass

    def _closed(self, event: ContactClosed) -> None:
        self.contacts_closed.labels(event.queue_id, event.disposition.value).inc()
        if event.agent_id is not None and event.talk_s > 0:
            self.talk_seconds.labels(event.queue_id).observe(event.talk_s)
        elif event.wait_s is not None:
            self.wait_seconds.labels(event.queue_id, "unanswered").observe(event.wait_s)

    def _settled(
        self,
        envelope: Envelope,
        event: OfferAccepted | OfferDeclined | OfferExpired | OfferWithdrawn,
    ) -> None:
        outcome = event.reason.value if isinstance(event, OfferDeclined) else _OUTCOMES[type(event)]
        self.offers.labels(event.queue_id, outcome).inc()
        offered_at = self._offered_at.pop(event.offer_id, None)
        if offered_at is not None:
            # Wall time may have been set back between the two.
            rang_s = max(0.0, envelope.at.timestamp() - offered_at)
            self.ring_seconds.labels(outcome).observe(rang_s)

    def _heard(self, event: SpeechObserved) -> None:
        span = event.span
        if span.speaker is None:
            return
        if span.kind.value == "segment":
            self.speech_seconds.labels(span.speaker.value).inc(max(0.0, span.seconds))
        elif span.kind.value == "turn":
            self.turns.labels(span.speaker.value).inc()
