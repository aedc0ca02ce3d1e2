"""One round: who is in it, what each pair costs, and what comes of its solution."""

import numpy as np
import pytest

from config.routing import Routing
from domain.agent import AgentState
from domain.contact import Channel
from domain.customer_profile import CustomerProfile, Familiar
from domain.decision import Reason, Scheme
from domain.offer import DeclineReason
from router import round as rounds
from router.assignment.problem import Solution
from router.assignment.solver import solve
from router.core import RouterCore
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    CustomerKnown,
    OfferAnswered,
    OfferRefused,
    ReachabilityChanged,
)
from router.policy import RouterPolicy
from router.round import Round
from tests.unit.router.people import Desk, agent, policy, queue, queued

ANN, BEN, LIN = agent("ann"), agent("ben"), agent("lin", languages={"zh": 5, "en": 2})


def profile(**known) -> CustomerProfile:
    return CustomerProfile(customer_id="k", **known)


def here(core: RouterCore, now_s: float, *names: str) -> None:
    """Let agents become ready without an assignment in between."""
    for name in names:
        core.handle(ReachabilityChanged(name, True), now_s)
        core.handle(AgentStateRequested(name, AgentState.READY), now_s)


def posed(desk: Desk) -> Round:
    asked = desk.core.pose(desk.now_s)
    assert asked is not None
    return asked


def test_a_round_without_contacts_or_agents_is_none():
    desk = Desk(policy([ANN]), ready=False)
    assert desk.core.pose(desk.now_s) is None
    here(desk.core, desk.now_s, "ann")
    assert desk.core.pose(desk.now_s) is None
    empty = Desk(policy([]))
    empty.tell(queued("c1"))
    assert empty.core.pose(empty.now_s) is None


def test_the_longest_waiting_and_the_longest_idle_stand_first():
    desk = Desk(policy([ANN, BEN, LIN]), ready=False)
    for name in ("lin", "ann", "ben"):
        here(desk.core, desk.now_s, name)
        desk.now_s += 1
    desk.core.handle(queued("b"), desk.now_s)
    desk.core.handle(queued("a", waited_s=50), desk.now_s)
    desk.core.handle(queued("c"), desk.now_s)
    asked = posed(desk)
    assert [one.contact_id for one in asked.contacts] == ["a", "b", "c"]
    assert [one.agent_id for one in asked.agents] == ["lin", "ann", "ben"]
    assert (asked.waiting, asked.free, asked.whole) == (3, 3, True)


def test_equals_stand_in_the_order_of_their_names_however_they_came():
    for order in (("ann", "ben", "lin"), ("lin", "ben", "ann")):
        entries = [agent(name) for name in order]
        desk = Desk(policy(entries), ready=False)
        here(desk.core, desk.now_s, *order)
        for contact_id in reversed(("c1", "c2", "c3")):
            desk.core.handle(queued(contact_id), desk.now_s)
        asked = posed(desk)
        assert [one.agent_id for one in asked.agents] == ["ann", "ben", "lin"]
        assert [one.contact_id for one in asked.contacts] == ["c1", "c2", "c3"]


def test_the_cost_of_a_pair_is_the_sum_of_what_is_told_of_it():
    desk = Desk(policy([ANN, BEN, LIN]), ready=False)
    here(desk.core, desk.now_s, "ann", "ben", "lin")
    known = profile(familiar=(Familiar(agent_id="ben", strength=0.4),), value=4)
    desk.core.handle(CustomerKnown("c1", known), desk.now_s)
    desk.core.handle(queued("c1"), desk.now_s)
    desk.core.handle(queued("c2", language="zh"), desk.now_s)
    asked = posed(desk)
    for row in range(2):
        costs = asked.costs_s(row)
        every = asked.terms(row, np.arange(len(asked.agents)))
        for (column, one), terms in zip(enumerate(asked.agents), every, strict=True):
            if np.isfinite(costs[column]):
                assert sum(terms.values()) == pytest.approx(float(costs[column]), abs=1e-3)
            assert (Reason.FAMILIARITY in terms) == (row == 0 and one.agent_id == "ben")
    assert [one.agent_id for one in asked.agents if np.isinf(asked.costs_s(1)[one.column])] == [
        "ann", "ben",
    ]  # fmt: skip


