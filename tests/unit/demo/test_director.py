from pathlib import Path
from typing import Any

import pytest

from demo.board import Board, Row
from demo.director import Director
from demo.journey import Journey
from demo.line import Line
from demo.node import NodeProcess
from demo.script import ANGER_RULE, CALLS, JOURNEY_CALL


@pytest.fixture
def director(tmp_path: Path) -> Director:
    node = NodeProcess(tmp_path, "")
    node.http = "http://127.0.0.1:1"
    return Director(node, "token", {}, Board())


def alert(contact_id: str) -> dict[str, Any]:
    return {
        "type": "AlertRaised",
        "at": "2027-03-01T09:14:40.120000+00:00",
        "event": {"contact_id": contact_id, "rule_id": ANGER_RULE, "late_s": 0.5},
    }


def test_an_alert_is_shown_with_the_call_that_it_is_about(director: Director) -> None:
    board = director._board
    for name, contact_id in (("outage", "c1"), ("bill", "c2")):
        board.rows[name] = Row(name, "")
        director._played[name].contact_id = contact_id
    director._tell_played(alert("c1"))
    assert [len(director._played[name].alarms) for name in ("outage", "bill")] == [1, 0]
    (line,) = board.alerts
    assert line.startswith("outage: alert angry rose ")


def test_what_is_about_no_call_of_the_demo_is_passed_over(director: Director) -> None:
    director._tell_played(alert("c9"))
    # An event without a contact, while calls have none yet.
    director._tell_played(alert("") | {"event": {"rule_id": ANGER_RULE}})
    assert director._board.alerts == []


def test_who_sleeps_does_not_let_the_angry_wait(director: Director) -> None:
    for name, contact_id in (("outage", "c1"), ("bill", "c2")):
        director._played[name].contact_id = contact_id
    assert not director._offered_angry("chen")
    for agent, contact_id, angry in (
        ("anna", "c1", False), ("chen", "c1", True), ("chen", "c2", False)
    ):  # fmt: skip
        offer = {"agent_id": agent, "contact_id": contact_id}
        director._events.append({"type": "OfferMade", "event": offer})
        assert director._offered_angry("chen") is angry


async def test_a_record_that_is_written_a_moment_later_is_asked_for_again(
    director: Director, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, str] | OSError] = [OSError("404"), {"sip_call_id": "abc"}]

    async def get(_path: str) -> dict[str, str]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr("demo.director.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(director._api, "get", get)
    director._played["bill"].sip_call_id = "abc"
    await director._name("c2")
    assert (director._played["bill"].contact_id, answers) == ("c2", [])
    assert director._played["outage"].contact_id == ""


async def test_a_journey_places_its_call_itself(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path, "")
    node.http = "http://127.0.0.1:1"
    journey = Journey(node, "token", "k" * 40, Board())
    made: list[object] = []

    async def make(place: object) -> None:
        made.append(place)

    journey.make = make  # type: ignore[method-assign]
    director = Director(node, "token", {}, Board(), journey=journey)
    assert director._calls == (*CALLS, JOURNEY_CALL)
    await director._come(Line("caller", tmp_path, "127.0.0.2"), JOURNEY_CALL)
    assert len(made) == 1
