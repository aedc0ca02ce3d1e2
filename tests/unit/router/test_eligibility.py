"""Why an agent may not be offered a contact, for each pair and counted."""

import pytest

from domain.agent import AgentState
from domain.contact import Channel
from domain.customer_profile import CustomerProfile
from domain.decision import Obstacle
from domain.offer import DeclineReason
from domain.offer_events import OfferExplained
from router.inputs import (
    AgentStateRequested,
    CustomerKnown,
    OfferAnswered,
    OfferRefused,
    PolicyChanged,
    ShiftChanged,
)
from tests.unit.router.people import Desk, agent, of_kind, policy, queue, queued

QUEUE = queue(
    skills={"tech": 3}, routing={"language_min": 3, "rings": [{"teams": ["blue"]}, {"after_s": 30}]}
)
ABLE = {"skills": {"tech": 3}, "languages": {"en": 3}, "team": "blue"}
PEOPLE = [
    agent("able", **ABLE),
    agent("away", **ABLE),
    agent("home", **ABLE),
    agent("typist", **{**ABLE, "capacity": {"chat": 1}}),
    agent("novice", **{**ABLE, "skills": {"tech": 2}}),
    agent("foreign", **{**ABLE, "languages": {"en": 2}}),
    agent("green", **{**ABLE, "team": "green"}),
    agent("nothing", skills={}, languages={"zh": 5}),
]


def desk_of_all() -> Desk:
    desk = Desk(policy(PEOPLE, [QUEUE]))
    desk.tell(AgentStateRequested("away", AgentState.NOT_READY), ShiftChanged("home", False))
    desk.core.handle(queued("c1", skills={"tech": 3}), desk.now_s)
    return desk


def obstacles(desk: Desk, contact_id: str = "c1", kept_for: str | None = None) -> dict:
    contact = desk.core.line.get(contact_id)
    assert contact is not None
    judge = desk.core.demand.eligibility
    return {
        one.agent_id: judge.obstacle(contact, one, kept_for, desk.now_s) for one in desk.core.roster
    }


def counts(desk: Desk, contact_id: str = "c1", kept_for: str | None = None) -> dict:
    contact = desk.core.line.get(contact_id)
    assert contact is not None
    return desk.core.demand.eligibility.counts(contact, kept_for, desk.now_s)


EXPECTED = {
    "able": None,
    "away": Obstacle.STATE,
    "home": Obstacle.SHIFT,
    "typist": Obstacle.CAPACITY,
    "novice": Obstacle.SKILL,
    "foreign": Obstacle.LANGUAGE,
    "green": Obstacle.RING,
    "nothing": Obstacle.SKILL,
}


def test_the_first_thing_in_the_way_is_told():
    assert obstacles(desk_of_all()) == EXPECTED


def counted(found: dict) -> dict[Obstacle, int]:
    reasons = [reason for reason in found.values() if reason is not None]
    return {reason: reasons.count(reason) for reason in Obstacle if reason in reasons}


def test_what_is_counted_is_what_is_told_of_each():
    desk = desk_of_all()
    assert counts(desk) == counted(EXPECTED)
    desk.pass_time(31)
    assert obstacles(desk, "c1")["green"] in {None, Obstacle.STATE}


def test_whoever_could_but_is_not_the_one_it_is_kept_for():
    desk = desk_of_all()
    desk.tell(ShiftChanged("home", True))
    found = obstacles(desk, kept_for="able")
    assert (found["able"], found["home"]) == (Obstacle.STATE, Obstacle.PREFERRED)
    desk = Desk(policy([agent(name) for name in ("ann", "ben", "chen")]))
    desk.core.handle(queued("c1"), desk.now_s)
    found = obstacles(desk, kept_for="ben")
    assert found == {"ann": Obstacle.PREFERRED, "ben": None, "chen": Obstacle.PREFERRED}
    assert counts(desk, kept_for="ben") == {Obstacle.PREFERRED: 2}


def test_the_pause_after_an_offer_that_came_to_nothing():
    desk = Desk(policy([agent("ann")], decline_pause_s=30))
    desk.tell(queued("c1"))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    assert obstacles(desk) == {"ann": Obstacle.STATE}
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    assert obstacles(desk) == {"ann": Obstacle.PAUSED}
    assert counts(desk) == {Obstacle.PAUSED: 1}
    desk.now_s += 30
    assert obstacles(desk) == {"ann": None}


@pytest.mark.parametrize("state", [AgentState.NOT_READY, AgentState.LOGGED_OUT])
def test_off_shift_comes_before_what_he_asked_for(state):
    desk = Desk(policy([agent("ann")]))
    desk.tell(AgentStateRequested("ann", state), ShiftChanged("ann", False))
    desk.core.handle(queued("c1"), desk.now_s)
    assert obstacles(desk) == {"ann": Obstacle.SHIFT}
    assert counts(desk) == {Obstacle.SHIFT: 1}


def test_who_serves_a_chat_has_no_room_for_a_call_where_they_exclude_each_other():
    apart = frozenset({frozenset((Channel.VOICE, Channel.CHAT))})
    desk = Desk(policy([agent("ann")], apart=apart))
    desk.tell(queued("chat", channel=Channel.CHAT))
    desk.tell(OfferAnswered(desk.offer_id("chat")))
    desk.tell(queued("call"))
    desk.core.handle(queued("second", channel=Channel.CHAT), desk.now_s)
    assert obstacles(desk, "call") == {"ann": Obstacle.CAPACITY}
    assert obstacles(desk, "second") == {"ann": None}


def test_who_has_left_the_policy_and_still_serves_is_counted_for_nobody_else():
    roomy = agent("ann", capacity={"chat": 3})
    desk = Desk(policy([roomy, agent("ben", capacity={"chat": 3})], decline_pause_s=600))
    desk.tell(AgentStateRequested("ben", AgentState.NOT_READY))
    desk.tell(queued("c0", channel=Channel.CHAT))
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    desk.tell(queued("c1", channel=Channel.CHAT))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.core.handle(PolicyChanged(policy([agent("ben", capacity={"chat": 3})])), desk.now_s)
    desk.core.handle(AgentStateRequested("ben", AgentState.READY), desk.now_s)
    assert obstacles(desk) == {"ann": Obstacle.STATE, "ben": None}
    assert counts(desk) == {}


def test_nobody_at_all_is_in_nobodys_way():
    desk = Desk(policy([]))
    desk.tell(queued("c1"))
    assert counts(desk) == {}


def test_those_who_were_kept_out_for_the_preferred_agent_are_told_with_the_offer():
    desk = Desk(policy([agent(name) for name in ("ann", "ben", "chen")]))
    known = CustomerProfile(customer_id="k", preferred_agent_id="ben")
    desk.tell(CustomerKnown("c1", known), queued("c1"))
    (told,) = of_kind(desk.outputs, OfferExplained)
    assert told.decision.chosen.agent_id == "ben"
    assert told.decision.obstacles == {Obstacle.PREFERRED: 2}
    assert told.decision.others_count == 0
