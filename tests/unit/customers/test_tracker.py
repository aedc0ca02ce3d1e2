from datetime import timedelta

from customers.tracker import Tracker
from domain.consent import Answer, Purpose
from domain.contact import Disposition
from domain.customer_lessons import ContactEnded, ContactJudged, EmotionRefused
from domain.events import (
    ConsentChanged,
    ContactClosed,
    DigitPressed,
    Envelope,
    MoodChanged,
    OutcomeReported,
)
from domain.mood import Mood
from tests.store_support import START, contact_id

ONE, TWO = contact_id(1), contact_id(2)


def envelope(sequence, event):
    return Envelope(sequence=sequence, at=START + timedelta(seconds=sequence), event=event)


def felt(whose=ONE, mood=Mood.ANGRY):
    return MoodChanged(
        contact_id=whose,
        at_s=1.0,
        before=Mood.UNKNOWN,
        after=mood,
        intensity=0.8,
        trend_per_min=0.0,
        confidence=1.0,
    )


def over(whose=ONE):
    return ContactClosed(
        contact_id=whose,
        queue_id="sales",
        disposition=Disposition.AGENT_ENDED,
        agent_id="anna",
        wait_s=1.0,
        talk_s=60.0,
    )


def test_a_contact_that_is_over_ends_with_its_last_mood():
    tracker = Tracker()
    assert tracker.hear(envelope(1, felt())) is None
    assert tracker.hear(envelope(2, felt(mood=Mood.CALM))) is None
    ended = ContactEnded(
        contact_id=ONE,
        at=START + timedelta(seconds=3),
        queue_id="sales",
        disposition=Disposition.AGENT_ENDED,
        agent_id="anna",
        mood=Mood.CALM,
    )
    assert tracker.hear(envelope(3, over())) == ended
    again = tracker.hear(envelope(4, over()))
    assert isinstance(again, ContactEnded)
    assert again.mood is Mood.UNKNOWN


def test_a_refusal_forgets_and_an_earlier_one_is_old():
    tracker = Tracker()
    tracker.hear(envelope(1, felt()))
    refusal = ConsentChanged(contact_id=ONE, purpose=Purpose.EMOTION, answer=Answer.REFUSED)
    assert tracker.hear(envelope(2, refusal)) == EmotionRefused(ONE)
    assert tracker.needed_from is None
    earlier = ConsentChanged(
        contact_id=ONE, purpose=Purpose.EMOTION, answer=Answer.REFUSED, earlier=True
    )
    assert tracker.hear(envelope(3, earlier)) is None
    offers = ConsentChanged(contact_id=ONE, purpose=Purpose.OFFERS, answer=Answer.REFUSED)
    assert tracker.hear(envelope(4, offers)) is None


def test_an_outcome_is_a_lesson_and_a_key_is_none():
    tracker = Tracker()
    judged = tracker.hear(envelope(1, OutcomeReported(contact_id=ONE, resolved=True)))
    assert judged == ContactJudged(ONE, START + timedelta(seconds=1))
    assert tracker.hear(envelope(2, DigitPressed(contact_id=ONE, role="agent", number=1))) is None


def test_what_is_needed_again_begins_with_the_oldest_mood():
    tracker = Tracker()
    tracker.hear(envelope(5, felt(ONE)))
    tracker.hear(envelope(6, felt(TWO)))
    tracker.hear(envelope(7, felt(ONE)))
    assert tracker.needed_from == 5
    tracker.hear(envelope(8, over(ONE)))
    assert tracker.needed_from == 6


def test_moods_are_bounded():
    tracker = Tracker(moods_max=2)
    for number in range(4):
        tracker.hear(envelope(number, felt(contact_id(number))))
    assert tracker.needed_from == 2