def test_matches_are_told_the_most_urgent_first_with_what_they_cost():
    desk = Desk(policy([ANN, BEN]), ready=False)
    here(desk.core, desk.now_s, "ann", "ben")
    desk.core.handle(queued("c1"), desk.now_s)
    desk.core.handle(queued("c2", priority=3), desk.now_s)
    asked = posed(desk)
    found = asked.matches(Solution(np.array([0, 1]), np.array([1, 0])))
    assert [(one.contact.contact_id, one.agent.agent_id) for one in found] == [
        ("c2", "ann"), ("c1", "ben"),
    ]  # fmt: skip
    for match in found:
        assert match.cost_s == pytest.approx(float(asked.costs_s(match.row)[match.column]))


def test_whoever_may_not_be_offered_a_contact_again_yet_costs_too_much():
    desk = Desk(policy([ANN, BEN]))
    desk.tell(AgentStateRequested("ben", AgentState.NOT_READY), queued("c1"))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.core.handle(AgentStateRequested("ann", AgentState.READY), desk.now_s)
    desk.core.handle(AgentStateRequested("ben", AgentState.READY), desk.now_s)
    asked = posed(desk)
    costs = {one.agent_id: asked.costs_s(0)[n] for n, one in enumerate(asked.agents)}
    assert np.isinf(costs["ann"])
    assert np.isfinite(costs["ben"])


def test_a_contact_kept_for_a_free_agent_is_for_him_alone():
    desk = Desk(policy([ANN, BEN]), ready=False)
    here(desk.core, desk.now_s, "ann", "ben")
    known = profile(preferred_agent_id="ben")
    desk.core.handle(CustomerKnown("c1", known), desk.now_s)
    for contact_id in ("c1", "c2"):
        desk.core.handle(queued(contact_id), desk.now_s)
    asked = posed(desk)
    open_to = [
        {one.agent_id for n, one in enumerate(asked.agents) if np.isfinite(asked.costs_s(row)[n])}
        for row in range(2)
    ]
    assert open_to == [{"ben"}, {"ann", "ben"}]


def test_who_is_kept_for_somebody_busy_is_not_in_the_round():
    desk = Desk(policy([ANN, BEN]))
    for contact_id in ("c0", "c1"):
        desk.core.handle(CustomerKnown(contact_id, profile(preferred_agent_id="ben")), desk.now_s)
    desk.tell(queued("c0"))
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    desk.core.handle(queued("c1"), desk.now_s)
    desk.core.handle(queued("c2"), desk.now_s)
    asked = posed(desk)
    assert [one.contact_id for one in asked.contacts] == ["c2"]
    assert asked.waiting == 2


def test_channels_of_which_an_agent_has_no_room_are_shut():
    typist = agent("typist", capacity={"chat": 1, "mail": 2})
    desk = Desk(policy([ANN, typist]), ready=False)
    here(desk.core, desk.now_s, "ann", "typist")
    desk.core.handle(queued("call"), desk.now_s)
    desk.core.handle(queued("mail", channel=Channel.MAIL), desk.now_s)
    asked = posed(desk)
    place = {one.agent_id: n for n, one in enumerate(asked.agents)}
    call, mail = asked.costs_s(0), asked.costs_s(1)
    assert np.isinf(call[place["typist"]])
    assert np.isfinite([call[place["ann"]], mail[place["ann"]], mail[place["typist"]]]).all()


def test_who_has_room_for_a_mail_alone_is_not_asked_when_only_calls_wait():
    both = agent("both", capacity={"voice": 1, "mail": 2})
    desk = Desk(policy([both, ANN]), ready=False)
    here(desk.core, desk.now_s, "both")
    desk.tell(queued("c0"))
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    here(desk.core, desk.now_s, "ann")
    desk.core.handle(queued("c1"), desk.now_s)
    assert [one.agent_id for one in posed(desk).agents] == ["ann"]


def test_more_than_fit_into_one_round_are_served_in_several(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rounds, "CONTACTS_MAX", 3)
    monkeypatch.setattr(rounds, "AGENTS_MAX", 2)
    names = [f"a{n}" for n in range(5)]
    desk = Desk(policy([agent(name) for name in names]), ready=False)
    here(desk.core, desk.now_s, *names)
    for n in range(7):
        desk.core.handle(queued(f"c{n}", waited_s=10.0 - n), desk.now_s)
    asked = posed(desk)
    assert (len(asked.contacts), len(asked.agents), asked.whole) == (3, 2, False)
    assert [one.contact_id for one in asked.contacts] == ["c0", "c1", "c2"]
    desk.core.settle(asked, solve(asked.problem))
    desk.tell()
    assert set(desk.offers()) == {f"c{n}" for n in range(5)}
    assert desk.core.totals.inexact >= 2


