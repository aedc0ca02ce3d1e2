import pytest

from domain.agent import AgentState, Medium
from domain.commands import OfferContact, ReleaseContact, WithdrawOffer, WithdrawReason
from domain.contact import Channel, Disposition
from domain.errors import IllegalTransition, LimitExceeded, NotKnown
from domain.events import AgentReachabilityChanged, AgentStateChanged, ContactQueued
from domain.offer import DeclineReason
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferExplained,
    OfferMade,
    OfferWithdrawn,
)
from router.core import OFFERS_MAX
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    OfferAnswered,
    OfferRefused,
    PlaceKept,
    PolicyChanged,
    ReachabilityChanged,
)
from router.policy import AgentPolicy
from tests.unit.router.people import Desk, agent, of_kind, policy, queue, queued

ANN = agent("ann")
BEN = agent("ben")


def test_an_idle_agent_is_offered_the_contact_at_once():
    desk = Desk(policy([ANN]))
    outputs = desk.tell(queued("c1"))
    assert [type(output) for output in outputs] == [
        ContactQueued,
        OfferMade,
        OfferExplained,
        AgentStateChanged,
        OfferContact,
    ]
    (made,), (command,) = of_kind(outputs, OfferMade), of_kind(outputs, OfferContact)
    assert (made.contact_id, made.agent_id, made.ring_s) == ("c1", "ann", 20)
    assert command.offer.expires_at_s == desk.now_s + 20
    assert desk.state("ann") is AgentState.BUSY


def test_an_answer_connects_and_the_end_begins_the_wrap_up():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    desk.pass_time(3)
    (accepted,) = of_kind(desk.tell(OfferAnswered(desk.offer_id("c1"))), OfferAccepted)
    assert accepted.waited_s == 3
    desk.pass_time(60)
    desk.tell(ContactFinished("c1"))
    assert desk.state("ann") is AgentState.WRAP_UP
    desk.pass_time(14)
    assert desk.state("ann") is AgentState.WRAP_UP
    desk.pass_time(1)
    assert desk.state("ann") is AgentState.READY
    assert desk.core.figures["sales"].handle_s == 3 + 60 + 15


def test_without_wrap_up_time_the_agent_gets_the_next_contact_in_the_same_step():
    desk = Desk(policy([ANN], [queue(wrap_up_s=0)]))
    desk.tell(queued("c1"), queued("c2"))
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    desk.tell(ContactFinished("c1"))
    assert desk.offers() == {"c2": "ann"}


def test_ring_no_answer_sets_the_agent_not_ready_and_keeps_the_contacts_place():
    desk = Desk(policy([ANN, BEN]))
    desk.tell(AgentStateRequested("ben", AgentState.NOT_READY))
    desk.tell(queued("c1"))
    desk.pass_time(5)
    desk.tell(queued("c2"))
    outputs = desk.pass_time(15)
    (expired,) = of_kind(outputs, OfferExpired)
    (withdrawn,) = of_kind(outputs, WithdrawOffer)
    (again,) = of_kind(outputs, ContactQueued)
    assert expired.rang_s == 20
    assert withdrawn.reason is WithdrawReason.EXPIRED
    assert (again.contact_id, again.waited_s) == ("c1", 20)
    assert desk.core.roster.get("ann").reason == "ring_no_answer"
    desk.tell(AgentStateRequested("ben", AgentState.READY))
    assert desk.offers() == {"c1": "ben"}


def test_the_same_pair_meets_again_when_the_pause_is_over_and_not_before():
    desk = Desk(policy([ANN], decline_pause_s=30))
    desk.tell(queued("c1"))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    assert desk.core.roster.get("ann").reason == "declined"
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    desk.pass_time(29.9)
    assert desk.offers() == {}
    desk.pass_time(0.1)
    assert desk.offers() == {"c1": "ann"}


@pytest.mark.parametrize("reason", DeclineReason)
def test_a_refusal_sets_the_agent_not_ready_with_its_reason(reason):
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    outputs = desk.tell(OfferRefused(desk.offer_id("c1"), reason))
    (declined,) = of_kind(outputs, OfferDeclined)
    assert declined.reason is reason
    assert not of_kind(outputs, WithdrawOffer)
    assert desk.state("ann") is AgentState.NOT_READY
    assert desk.core.roster.get("ann").reason == reason.value
    assert desk.core.roster.get("ann").missed == 1


