"""Nobody is looked at twice, and nobody is forgotten: what is new since the last assignment."""

import numpy as np
import pytest

from domain.agent import AgentState
from domain.customer_profile import CustomerProfile
from domain.offer import DeclineReason
from router.assignment.solver import solve
from router.changes import Changes
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    OfferAnswered,
    OfferRefused,
    PolicyChanged,
    ReachabilityChanged,
    ShiftChanged,
)
from router.round import Round
from tests.unit.router.people import Desk, agent, policy, queue, queued

ANN, BEN, LIN = agent("ann"), agent("ben"), agent("lin", languages={"zh": 5})


def test_at_first_everything_is_new_and_then_nothing():
    changes = Changes()
    assert changes
    assert not changes.contacts_alone
    assert not changes.agents_alone
    changes.clear()
    assert not changes


def test_what_has_changed_alone():
    contacts = Changes(everything=False, contacts={"c1"})
    agents = Changes(everything=False, columns={3})
    both = Changes(everything=False, contacts={"c1"}, columns={3})
    assert (contacts.contacts_alone, contacts.agents_alone) == (True, False)
    assert (agents.contacts_alone, agents.agents_alone) == (False, True)
    assert (both.contacts_alone, both.agents_alone) == (False, False)
    assert contacts
    assert agents


def test_changed_agents_are_picked_in_the_order_given_unless_all_must_be_looked_at():
    columns = np.array([4, 2, 9, 0])
    assert Changes(everything=False, columns={0, 4, 7}).among(columns).tolist() == [4, 0]
    for changes in (
        Changes(everything=True, columns={0}),
        Changes(everything=False, contacts={"c1"}, columns={0}),
        Changes(everything=False, contacts={"c1"}),
    ):
        assert changes.among(columns).tolist() == columns.tolist()


class Watched(Desk):
    """A desk that keeps the rounds it was asked to solve."""

    def __init__(self, *args, **rest) -> None:
        self.rounds: list[Round] = []
        super().__init__(*args, **rest)

    def _assigned(self, outputs):
        core = self.core
        while core.wants_assignment:
            if not core.has_matches:
                asked = core.pose(self.now_s)
                if asked is not None:
                    self.rounds.append(asked)
                    core.settle(asked, solve(asked.problem))
            outputs += core.make_offers(self.now_s)
        self.outputs += outputs
        return outputs

    def looked_at(self) -> tuple[set[str], set[str]]:
        """Return contacts and agents of the rounds since the last time."""
        rounds, self.rounds = self.rounds, []
        return (
            {contact.contact_id for one in rounds for contact in one.contacts},
            {one.agent_id for asked in rounds for one in asked.agents},
        )


def waiting_in_chinese() -> Watched:
    """Return a desk where c1 and c2 wait for Chinese, and Ann is free and speaks none."""
    desk = Watched(policy([ANN, BEN, LIN]), ready=False)
    desk.ready("ann")
    desk.tell(queued("c1", language="zh"), queued("c2", language="zh"))
    desk.looked_at()
    return desk


def test_a_contact_that_comes_is_looked_at_with_those_who_are_free_and_no_other_contact():
    desk = waiting_in_chinese()
    desk.tell(queued("c3", language="zh"))
    assert desk.looked_at() == ({"c3"}, {"ann"})
    assert desk.tell() == []
    assert desk.looked_at() == (set(), set())


def test_an_agent_who_becomes_free_is_looked_at_with_those_who_wait_and_no_other_agent():
    desk = waiting_in_chinese()
    desk.ready("ben")
    assert desk.looked_at() == ({"c1", "c2"}, {"ben"})
    desk.ready("lin")
    assert desk.looked_at() == ({"c1", "c2"}, {"lin"})
    assert desk.offers() == {"c1": "lin"}


def test_a_contact_and_an_agent_who_come_at_once_are_looked_at_with_all():
    desk = waiting_in_chinese()
    desk.core.handle(ReachabilityChanged("ben", True), desk.now_s)
    desk.core.handle(AgentStateRequested("ben", AgentState.READY), desk.now_s)
    desk.tell(queued("c3", language="zh"))
    assert desk.looked_at() == ({"c1", "c2", "c3"}, {"ann", "ben"})


@pytest.mark.parametrize(
    "free_again",
    [
        [ContactLeft("c1")],
        [OfferAnswered("o1"), ContactFinished("c1")],
        [ShiftChanged("lin", False), ShiftChanged("lin", True)],
    ],
)
def test_whoever_is_free_again_in_whatever_way_is_new(free_again):
    desk = Watched(policy([ANN, LIN], [queue(wrap_up_s=0)]))
    desk.tell(queued("c1", language="zh"))
    assert desk.offer_id("c1") == "o1"
    desk.tell(queued("c2", language="zh"))
    if isinstance(free_again[0], ShiftChanged):
        desk.tell(ContactLeft("c2"))
        desk.tell(ContactLeft("c1"), free_again[0])
        desk.tell(queued("c2", language="zh"))
        free_again = free_again[1:]
    assert "c2" not in desk.offers()
    desk.tell(*free_again)
    assert desk.offers() == {"c2": "lin"}


