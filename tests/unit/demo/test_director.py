from pathlib import Path
from typing import Any

import pytest

from demo.board import Board, Row
from demo.director import Director
from demo.node import NodeProcess
from demo.script import ANGER_RULE


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