def test_who_hangs_up_while_the_telephone_rings_frees_the_agent_in_his_turn():
    desk = Desk(policy([ANN, BEN]))
    desk.pass_time(10)
    desk.tell(queued("c1"))
    (first,) = desk.offers().values()
    outputs = desk.tell(ContactLeft("c1"))
    assert of_kind(outputs, OfferWithdrawn)
    assert of_kind(outputs, WithdrawOffer)[0].reason is WithdrawReason.CONTACT_LEFT
    assert desk.state(first) is AgentState.READY
    desk.tell(queued("c2"))
    assert desk.offers() == {"c2": first}
    assert desk.core.figures["sales"].abandoned == 1


def test_who_leaves_twice_or_finishes_twice_does_no_harm():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    offer_id = desk.offer_id("c1")
    desk.tell(ContactLeft("c1"))
    assert desk.tell(ContactLeft("c1")) == []
    assert desk.tell(OfferAnswered(offer_id)) == []
    assert desk.tell(OfferRefused(offer_id, DeclineReason.BUSY)) == []
    assert desk.tell(ContactFinished("c1")) == []


def test_an_answer_at_the_deadline_is_too_late():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    offer_id = desk.offer_id("c1")
    desk.now_s += 20
    outputs = desk.tell(OfferAnswered(offer_id))
    assert of_kind(outputs, OfferExpired)
    assert not of_kind(outputs, OfferAccepted)


def test_the_longest_waiting_contact_goes_first_and_priority_is_worth_its_seconds():
    desk = Desk(policy([ANN], priority_weight_s=60, overdue_weight_per_s=0))
    desk.tell(AgentStateRequested("ann", AgentState.NOT_READY))
    desk.tell(queued("old"))
    desk.pass_time(59)
    desk.tell(queued("new"), queued("important", priority=1))
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    assert desk.offers() == {"important": "ann"}
    desk.tell(ContactLeft("important"))
    assert desk.offers() == {"old": "ann"}


def test_the_longest_idle_agent_is_rung_first():
    desk = Desk(policy([ANN, BEN]), ready=False)
    desk.ready("ben")
    desk.pass_time(1)
    desk.ready("ann")
    desk.tell(queued("c1"))
    assert desk.offers() == {"c1": "ben"}


def test_language_and_skill_decide_who_may():
    lin = agent("lin", languages={"zh": 5}, skills={"billing": 2})
    desk = Desk(policy([ANN, lin], [queue(), queue("bills")]))
    desk.tell(queued("c1", "bills", language="zh", skills={"billing": 3}))
    assert desk.offers() == {}
    desk.tell(queued("c2", "bills", language="zh", skills={"billing": 2}))
    assert desk.offers() == {"c2": "lin"}


def test_both_are_served_though_the_cheapest_agent_of_each_is_the_same():
    both = agent("both", skills={"tech": 1})
    expert = agent("expert", skills={"tech": 5, "billing": 1})
    desk = Desk(policy([both, expert], [queue()]))
    desk.tell(queued("tech", skills={"tech": 1}), queued("any"))
    assert len(desk.offers()) == 2


def test_a_wait_over_the_limit_ends_the_contact():
    desk = Desk(policy([], [queue(wait_s_max=60)]))
    desk.tell(queued("c1"))
    assert desk.pass_time(59) == []
    assert desk.pass_time(1) == [
        ReleaseContact(contact_id="c1", disposition=Disposition.WAIT_EXCEEDED)
    ]
    assert len(desk.core.line) == 0
    assert desk.core.figures["sales"].released == 1


def test_a_telephone_that_rings_at_the_limit_may_still_be_answered():
    desk = Desk(policy([ANN], [queue(wait_s_max=60)]))
    desk.tell(queued("c1", waited_s=50))
    desk.pass_time(15)
    assert of_kind(desk.tell(OfferAnswered(desk.offer_id("c1"))), OfferAccepted)


def test_a_contact_over_the_limit_is_ended_when_its_ringing_comes_to_nothing():
    desk = Desk(policy([ANN], [queue(wait_s_max=60)]))
    desk.tell(queued("c1", waited_s=50))
    outputs = desk.pass_time(20)
    assert of_kind(outputs, ReleaseContact)
    assert not of_kind(outputs, ContactQueued)


