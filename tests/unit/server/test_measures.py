from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from domain.agent import AgentState
from domain.contact import Channel, Disposition
from domain.events import (
    AgentStateChanged,
    AudioLost,
    CellCrashed,
    ContactArrived,
    ContactClosed,
    ContactConnected,
    Envelope,
    SpeechObserved,
)
from domain.offer import DeclineReason
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from domain.speech import Speaker, SpeechKind, SpeechSpan
from server import measures
from server.measures import Measures
from tests.unit.channels.http.fakes import START


class Observed:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.measures = Measures(self.registry)
        self.sequence = 0

    def take(self, event: Any, at_s: float = 0.0) -> None:
        self.sequence += 1
        at = START + timedelta(seconds=at_s)
        self.measures.take(Envelope(sequence=self.sequence, at=at, event=event))

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def observed() -> Observed:
    return Observed()


def closed(disposition: Disposition, **more: Any) -> ContactClosed:
    fields: dict[str, Any] = {
        "contact_id": "c",
        "queue_id": "support",
        "agent_id": None,
        "wait_s": 12.0,
        "talk_s": 0.0,
        **more,
    }
    return ContactClosed(disposition=disposition, **fields)


OFFER = {"offer_id": "o", "contact_id": "c", "agent_id": "alice", "queue_id": "support"}


def test_a_contact_that_was_served(observed: Observed) -> None:
    observed.take(
        ContactArrived(contact_id="c", channel=Channel.VOICE, queue_id="support", language="en")
    )
    observed.take(
        ContactConnected(contact_id="c", queue_id="support", agent_id="alice", wait_s=9.0)
    )
    observed.take(closed(Disposition.CALLER_ENDED, agent_id="alice", wait_s=9.0, talk_s=100.0))
    assert observed.value("warmline_contacts_arrived_total", queue="support", channel="voice") == 1
    assert (
        observed.value(
            "warmline_contacts_closed_total", queue="support", disposition="caller_ended"
        )
        == 1
    )
    assert observed.value("warmline_wait_seconds_sum", queue="support", outcome="answered") == 9
    assert (
        observed.value("warmline_wait_seconds_count", queue="support", outcome="unanswered") is None
    )
    assert observed.value("warmline_talk_seconds_sum", queue="support") == 100


def test_a_contact_that_left(observed: Observed) -> None:
    observed.take(closed(Disposition.ABANDONED))
    observed.take(closed(Disposition.ABANDONED_EARLY, wait_s=None))
    assert observed.value("warmline_wait_seconds_sum", queue="support", outcome="unanswered") == 12
    assert observed.value("warmline_wait_seconds_count", queue="support", outcome="unanswered") == 1


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (OfferAccepted(**OFFER, waited_s=1.0), "accepted"),
        (OfferDeclined(**OFFER, reason=DeclineReason.BUSY), "busy"),
        (OfferDeclined(**OFFER, reason=DeclineReason.UNREACHABLE), "unreachable"),
        (OfferExpired(**OFFER, rang_s=4.0), "expired"),
        (OfferWithdrawn(**OFFER), "withdrawn"),
    ],
)
def test_an_offer_and_how_long_it_rang(observed: Observed, event: Any, outcome: str) -> None:
    observed.take(OfferMade(**OFFER, ring_s=20.0, cost=1), at_s=10)
    observed.take(event, at_s=14)
    observed.take(event, at_s=90)
    assert observed.value("warmline_offers_total", queue="support", outcome=outcome) == 2
    assert observed.value("warmline_ring_seconds_sum", outcome=outcome) == 4
    assert observed.value("warmline_ring_seconds_count", outcome=outcome) == 1


def test_a_clock_set_back_gives_no_negative_time(observed: Observed) -> None:
    observed.take(OfferMade(**OFFER, ring_s=20.0, cost=1), at_s=10)
    observed.take(OfferWithdrawn(**OFFER), at_s=3)
    assert observed.value("warmline_ring_seconds_sum", outcome="withdrawn") == 0


def test_offers_never_settled_are_forgotten(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "OFFERS_MAX", 2)
    for number in range(5):
        observed.take(OfferMade(**{**OFFER, "offer_id": str(number)}, ring_s=20.0, cost=1))
    assert len(observed.measures._offered_at) == 2


def test_speech_and_what_was_lost_of_it(observed: Observed) -> None:
    for kind, speaker, end_s in (
        (SpeechKind.SEGMENT, Speaker.CUSTOMER, 2.5),
        (SpeechKind.TURN, Speaker.CUSTOMER, 4.0),
        (SpeechKind.PAUSE, None, 1.0),
    ):
        span = SpeechSpan(kind=kind, start_s=0.0, end_s=end_s, speaker=speaker)
        observed.take(SpeechObserved(contact_id="c", span=span))
    observed.take(AudioLost(contact_id="c", frames=3))
    assert observed.value("warmline_speech_seconds_total", speaker="customer") == 2.5
    assert observed.value("warmline_turns_total", speaker="customer") == 1
    assert observed.value("warmline_tap_frames_lost_total") == 3


def test_a_crash_is_counted_by_how(observed: Observed) -> None:
    observed.take(CellCrashed(cell_id="c", contact_id=None, reason="signal 6"))
    assert observed.value("warmline_cell_crashes_total", reason="signal 6") == 1


def test_other_events_are_passed_over(observed: Observed) -> None:
    observed.take(
        AgentStateChanged(agent_id="a", before=AgentState.READY, after=AgentState.BUSY, reason="x")
    )
