import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.errors import EventCodecError
from domain.event_codec import decode, encode
from domain.events import (
    EVENT_TYPES,
    AudioLost,
    ContactQueued,
    EmotionObserved,
    Envelope,
    Event,
    PositionAnnounced,
    SpeechObserved,
)
from domain.offer_events import OfferExplained
from domain.skill import SkillRequirement
from domain.speech import Speaker, SpeechKind, SpeechSpan
from tests.emotion_support import PITCH, window

AT = datetime(2026, 3, 1, 9, 0, 0, 120_000, tzinfo=UTC)

SPOKEN = SpeechObserved(
    contact_id="c",
    span=SpeechSpan(
        kind=SpeechKind.SEGMENT,
        start_s=1.5,
        end_s=2.25,
        speaker=Speaker.CUSTOMER,
        level_dbov=-23.5,
        pitch_hz=None,
    ),
)


def test_the_form_of_a_line():
    event = ContactQueued(
        contact_id="c",
        queue_id="sales",
        language="zh",
        priority=1,
        requirements=(SkillRequirement(skill="票务", proficiency_min=3),),
    )
    line = encode(Envelope(sequence=42, at=AT, event=event))
    assert line == (
        '{"v":1,"seq":42,"at":"2026-03-01T09:00:00.120000+00:00","type":"ContactQueued",'
        '"event":{"contact_id":"c","queue_id":"sales","language":"zh","priority":1,'
        '"waited_s":0.0,"channel":"voice","preferred_agent_id":null,"avoided_agent_id":null,'
        '"requirements":[{"skill":"票务","proficiency_min":3}]}}'
    )
    assert decode(line) == Envelope(sequence=42, at=AT, event=event)
    assert decode(line.encode()) == decode(line)


def test_enums_and_nested_records_come_back_as_what_they_were():
    decoded = decode(encode(Envelope(sequence=1, at=AT, event=SPOKEN))).event
    assert decoded == SPOKEN
    assert decoded.span.speaker is Speaker.CUSTOMER
    assert decoded.span.kind is SpeechKind.SEGMENT


EXPLAINED = OfferExplained(
    decision=Decision(
        offer_id="o",
        contact_id="c",
        queue_id="sales",
        chosen=Candidate(agent_id="ann", cost_s=2.5, terms={Reason.SKILL: 2.5}),
        obstacles={Obstacle.SHIFT: 2},
        scheme=Scheme.CONTROL,
        propensity=0.1,
        skills=("billing",),
        at=AT,
    )
)


def test_tables_by_a_word_and_times_come_back():
    line = encode(Envelope(sequence=1, at=AT, event=EXPLAINED))
    assert '"terms":{"skill":2.5}' in line
    assert '"obstacles":{"shift":2}' in line
    assert '"at":"2026-03-01T09:00:00.120000+00:00"' in line
    decoded = decode(line).event
    assert decoded == EXPLAINED
    assert isinstance(decoded, OfferExplained)
    (reason,) = decoded.decision.chosen.terms
    assert reason is Reason.SKILL


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        (replace(EXPLAINED.decision, at=datetime(2026, 3, 1)), "no UTC offset"),
        (
            replace(
                EXPLAINED.decision,
                chosen=Candidate(agent_id="ann", cost_s=0.0, terms={Reason.SKILL: float("inf")}),
            ),
            "no form for inf",
        ),
    ],
)
def test_a_decision_that_has_no_form_is_refused(decision, message):
    with pytest.raises(EventCodecError, match=message):
        encode(Envelope(sequence=1, at=AT, event=OfferExplained(decision=decision)))


def test_a_time_without_an_offset_is_no_time():
    line = encode(Envelope(sequence=1, at=AT, event=EXPLAINED))
    before, _, decision = line.partition('"decision"')
    with pytest.raises(EventCodecError, match="no UTC offset"):
        decode(f'{before}"decision"{decision.replace("+00:00", "")}')