def test_a_full_queue_refuses_and_counts():
    desk = Desk(policy([], [queue(waiting_max=1)]))
    desk.tell(queued("c1"))
    with pytest.raises(LimitExceeded, match="queue sales waiting_max: 2 is over the limit of 1"):
        desk.tell(queued("c2"))
    assert desk.core.figures["sales"].refused == desk.core.totals.refused == 1
    assert len(desk.core.line) == 1


def test_an_unknown_queue_and_a_contact_twice_are_refused():
    desk = Desk(policy([ANN]))
    with pytest.raises(NotKnown, match="queue 'nowhere'"):
        desk.tell(queued("c1", "nowhere"))
    desk.tell(queued("c1"))
    with pytest.raises(IllegalTransition):
        desk.tell(queued("c1"))


def test_what_was_due_is_handed_out_though_the_call_itself_fails():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    desk.now_s += 20
    with pytest.raises(NotKnown):
        desk.core.handle(queued("c2", "nowhere"), desk.now_s)
    assert of_kind(desk.core.advance(desk.now_s), WithdrawOffer)


def test_the_last_binding_gone_declines_the_pending_offer_and_logs_out():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    outputs = desk.tell(ReachabilityChanged("ann", False))
    assert of_kind(outputs, OfferDeclined)[0].reason is DeclineReason.UNREACHABLE
    assert of_kind(outputs, WithdrawOffer)[0].reason is WithdrawReason.AGENT_GONE
    assert desk.state("ann") is AgentState.LOGGED_OUT
    assert desk.offers() == {}
    assert "c1" in desk.core.line


def test_a_telephone_that_is_gone_leaves_what_is_written():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    outputs = desk.tell(ReachabilityChanged("ann", False, Medium.TELEPHONE))
    assert of_kind(outputs, OfferDeclined)[0].contact_id == "c1"
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    desk.tell(queued("c2", channel=Channel.CHAT))
    assert desk.offers() == {"c2": "ann"}
    outputs = desk.tell(ReachabilityChanged("ann", False, Medium.DESK))
    assert of_kind(outputs, OfferDeclined)[0].contact_id == "c2"
    assert desk.state("ann") is AgentState.LOGGED_OUT


def test_a_desk_that_is_gone_leaves_the_call_that_rings():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1"))
    assert not of_kind(desk.tell(ReachabilityChanged("ann", False, Medium.DESK)), OfferDeclined)
    assert desk.offers() == {"c1": "ann"}


def test_reachability_of_nobody_or_of_a_fixed_telephone_changes_nothing():
    fixed = agent("fixed", contact="sip:7@192.0.2.1", ready_on_register=True)
    desk = Desk(policy([fixed]), ready=False)
    assert desk.state("fixed") is AgentState.READY
    assert desk.tell(ReachabilityChanged("nobody", True)) == []
    assert desk.tell(ReachabilityChanged("fixed", False, Medium.TELEPHONE)) == []
    assert desk.tell(ReachabilityChanged("fixed", False)) == []
    reached = of_kind(desk.tell(ReachabilityChanged("fixed", True)), AgentReachabilityChanged)
    assert [one.medium for one in reached] == [Medium.DESK]


def test_a_reload_leaves_offers_and_conversations_alone():
    desk = Desk(policy([ANN, BEN]))
    desk.tell(queued("c1"), queued("c2"))
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    talks = "ann" if desk.offers() == {"c2": "ben"} else "ben"
    outputs = desk.tell(PolicyChanged(policy([], [queue("other")])))
    assert outputs == []
    assert len(desk.offers()) == 1
    desk.tell(OfferAnswered(desk.offer_id("c2")))
    outputs = desk.tell(ContactFinished("c1"), ContactFinished("c2"))
    assert [change.after for change in of_kind(outputs, AgentStateChanged)][-1] is (
        AgentState.LOGGED_OUT
    )
    assert talks not in desk.core.roster
    assert "sales" not in desk.core.figures
    with pytest.raises(NotKnown):
        desk.tell(queued("c3"))


def test_a_reload_takes_effect_for_those_who_wait():
    desk = Desk(policy([ANN]))
    desk.tell(queued("c1", skills={"tech": 1}))
    assert desk.offers() == {}
    able = agent("ann", skills={"tech": 1})
    desk.tell(PolicyChanged(policy([able])))
    assert desk.offers() == {"c1": "ann"}


