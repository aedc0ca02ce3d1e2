from typing import Any

import pytest

from demo.played import Played, missed
from demo.script import ANGER_RULE, CALLS, PlannedCall

CALM = next(call for call in CALLS if call.ending == "caller_ended" and not call.grows_angry)
ANGRY = next(call for call in CALLS if call.grows_angry)
IMPATIENT = next(call for call in CALLS if call.ending == "abandoned")


def record(**changed: Any) -> dict[str, Any]:
    return {
        "disposition": "caller_ended",
        "rtp_lost": 0,
        "customer_speech_s": 60.0,
        "turns": 8,
        "wait_s": 2.0,
        "talk_s": 20.0,
        "agent_id": "anna",
        "interactions": [{"outcome": "answered"}],
        **changed,
    }


def played(plan: PlannedCall = CALM, **changed: Any) -> Played:
    return Played(plan, record=record(**changed))


def event(kind: str, second: float, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "at": f"2027-03-01T09:14:{second:09.6f}+00:00", "event": fields}


def alert(second: float, rule: str = ANGER_RULE, **more: Any) -> dict[str, Any]:
    return event("AlertRaised", second, rule_id=rule, **more)


def arrived(plan: PlannedCall) -> Played:
    call = played(plan)
    call.take(event("ContactArrived", 10.0))
    call.take(event("DisclosurePlayed", 20.0))
    return call


def test_a_call_as_planned_has_no_fault() -> None:
    assert played().faults() == []
    assert played(turns=3).faults() == [], "two turns may run into each other"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"disposition": "agent_ended"}, "ended as agent_ended, not as caller_ended"),
        ({"rtp_lost": 3}, "RTP lost: 0 there, 3 here"),
        ({"customer_speech_s": 0.1}, "0.1 s of the customer heard"),
        ({"turns": 2}, "2 turns heard, 4 taken"),
        ({"interactions": [{"outcome": "ring_no_answer"}]}, "no agent answered"),
    ],
)
def test_what_is_not_as_planned_is_a_fault(changed: dict[str, Any], fault: str) -> None:
    (found,) = played(**changed).faults()
    assert found.startswith(fault)


def test_rtp_lost_at_the_callers_side_is_a_fault() -> None:
    call = played()
    call.caller_lost = 2
    assert call.faults() == ["RTP lost: 2 there, 0 here"]


def test_nobody_answers_a_caller_who_has_left() -> None:
    call = Played(IMPATIENT, record=record(disposition="abandoned", interactions=[], turns=0))
    assert call.faults() == []
    call.record["interactions"] = [{"outcome": "withdrawn"}]
    assert call.faults() == []
    call.record["interactions"] = [{"outcome": "answered"}]
    assert call.faults() == ["answered, though the caller had gone"]


def test_an_alert_is_told_with_its_latency_and_whether_he_was_speaking() -> None:
    call = arrived(ANGRY)
    call.speaking = "en-customer-enough"
    alarm = call.take(alert(43.25, late_s=0.4163))
    assert str(alarm) == (
        "alert angry rose 33.2 s into the call while he spoke; latency 0.42 s after the end of the"
        " speech it rests on"
    )
    call.speaking = ""
    assert str(call.take(alert(50.0, "other"))) == "alert other rose 40.0 s into the call"
    assert call.as_json()["alerts"] == [
        {"rule": "angry", "at_s": 33.25, "latency_s": 0.416, "while_speaking": True},
        {"rule": "other", "at_s": 40.0, "latency_s": None, "while_speaking": False},
    ]
    assert call.faults() == []


def test_who_grows_angry_must_raise_the_alert_of_anger() -> None:
    call = arrived(ANGRY)
    assert call.faults() == ["grew angry, and no alert 'angry' rose; mood: never judged"]
    for after in ("calm", "uneasy"):
        call.take(event("MoodChanged", 30.0, after=after))
    call.take(alert(31.0, "growing-upset"))
    assert call.faults() == ["grew angry, and no alert 'angry' rose; mood: calm, then uneasy"]
    call.take(alert(32.0))
    assert call.faults() == []
    assert (call.as_json()["mood"], call.as_json()["moods"]) == ("uneasy", ["calm", "uneasy"])


def test_who_stays_calm_must_raise_none() -> None:
    call = arrived(CALM)
    call.take(alert(22.0, "growing-upset"))
    assert call.faults() == ["was calm, and alert growing-upset rose 12.0 s into the call"]


def test_an_alert_after_the_call_helps_nobody() -> None:
    call = arrived(ANGRY)
    call.take(event("ContactClosed", 55.0))
    call.take(alert(56.0))
    assert call.wrong == ["alert angry rose only after the call"]


def test_nobody_is_judged_before_he_was_told() -> None:
    call = Played(CALM, record=record())
    call.take(event("ContactArrived", 10.0))
    call.take(event("MoodChanged", 12.0, after="calm"))
    assert not call.as_json()["told"]
    assert call.wrong == ["his mood was judged before he was told that it would be"]


def test_of_the_operators_recordings_only_the_telephony_is_judged() -> None:
    plan = PlannedCall(
        name="1 own.wav",
        number="+14155550101",
        dialled="800",
        after_s=0.0,
        lines=("en-agent-hello", "/nowhere/customer-0", "en-agent-answer"),
        ending="caller_ended",
        foreign=True,
    )
    call = arrived(plan)
    call.record = record(customer_speech_s=0.0, turns=0, rtp_lost=1)
    call.take(alert(22.0))
    assert call.faults() == ["RTP lost: 0 there, 1 here"]


def test_calls_that_an_agent_missed_are_counted() -> None:
    twice = [{"outcome": "ring_no_answer"}, {"outcome": "answered"}]
    assert missed([played(interactions=twice), played(), Played(IMPATIENT)]) == 1


def test_the_result_of_a_call_can_be_printed() -> None:
    call = played(customer_speech_s=5.0049)
    call.sip_call_id, call.answered_ms, call.caller_lost = "abc", 12.5, 1
    assert call.as_json() == {
        "call_id": "abc",
        "answered_ms": 12.5,
        "wait_s": 2.0,
        "agent": "anna",
        "outcome": "caller_ended",
        "talk_s": 20.0,
        "rtp_lost": 1,
        "customer_speech_s": 5.0,
        "turns": 8,
        "told": False,
        "mood": None,
        "moods": [],
        "alerts": [],
    }
    assert Played(IMPATIENT).as_json()["outcome"] is None
