"""A match told as a decision."""

import pytest

from domain.agent import AgentState
from domain.customer_profile import CustomerProfile, Familiar
from domain.decision import CANDIDATES_MAX, Decision, Obstacle, Reason, Scheme
from domain.offer_events import OfferExplained
from router.inputs import AgentStateRequested, CustomerKnown, ReachabilityChanged
from tests.unit.router.people import Desk, agent, of_kind, policy, queue, queued


def decisions(desk: Desk) -> dict[str, Decision]:
    return {one.decision.contact_id: one.decision for one in of_kind(desk.outputs, OfferExplained)}


def at_once(desk: Desk, *names: str) -> None:
    for name in names:
        desk.core.handle(ReachabilityChanged(name, True), desk.now_s)
        desk.core.handle(AgentStateRequested(name, AgentState.READY), desk.now_s)


def test_the_nearest_others_are_told_in_order_and_all_are_counted():
    levels = [5, 1, 4, 2, 3, 5, 1, 4]
    people = [agent(f"a{n}", skills={"tech": level}) for n, level in enumerate(levels)]
    desk = Desk(policy([*people, agent("none")], [queue(skills={"tech": 1})]))
    desk.tell(queued("c1", skills={"tech": 1}, waited_s=7))
    told = decisions(desk)["c1"]
    assert told.chosen.agent_id == "a0"
    assert len(told.others) == CANDIDATES_MAX
    assert [one.agent_id for one in told.others[:3]] == ["a5", "a2", "a7"]
    costs = [told.chosen.cost_s, *(one.cost_s for one in told.others)]
    assert costs == sorted(costs)
    assert told.others_count == 7
    assert told.obstacles == {Obstacle.SKILL: 1}
    assert (told.waited_s, told.waiting, told.free) == (7, 1, 9)
    assert (told.skills, told.language, told.ring, told.relaxed) == (("tech",), "en", 0, 0)
    assert (told.scheme, told.propensity) == (Scheme.UNLEARNED, 1.0)


def test_the_cost_told_is_the_sum_of_its_reasons_and_the_cost_of_the_offer():
    desk = Desk(policy([agent("ann", languages={"en": 3}), agent("ben")]))
    known = CustomerProfile(
        customer_id="k", value=3, region="n", familiar=(Familiar(agent_id="ben", strength=0.3),)
    )
    desk.pass_time(30)
    desk.tell(CustomerKnown("c1", known), queued("c1"))
    told = decisions(desk)["c1"]
    for one in (told.chosen, *told.others):
        assert one.cost_s == pytest.approx(sum(one.terms.values()), abs=1e-3)
    assert told.chosen.terms[Reason.FAMILIARITY] == pytest.approx(-12)
    assert Reason.FAMILIARITY not in told.others[0].terms
    assert told.others[0].terms[Reason.LANGUAGE] > told.chosen.terms[Reason.LANGUAGE]


def test_an_other_who_was_offered_somebody_else_is_told_with_whom():
    fluent, poor = agent("fluent", languages={"en": 5}), agent("poor", languages={"en": 1})
    desk = Desk(policy([fluent, poor]), ready=False)
    desk.core.handle(queued("c1"), desk.now_s)
    desk.core.handle(queued("c2"), desk.now_s)
    at_once(desk, "fluent", "poor")
    desk.tell()
    assert set(desk.offers()) == {"c1", "c2"}
    for contact_id, told in decisions(desk).items():
        (other,) = told.others
        assert other.offered_other == ({"c1", "c2"} - {contact_id}).pop()
        assert told.chosen.offered_other is None


def test_nobody_else_could():
    desk = Desk(policy([agent("ann")]))
    desk.tell(queued("c1"))
    told = decisions(desk)["c1"]
    assert (told.others, told.others_count, told.obstacles) == ((), 0, {})
