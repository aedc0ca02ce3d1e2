import pytest

from domain.agent import AgentState
from domain.commands import ReleaseContact, WithdrawOffer, WithdrawReason
from domain.contact import Channel
from domain.customer_profile import CustomerProfile
from domain.errors import LimitExceeded
from domain.offer_events import OfferAccepted
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    OfferAnswered,
    PolicyChanged,
    ReachabilityChanged,
)
from router.simulation.baselines import Fifo, Rings, SkillsGreedy
from tests.unit.router.people import agent, policy, queue
from tests.unit.router.simulation.rig import Bench, exclusive

PEOPLE = [
    agent("novice", extension="20", skills={"tech": 2}),
    agent("expert", extension="21", skills={"tech": 5}),
    agent("zh", extension="22", languages={"zh": 5}),
]
QUEUES = [
    queue(),
    queue("help", skills={"tech": 2}),
    queue("vip", priority=2),
    queue("tight", waiting_max=1, wait_s_max=100),
]
POLICY = policy(PEOPLE, QUEUES)


def test_fifo_takes_the_longest_idle_and_greedy_the_best() -> None:
    for order, first in ((Fifo(), "novice"), (SkillsGreedy(), "expert")):
        bench = Bench(order, POLICY)
        bench.ready("novice", 0.0)
        bench.ready("expert", 5.0)
        bench.queue("c", "help", 10.0)
        assert bench.pairs(10.0) == {"c": first}


def test_rings_widen_with_time() -> None:
    bench = Bench(Rings(step_s=10), POLICY)
    bench.ready("novice", 0.0)
    bench.queue("c", "help", 0.0)
    assert bench.pairs(0.0) == {}
    seen: dict[str, str] = {}
    while not seen:
        due_s = bench.desk.next_deadline_s()
        assert due_s is not None
        seen = bench.pairs(due_s)
    assert (seen, due_s) == ({"c": "novice"}, 30.0)
    bench.queue("d", "help", 40.0)
    bench.ready("expert", 40.0)
    assert bench.pairs(40.0) == {"d": "expert"}


def test_who_comes_first_goes_first_and_priority_goes_before() -> None:
    for order, second in ((Fifo(), "old"), (SkillsGreedy(), "vip")):
        bench = Bench(order, POLICY)
        bench.queue("old", "sales", 0.0)
        bench.queue("vip", "vip", 60.0)
        bench.pairs(60.0)
        bench.ready("expert", 61.0)
        assert bench.pairs(61.0) == {second: "expert"}


def test_only_the_named_variant_reads_value() -> None:
    for order, first in ((SkillsGreedy(), "old"), (SkillsGreedy(value_s=30), "rich")):
        bench = Bench(order, POLICY)
        bench.queue("old", "sales", 0.0)
        bench.desk.handle(CustomerKnown("rich", CustomerProfile(customer_id="r", value=5)), 60.0)
        bench.queue("rich", "sales", 60.0)
        bench.ready("expert", 61.0)
        assert bench.pairs(61.0) == {first: "expert"}


def test_nobody_unable_is_asked() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.ready("zh", 0.0)
    bench.queue("c", "sales", 1.0)
    assert bench.pairs(1.0) == {}


def test_a_contact_is_answered_served_and_wrapped_up() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.ready("expert", 0.0)
    bench.queue("c", "sales", 0.0)
    assert bench.pairs(0.0) == {"c": "expert"}
    (accepted,) = bench.desk.handle(OfferAnswered("o1"), 4.0)
    assert isinstance(accepted, OfferAccepted)
    assert accepted.waited_s == 4.0
    bench.queue("d", "sales", 5.0)
    bench.desk.handle(ContactFinished("c"), 60.0)
    assert bench.pairs(60.0) == {}
    wrap_up_s = QUEUES[0].wrap_up_s
    assert bench.desk.next_deadline_s() == 60.0 + wrap_up_s
    assert bench.pairs(60.0 + wrap_up_s) == {"d": "expert"}


def test_who_does_not_answer_is_left_alone_until_he_asks() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.ready("expert", 0.0)
    bench.queue("c", "sales", 0.0)
    bench.pairs(0.0)
    out = bench.desk.advance(QUEUES[0].ring_s)
    withdrawn = [one for one in out if isinstance(one, WithdrawOffer)]
    assert [one.reason for one in withdrawn] == [WithdrawReason.EXPIRED]
    assert bench.pairs(100.0) == {}
    bench.desk.handle(AgentStateRequested("expert", AgentState.READY), 101.0)
    assert bench.pairs(101.0) == {"c": "expert"}


def test_who_leaves_frees_the_agent() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.ready("expert", 0.0)
    bench.queue("c", "sales", 0.0)
    bench.queue("d", "sales", 1.0)
    bench.pairs(1.0)
    (withdrawn,) = bench.desk.handle(ContactLeft("c"), 2.0)
    assert isinstance(withdrawn, WithdrawOffer)
    assert bench.pairs(2.0) == {"d": "expert"}


def test_a_queue_has_its_limits() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.queue("c", "tight", 0.0)
    with pytest.raises(LimitExceeded):
        bench.queue("d", "tight", 1.0)
    assert bench.desk.next_deadline_s() == 100.0
    (released,) = bench.desk.advance(100.0)
    assert isinstance(released, ReleaseContact)
    bench.queue("d", "tight", 101.0)


def test_a_lost_telephone_gives_the_contact_back() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.ready("expert", 0.0)
    bench.queue("c", "sales", 0.0)
    bench.pairs(0.0)
    bench.desk.handle(ReachabilityChanged("expert", False), 1.0)
    bench.ready("novice", 2.0)
    assert bench.pairs(2.0) == {"c": "novice"}


def test_removed_agents_are_asked_no_longer() -> None:
    bench = Bench(Fifo(), POLICY)
    bench.ready("expert", 0.0)
    bench.desk.handle(PolicyChanged(policy(PEOPLE[:1], QUEUES)), 1.0)
    bench.queue("c", "sales", 2.0)
    assert bench.pairs(2.0) == {}
    bench.desk.handle(PolicyChanged(POLICY), 3.0)
    assert bench.pairs(3.0) == {"c": "expert"}


def test_chats_lie_side_by_side_up_to_capacity_and_never_beside_a_call() -> None:
    people = [agent("a", extension="20", capacity={"voice": 1, "chat": 2})]
    apart = exclusive(policy(people, QUEUES))
    bench = Bench(Fifo(), apart)
    bench.ready("a", 0.0)
    for name in ("x", "y", "z"):
        bench.queue(name, "sales", 0.0, channel=Channel.CHAT)
    bench.queue("call", "sales", 0.0)
    assert bench.pairs(0.0) == {"call": "a"}
    bench.desk.handle(OfferAnswered("o1"), 1.0)
    bench.desk.handle(ContactFinished("call"), 50.0)
    later_s = 50.0 + QUEUES[0].wrap_up_s
    assert set(bench.pairs(later_s)) == {"x", "y"}