def test_leaving_somebody_waiting_costs_what_it_is_worth_to_serve_him_and_never_less_than_nothing():
    rules = policy([ANN], unserved_s=100, wait_weight_per_s=1, overdue_weight_per_s=0)
    desk = Desk(rules, ready=False)
    here(desk.core, desk.now_s, "ann")
    desk.core.handle(queued("c1", waited_s=30), desk.now_s)
    asked = posed(desk)
    assert asked.problem.leave_s.tolist() == pytest.approx([100 + 60 + 30])


class Expecting:
    """An outcome model by which everybody but the loaded one is bad."""

    version = 0
    enabled = True

    def __init__(self, factor: dict[str, float]) -> None:
        self.factor = factor

    def expect(self, topic, segment, agent_ids, prior):
        chances = {"a": [0.9, 0.5, 0.1], "b": [0.2, 0.4, 0.6]}[topic]
        return np.array(chances, dtype=np.float32)

    def observe(self, *seen):
        pass

    def draw(self, contact_id):
        learned = not contact_id.startswith("control")
        return (Scheme.LEARNED, 0.9) if learned else (Scheme.CONTROL, 0.1)

    def note(self, *noted):
        pass

    def load_factor(self, occupancy):
        assert len(occupancy) == 3
        return np.array(list(self.factor.values()), dtype=np.float32)


def expectations(*topics: str | None) -> np.ndarray:
    """Return the term of expectation of contacts of these topics, None: of the control group.

    The first agent's counts half; shape (contacts, 3).
    """
    people = [agent("a1"), agent("a2"), agent("a3")]
    model = Expecting({"a1": 0.5, "a2": 1.0, "a3": 1.0})
    desk = Desk(policy(people, expectation_weight_s=100), ready=False, outcomes=model)
    here(desk.core, desk.now_s, "a1", "a2", "a3")
    for n, topic in enumerate(topics):
        name = f"control{n}" if topic is None else f"c{n}"
        if topic is not None:
            desk.core.handle(CustomerKnown(name, profile(topic=topic)), desk.now_s)
        desk.core.handle(queued(name, waited_s=100.0 - n), desk.now_s)
    asked = posed(desk)
    (term,) = (one for one in asked.problem.terms if one.reason is Reason.EXPECTATION)
    return term.table[term.index]


@pytest.mark.parametrize(
    "topics",
    [
        ("a",),
        ("a", "b"),
        ("b", "a", "a"),
        ("a", "b", None),
        (None, "a", "b"),
        ("a", None, None, "b", "a", "b"),
    ],
)
def test_a_loaded_agents_lead_is_cut_towards_the_worst_for_however_many_wait(topics):
    """Chances told against their mean cost -40, 0, 40 and 20, 0, -20; the first counts half."""
    expected = {"a": [0.0, 0.0, 40.0], "b": [20.0, 0.0, -20.0], None: [0.0, 0.0, 0.0]}
    np.testing.assert_allclose(
        expectations(*topics), [expected[topic] for topic in topics], atol=1e-3
    )


def ruled(**rules: object) -> RouterPolicy:
    made = policy([agent("b1", team="blue"), agent("b2", team="blue"), ANN], [queue(), queue("q")])
    return RouterPolicy(
        agents=made.agents, queues=made.queues, weights=Routing.model_validate(rules)
    )


def test_a_rule_that_cannot_be_broken_now_is_left_out():
    rule = {"id": "r", "team": "blue", "queues": ["sales"], "serving_max": 1}
    desk = Desk(ruled(team_rules=[rule]), ready=False)
    here(desk.core, desk.now_s, "b1", "b2", "ann")
    desk.core.handle(queued("c1"), desk.now_s)
    desk.core.handle(queued("c2", "q"), desk.now_s)
    assert posed(desk).problem.rules == []
    desk.core.handle(queued("c3"), desk.now_s)
    (found,) = posed(desk).problem.rules
    assert found.contacts.tolist() == [True, False, True]
    assert found.agents.tolist() == [False, True, True]
    assert found.pairs_max == 1


def test_whoever_is_busy_with_the_queue_takes_of_what_the_team_may():
    rule = {"id": "r", "team": "blue", "queues": ["sales"], "serving_max": 1}
    desk = Desk(ruled(team_rules=[rule]), ready=False)
    here(desk.core, desk.now_s, "b1")
    desk.tell(queued("c1"))
    assert desk.offers() == {"c1": "b1"}
    here(desk.core, desk.now_s, "b2")
    desk.core.handle(queued("c2"), desk.now_s)
    (found,) = posed(desk).problem.rules
    assert found.pairs_max == 0
    desk.tell(OfferAnswered(desk.offer_id("c1")), ContactFinished("c1"))
    assert desk.offers() == {}
    desk.pass_time(15)
    assert len(desk.offers()) == 1
