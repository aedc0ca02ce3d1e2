import pytest

from domain.agent import AgentState
from domain.decision import Obstacle
from domain.errors import NotKnown
from domain.ports import QueuePosition
from router import views
from router.inputs import AgentStateRequested, ContactFinished, ContactLeft, OfferAnswered
from tests.unit.router.people import Desk, agent, policy, queue, queued

ANN = agent("ann", skills={"tech": 2})
BEN = agent("ben")


def place(desk: Desk, contact_id: str) -> QueuePosition:
    found = views.position(desk.core, contact_id, desk.now_s)
    assert found is not None
    return found


def test_a_position_is_told_to_those_who_wait():
    desk = Desk(policy([BEN]))
    desk.tell(queued("c1"), queued("c2"), queued("c3"))
    assert views.position(desk.core, "c1", desk.now_s) is None
    assert place(desk, "c3").position == 2
    assert views.position(desk.core, "nobody", desk.now_s) is None


def test_the_expected_wait_grows_with_who_is_ahead_and_is_unknown_without_agents():
    desk = Desk(policy([BEN], [queue(wrap_up_s=0)]))
    desk.tell(queued("c1"))
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    desk.tell(queued("c2"), queued("c3"), queued("c4"))
    assert place(desk, "c3").expected_wait_s is None
    desk.pass_time(100)
    desk.tell(ContactFinished("c1"))
    assert desk.offers() == {"c2": "ben"}
    third, fourth = place(desk, "c3"), place(desk, "c4")
    assert third.expected_wait_s == pytest.approx(100, rel=0.2)
    assert fourth.expected_wait_s == pytest.approx(200, rel=0.2)
    for told in (third, fourth):
        assert told.expected_wait_s is not None
        assert told.wait_p90_s is not None
        assert told.wait_p90_s > told.expected_wait_s
    desk.tell(AgentStateRequested("ben", AgentState.NOT_READY))
    desk.tell(ContactLeft("c2"))
    assert place(desk, "c3").expected_wait_s is None


def test_who_cannot_take_my_agents_is_not_ahead_of_me():
    desk = Desk(policy([BEN, agent("lin", languages={"zh": 5})]))
    for _ in range(30):
        desk.core.forecasts(desk.now_s)._forecaster.handled("sales", 60.0)
    desk.tell(queued("c1"), queued("c2", language="zh"))
    desk.tell(queued("zh2", language="zh"))
    desk.pass_time(1)
    desk.tell(queued("en2"))
    assert place(desk, "en2").position == 2
    alone = place(desk, "en2").expected_wait_s
    assert alone == pytest.approx(60, rel=0.25)
    desk.tell(queued("en3"))
    behind = place(desk, "en3").expected_wait_s
    assert alone is not None
    assert behind is not None
    assert behind > 1.5 * alone


def test_an_agent_is_shown_with_his_work_and_his_wish():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    desk.tell(AgentStateRequested("ann", AgentState.NOT_READY))
    desk.pass_time(5)
    (ann,) = views.agent_views(desk.core, desk.now_s)
    assert (ann.state, ann.contact_id, ann.in_state_s) == (AgentState.BUSY, "c1", 5)
    assert (ann.wished, ann.reachable, ann.missed) == (AgentState.NOT_READY, True, 0)


def test_a_queue_is_shown_with_its_people_and_figures():
    desk = Desk(policy([ANN, BEN], [queue(), queue("help", skills={"tech": 2})]))
    desk.tell(queued("c1"))
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    desk.pass_time(4)
    desk.tell(queued("c2"), queued("c3"))
    desk.pass_time(7)
    desk.tell(AgentStateRequested("ben", AgentState.LOGGED_OUT))
    sales, help_ = views.queue_views(desk.core, desk.now_s)
    assert (sales.waiting, sales.offered, sales.connected) == (1, 1, 1)
    assert (sales.arrived, sales.answered, sales.abandoned) == (3, 1, 0)
    assert sales.longest_wait_s == 7
    assert sales.service_level == 1.0
    assert (sales.agents_eligible, help_.agents_eligible) == (2, 1)
    assert sales.agents_ready == 0


def test_those_who_wait_are_shown_in_order():
    desk = Desk(policy([BEN]))
    desk.tell(queued("c1"), queued("c2", priority=1), queued("c3"))
    shown = views.waiting_views(desk.core, "sales", desk.now_s + 3)
    assert [one.contact_id for one in shown] == ["c2", "c1", "c3"]
    assert [one.offered_to for one in shown] == ["ben", None, None]
    assert {one.waited_s for one in shown} == {3}
    with pytest.raises(NotKnown):
        views.waiting_views(desk.core, "nowhere", 0.0)


def test_who_can_be_offered_a_contact_and_what_stands_in_the_way_of_others():
    people = [ANN, BEN, agent("lin", languages={"zh": 5}), agent("off")]
    desk = Desk(policy(people, [queue(skills={"tech": 2})]))
    desk.tell(AgentStateRequested("off", AgentState.LOGGED_OUT))
    desk.tell(AgentStateRequested("ann", AgentState.NOT_READY))
    desk.tell(queued("c1", skills={"tech": 2}))
    found = {one.agent_id: one.obstacle for one in views.eligibility(desk.core, "c1", desk.now_s)}
    assert found == {
        "ann": Obstacle.STATE,
        "ben": Obstacle.SKILL,
        "lin": Obstacle.SKILL,
        "off": Obstacle.STATE,
    }
    desk.core.handle(AgentStateRequested("ann", AgentState.READY), desk.now_s)
    first, *_ = views.eligibility(desk.core, "c1", desk.now_s)
    assert (first.agent_id, first.obstacle) == ("ann", None)
    assert first.cost_s is not None
    with pytest.raises(NotKnown):
        views.eligibility(desk.core, "nobody", desk.now_s)