def test_after_another_policy_all_are_looked_at():
    desk = waiting_in_chinese()
    able = agent("ann", languages={"en": 5, "zh": 1})
    desk.tell(PolicyChanged(policy([able, BEN, LIN])))
    assert desk.looked_at()[0] == {"c1", "c2"}
    assert desk.offers() == {"c1": "ann"}


def test_a_pair_that_was_kept_apart_is_new_when_the_pause_is_over():
    desk = Watched(policy([ANN], decline_pause_s=30))
    desk.tell(queued("c1"))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    desk.looked_at()
    desk.pass_time(29)
    assert desk.looked_at() == (set(), set())
    desk.pass_time(1)
    assert desk.looked_at() == ({"c1"}, {"ann"})
    assert desk.offers() == {"c1": "ann"}


def test_the_end_of_a_pause_of_somebody_gone_leaves_nothing_behind():
    desk = Watched(policy([ANN], decline_pause_s=30))
    desk.tell(queued("c1"))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.tell(ContactLeft("c1"))
    desk.pass_time(60)
    assert not desk.core.demand._changes.contacts


HELD = CustomerProfile(customer_id="k", preferred_agent_id="ben")


def held_for_ben() -> Watched:
    """Return a desk where c1 is kept for Ben, who talks, while Ann is free."""
    desk = Watched(policy([ANN, BEN], [queue(routing={"preferred_s": 60}, wrap_up_s=0)]))
    desk.tell(CustomerKnown("c0", HELD))
    desk.tell(queued("c0"))
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    desk.tell(CustomerKnown("c1", HELD))
    desk.tell(queued("c1"))
    assert desk.offers() == {}
    desk.looked_at()
    return desk


@pytest.mark.parametrize(
    "gone",
    [
        AgentStateRequested("ben", AgentState.NOT_READY),
        ReachabilityChanged("ben", False),
        ShiftChanged("ben", False),
        PolicyChanged(policy([ANN])),
        CustomerKnown("c1", CustomerProfile(customer_id="k")),
        CustomerKnown("c1", CustomerProfile(customer_id="k", preferred_agent_id="ann")),
    ],
)
def test_a_contact_that_is_kept_no_longer_is_new_to_everybody(gone):
    desk = held_for_ben()
    desk.tell(gone)
    assert desk.offers() == {"c1": "ann"}


def test_a_contact_kept_for_somebody_is_no_news_to_others_meanwhile():
    desk = held_for_ben()
    desk.tell(queued("c2"))
    assert desk.offers() == {"c2": "ann"}
    assert desk.looked_at() == ({"c2"}, {"ann"})
    desk.tell(ContactFinished("c0"))
    assert desk.offers() == {"c1": "ben", "c2": "ann"}


def decided(contacts: int, agents: int) -> tuple[Desk, Round]:
    """Return a desk and its round while that is solved elsewhere."""
    names = [f"a{n}" for n in range(agents)]
    desk = Desk(policy([agent(name) for name in names]), ready=False)
    desk.tell(*(queued(f"c{n}") for n in range(contacts)))
    for name in names:
        desk.core.handle(ReachabilityChanged(name, True), desk.now_s)
        desk.core.handle(AgentStateRequested(name, AgentState.READY), desk.now_s)
    asked = desk.core.pose(desk.now_s)
    assert asked is not None
    return desk, asked


def test_a_contact_whose_agent_is_gone_meanwhile_is_new_to_those_who_were_left_over():
    desk, asked = decided(contacts=1, agents=2)
    solution = solve(asked.problem)
    (match,) = asked.matches(solution)
    gone = match.agent.agent_id
    desk.core.handle(AgentStateRequested(gone, AgentState.NOT_READY), desk.now_s)
    desk.core.settle(asked, solution)
    desk.core.make_offers(desk.now_s)
    assert desk.offers() == {}
    desk.tell()
    assert desk.offers() == {"c0": "a1" if gone == "a0" else "a0"}


def test_an_agent_whose_contact_is_gone_meanwhile_is_new_to_those_who_were_left_over():
    desk, asked = decided(contacts=2, agents=1)
    solution = solve(asked.problem)
    desk.core.handle(ContactLeft("c0"), desk.now_s)
    desk.core.settle(asked, solution)
    desk.core.make_offers(desk.now_s)
    assert desk.offers() == {}
    desk.tell()
    assert desk.offers() == {"c1": "a0"}