def document(event: object, kind: str = "PositionAnnounced", **changes: object) -> str:
    values = {"v": 1, "seq": 1, "at": AT.isoformat(), "type": kind, "event": event}
    return json.dumps({**values, **changes})


def test_a_field_of_a_newer_version_is_passed_over_and_a_default_is_filled_in():
    line = document({"contact_id": "c", "queue_id": "q", "language": "en", "priority": 0,
                     "mood": "sunny"}, "ContactQueued")  # fmt: skip
    assert decode(line).event == ContactQueued(
        contact_id="c", queue_id="q", language="en", priority=0
    )


def test_a_whole_number_is_a_time_too():
    line = document({"contact_id": "c", "position": 1, "expected_wait_s": 7})
    event = decode(line).event
    assert isinstance(event, PositionAnnounced)
    assert event.expected_wait_s == 7.0
    assert type(event.expected_wait_s) is float


POSITION = {"contact_id": "c", "position": 1, "expected_wait_s": None}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "event: "),
        ("[]", "event: "),
        ("{}", "'v'"),
        (document(POSITION, v=2), "format version 2; this one reads 1"),
        (document(POSITION, seq="1"), "not of type int"),
        (document(POSITION, at="2026-03-01T09:00:00"), "no UTC offset"),
        (document(POSITION, at="yesterday"), "yesterday"),
        (document(POSITION, "ContactTeleported"), "'ContactTeleported'"),
        (document({"contact_id": "c"}), "lacks expected_wait_s, position"),
        (document({**POSITION, "position": 1.5}), "1.5 is not of type int"),
        (document({**POSITION, "position": True}), "True is not of type int"),
        (document({**POSITION, "expected_wait_s": "7"}), "'7' is not a number"),
        (document([]), "keys"),
        (
            document({"contact_id": "c", "span": {"kind": "song", "start_s": 0, "end_s": 1}},
                     "SpeechObserved"),
            "'song' is not a valid SpeechKind",
        ),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_the_reason(line, message):
    with pytest.raises(EventCodecError, match=message):
        decode(line)


def test_a_number_that_json_has_no_form_for_is_refused():
    event = PositionAnnounced(contact_id="c", position=1, expected_wait_s=float("nan"))
    with pytest.raises(EventCodecError, match="PositionAnnounced 7"):
        encode(Envelope(sequence=7, at=AT, event=event))


def test_that_holds_for_a_number_within_a_record_too():
    for value in (float("inf"), float("nan")):
        event = SpeechObserved(
            contact_id="c", span=SpeechSpan(kind=SpeechKind.PAUSE, start_s=0.0, end_s=value)
        )
        with pytest.raises(EventCodecError, match="SpeechObserved 7: end_s"):
            encode(Envelope(sequence=7, at=AT, event=event))


def test_an_agents_emotion_cannot_be_read_from_a_journal_either():
    event = EmotionObserved(contact_id="c", score=window(2.0, 0.8, evidence=(PITCH,)))
    line = encode(Envelope(sequence=1, at=AT, event=event))
    assert decode(line).event == event
    with pytest.raises(EventCodecError, match="from the customer only"):
        decode(line.replace('"speaker":"customer"', '"speaker":"agent"'))


def test_a_text_that_no_text_file_can_hold_is_refused():
    event = AudioLost(contact_id="\ud800", frames=1)
    with pytest.raises(EventCodecError, match="AudioLost 7"):
        encode(Envelope(sequence=7, at=AT, event=event))


def test_what_is_no_event_has_no_form():
    with pytest.raises(EventCodecError, match="'str'"):
        encode(Envelope(sequence=7, at=AT, event=cast("Event", "hello")))


def test_every_event_has_a_reader_and_a_writer():
    assert AudioLost.__name__ in EVENT_TYPES
    for kind in EVENT_TYPES.values():
        with pytest.raises(EventCodecError, match="lacks"):
            decode(document({}, kind.__name__))
