"""Decisions and what became of the offers, joined into one story."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.contact import Interaction
from domain.decision import Candidate, Decision
from domain.decision_trail import Fate, trail

AT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


def decision(agent_id: str, after_s: float | None) -> Decision:
    return Decision(
        offer_id=f"{agent_id}-{after_s}",
        contact_id="c",
        queue_id="q",
        chosen=Candidate(agent_id=agent_id, cost_s=0.0, terms={}),
        at=None if after_s is None else AT + timedelta(seconds=after_s),
    )


def part(agent_id: str, after_s: float, outcome: str, ring_s: float = 5.0) -> Interaction:
    began = AT + timedelta(seconds=after_s)
    return Interaction(
        interaction_id=f"{agent_id}{after_s}",
        contact_id="c",
        agent_id=agent_id,
        started_at=began,
        ended_at=began + timedelta(seconds=ring_s),
        outcome=outcome,
        ring_s=ring_s,
        talk_s=0.0,
    )


def test_each_offer_has_its_fate_in_order():
    steps = trail(
        [decision("bob", 30), decision("ann", 0), decision("ann", 60)],
        [part("ann", 60.2, "answered", 3.0), part("bob", 30.1, "declined"),
         part("ann", -0.5, "ring_no_answer", 20.0)],
    )  # fmt: skip
    assert [step.decision.offer_id for step in steps] == ["ann-0", "bob-30", "ann-60"]
    assert [step.fate for step in steps] == [Fate.EXPIRED, Fate.DECLINED, Fate.ACCEPTED]
    assert [step.ring_s for step in steps] == [20.0, 5.0, 3.0]
    assert steps[2].at == AT + timedelta(seconds=63.2)


def test_a_part_of_a_later_offer_is_not_given_to_an_earlier_one():
    first, second = trail(
        [decision("ann", 0), decision("ann", 60)], [part("ann", 60.1, "answered")]
    )
    assert (first.fate, first.at, first.ring_s) == (Fate.OPEN, None, None)
    assert second.fate is Fate.ACCEPTED


def test_a_part_without_a_decision_is_passed_over():
    (step,) = trail([decision("ann", 60)], [part("ann", 0, "declined"), part("ann", 61, "lost")])
    assert step.fate is Fate.LOST


def test_a_decision_without_a_time_comes_last():
    steps = trail([decision("ann", None), decision("bob", 5)], [part("ann", 9, "busy")])
    assert [step.decision.chosen.agent_id for step in steps] == ["bob", "ann"]
    assert steps[1].fate is Fate.BUSY


@pytest.mark.parametrize(
    ("outcome", "fate"), [("unreachable", Fate.UNREACHABLE), ("new word", Fate.OPEN)]
)
def test_outcomes(outcome, fate):
    (step,) = trail([decision("ann", 0)], [part("ann", 0, outcome)])
    assert step.fate is fate
