"""How long those who wait still wait: the people put before the forecaster."""

import pytest

from domain.agent import AgentState
from domain.contact import Channel
from domain.customer_profile import CustomerProfile
from domain.wait_forecast import WaitForecast
from router.forecasts import RANK_S, rank_of
from router.inputs import (
    AgentStateRequested,
    CustomerKnown,
    OfferAnswered,
    PolicyChanged,
)
from tests.unit.router.people import Desk, agent, policy, queue, queued


def seasoned(desk: Desk, handle_s: float = 60.0) -> Desk:
    """Return a desk that knows how long its contacts take."""
    for _ in range(40):
        desk.core.forecasts(desk.now_s)._forecaster.handled("sales", handle_s)
    return desk


def forecast(desk: Desk, contact_id: str) -> WaitForecast | None:
    contact = desk.core.line.get(contact_id)
    assert contact is not None
    return desk.core.forecasts(desk.now_s).of(contact)


def mean_s(desk: Desk, contact_id: str) -> float:
    found = forecast(desk, contact_id)
    assert found is not None
    return found.mean_s


def busy(people: int = 1, **entry) -> Desk:
    """Return a desk whose agents have begun to talk."""
    desk = seasoned(Desk(policy([agent(f"a{n}", **entry) for n in range(people)])))
    for n in range(people):
        desk.tell(queued(f"c{n}"))
        desk.tell(OfferAnswered(desk.offer_id(f"c{n}")))
    return desk


def test_who_is_being_offered_waits_no_longer():
    desk = seasoned(Desk(policy([agent("ann")])))
    desk.tell(queued("c1"))
    assert forecast(desk, "c1") == WaitForecast(p50_s=0.0, p90_s=0.0, mean_s=0.0)


def test_nothing_is_told_where_nobody_works_or_nobody_is_able():
    desk = seasoned(Desk(policy([agent("ann")])))
    desk.tell(AgentStateRequested("ann", AgentState.NOT_READY), queued("c1"))
    assert forecast(desk, "c1") is None
    desk = busy()
    desk.tell(queued("zh", language="zh"))
    assert forecast(desk, "zh") is None


def test_twice_the_agents_are_half_the_wait_and_quantiles_are_in_order():
    waits = []
    for people in (1, 2):
        desk = busy(people)
        for n in range(4):
            desk.tell(queued(f"w{n}"))
        found = forecast(desk, "w3")
        assert found is not None
        assert 0 < found.p50_s < found.p90_s
        waits.append(found.mean_s)
    assert waits[1] == pytest.approx(waits[0] / 2, rel=0.35)


def test_chats_ahead_are_not_ahead_of_a_call():
    desk = busy()
    desk.tell(queued("call"))
    alone = mean_s(desk, "call")
    for n in range(5):
        desk.tell(queued(f"chat{n}", channel=Channel.CHAT, waited_s=500))
    assert mean_s(desk, "call") == alone
    for n in range(2):
        desk.tell(queued(f"call{n}", waited_s=500))
    assert mean_s(desk, "call") > 2 * alone


def test_an_agent_with_room_for_three_chats_is_three_places():
    waits = []
    for room in (1, 3):
        desk = busy(capacity={"voice": 1, "chat": room})
        for n in range(room):
            desk.tell(queued(f"chat{n}", channel=Channel.CHAT))
        desk.tell(queued("w0", channel=Channel.CHAT), queued("w1", channel=Channel.CHAT))
        contact = desk.core.line.get("w1")
        assert contact is not None
        found = desk.core.forecasts(desk.now_s)
        columns, _ = found._crew(Channel.CHAT)
        waits.append(len(columns))
    assert waits == [1, 3]


def test_who_left_the_policy_counts_no_longer():
    desk = busy(2)
    desk.tell(PolicyChanged(policy([agent("a0")])))
    desk.tell(queued("w"))
    found = desk.core.forecasts(desk.now_s)
    assert len(found._crew(Channel.VOICE)[0]) == 1


def test_rank_is_priority_and_value_in_steps():
    desk = Desk(policy([], [queue()], priority_weight_s=60.0, value_weight_s=30.0))
    desk.tell(CustomerKnown("gold", CustomerProfile(customer_id="k", value=5)))
    for name, priority in (("plain", 0), ("urgent", 1), ("gold", 0)):
        desk.tell(queued(name, priority=priority))
    ranks = {}
    for name in ("plain", "urgent", "gold"):
        contact = desk.core.line.get(name)
        assert contact is not None
        ranks[name] = rank_of(desk.core.demand, contact)
    assert ranks == {"plain": 0, "urgent": 60 // RANK_S, "gold": 120 // RANK_S}