def test_a_removed_queue_serves_those_who_wait_in_it_to_the_end():
    desk = Desk(policy([ANN]))
    desk.tell(AgentStateRequested("ann", AgentState.NOT_READY))
    desk.tell(queued("c1"))
    desk.tell(PolicyChanged(policy([ANN], [queue("other")])))
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    assert desk.offers() == {"c1": "ann"}
    desk.tell(ContactLeft("c1"))
    assert "sales" not in desk.core.figures


def test_a_shorter_limit_after_a_reload_holds_at_once():
    desk = Desk(policy([]))
    desk.tell(queued("c1"))
    desk.pass_time(100)
    outputs = desk.tell(PolicyChanged(policy([], [queue(wait_s_max=60)])))
    assert of_kind(outputs, ReleaseContact)


def test_very_many_free_agents_are_assigned_until_none_is_left_over():
    people = [agent(f"a{n}", extension=f"{n + 1000}") for n in range(450)]
    desk = Desk(policy(people, [queue(waiting_max=1000)]))
    outputs = desk.tell(*(queued(f"c{n:04}") for n in range(500)))
    assert len(of_kind(outputs, OfferContact)) == 450
    assert {f"c{n:04}" for n in range(450)} == set(desk.offers())


def many_matches() -> Desk:
    """Return a desk with 100 offers decided on, OFFERS_MAX of them made."""
    people = [agent(f"a{n}", extension=f"{n + 1000}") for n in range(100)]
    desk = Desk(policy(people))
    for n in range(100):
        desk.core.handle(queued(f"c{n:04}"), desk.now_s)
    assert len(of_kind(desk.core.assign(desk.now_s), OfferContact)) == OFFERS_MAX
    assert desk.core.has_matches
    return desk


def test_offers_decided_on_are_made_in_order_of_urgency_and_in_portions():
    desk = many_matches()
    assert max(desk.offers()) == f"c{OFFERS_MAX - 1:04}"
    assert len(of_kind(desk.core.assign(desk.now_s), OfferContact)) == OFFERS_MAX
    assert len(of_kind(desk.tell(), OfferContact)) == 100 - 2 * OFFERS_MAX
    assert not desk.core.wants_assignment


def test_an_offer_decided_on_is_not_made_when_either_side_is_gone_meanwhile():
    desk = many_matches()
    (lucky, *_) = (one.agent_id for one in desk.core.roster.free())
    desk.core.handle(ContactLeft("c0099"), desk.now_s)
    desk.core.handle(AgentStateRequested(lucky, AgentState.NOT_READY), desk.now_s)
    offers = of_kind(desk.tell(), OfferContact)
    assert len(offers) == 100 - OFFERS_MAX - 1
    assert lucky not in desk.offers().values()
    assert "c0099" not in desk.offers()


def test_a_reload_takes_back_what_was_decided_and_decides_anew():
    desk = many_matches()
    desk.tell(PolicyChanged(desk.core.policy))
    assert len(desk.offers()) == 100
    assert desk.core.totals.assignments == 2


def test_the_policy_is_what_the_configuration_says():
    entry = agent("ann", skills={"tech": 3}, languages={"zh": 4}, contact="sip:1@192.0.2.1")
    known = AgentPolicy.of(entry).agent
    assert (known.skills, known.languages) == ({"tech": 3}, {"zh": 4})
    assert known.contact_uri == "sip:1@192.0.2.1"


def test_a_kept_place_outlasts_the_longest_wait_and_its_leaving_is_no_abandonment():
    desk = Desk(policy([], [queue(wait_s_max=60)]))
    desk.tell(queued("back"), PlaceKept("back"))
    desk.tell(PlaceKept("early"), queued("early", waited_s=500))
    desk.tell(queued("caller"))
    outputs = desk.pass_time(100)
    assert [one.contact_id for one in of_kind(outputs, ReleaseContact)] == ["caller"]
    desk.tell(PolicyChanged(policy([], [queue(wait_s_max=30)])))
    assert {contact.contact_id for contact in desk.core.line} == {"back", "early"}
    desk.tell(ContactLeft("back"))
    figures = desk.core.figures["sales"]
    assert (figures.abandoned, figures.withdrawn) == (0, 1)
