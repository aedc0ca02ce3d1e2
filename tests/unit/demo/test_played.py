from typing import Any

import pytest

from demo.director import Played, _faults, missed
from demo.script import CALLS

SERVED = next(call for call in CALLS if call.ending == "caller_ended")
IMPATIENT = next(call for call in CALLS if call.ending == "abandoned")


def record(**changed: Any) -> dict[str, Any]:
    return {
        "disposition": "caller_ended",
        "rtp_lost": 0,
        "customer_speech_s": 60.0,
        "turns": 4,
        "wait_s": 2.0,
        "talk_s": 20.0,
        "agent_id": "anna",
        "interactions": [{"outcome": "answered"}],
        **changed,
    }


def played(**changed: Any) -> Played:
    return Played(SERVED, record=record(**changed))


def test_a_call_as_planned_has_no_fault() -> None:
    assert list(_faults(played())) == []
    assert list(_faults(played(turns=3))) == [], "two turns may run into each other"


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
    (found,) = _faults(played(**changed))
    assert found.startswith(fault)


def test_rtp_lost_at_the_callers_side_is_a_fault() -> None:
    call = played()
    call.caller_lost = 2
    assert list(_faults(call)) == ["RTP lost: 2 there, 0 here"]


def test_nobody_answers_a_caller_who_has_left() -> None:
    call = Played(IMPATIENT, record=record(disposition="abandoned", interactions=[], turns=0))
    assert list(_faults(call)) == []
    call.record["interactions"] = [{"outcome": "withdrawn"}]
    assert list(_faults(call)) == []
    call.record["interactions"] = [{"outcome": "answered"}]
    assert list(_faults(call)) == ["answered, though the caller had gone"]


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
        "turns": 4,
    }
    assert Played(IMPATIENT).as_json()["outcome"] is None
