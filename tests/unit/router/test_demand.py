"""What those who wait ask for and cost: everything that changes it comes together here."""

import numpy as np
import pytest

from config.routing import Routing
from domain.agent import AgentState
from domain.contact import Channel
from domain.customer_profile import CustomerProfile
from domain.decision import Obstacle, Scheme
from domain.mood import Mood
from domain.offer import DeclineReason
from domain.offer_events import ContactOverflowed
from router import demand
from router.assignment.solver import solve
from router.core import PATIENCE_S
from router.cost import Row
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    MoodObserved,
    OfferAnswered,
    OfferRefused,
    OutcomeKnown,
    PolicyChanged,
    PriorityAdded,
)
from router.policy import RouterPolicy
from router.waiting import WaitingContact
from tests.unit.router.people import Desk, agent, of_kind, policy, queue, queued

ANN, BEN = agent("ann"), agent("ben")


def profile(**known) -> CustomerProfile:
    return CustomerProfile(customer_id="k", **known)


def contact_of(desk: Desk, contact_id: str = "c1") -> WaitingContact:
    contact = desk.core.line.get(contact_id)
    assert contact is not None
    return contact


def test_what_is_known_before_a_contact_waits_is_there_when_it_does():
    desk = Desk(policy([]))
    desk.tell(CustomerKnown("c1", profile(value=4)), MoodObserved("c1", Mood.UPSET))
    desk.tell(CustomerKnown("c1", profile(value=5)))
    desk.tell(queued("c1"), queued("c2"))
    contact = contact_of(desk)
    assert (contact.value, contact.distress) == (5, 2)
    assert desk.core.line.needs(contact).distress == 2
    assert contact_of(desk, "c2").profile is None


def test_what_becomes_known_while_it_waits_changes_what_it_asks_for():
    desk = Desk(policy([]))
    desk.tell(queued("c1"))
    desk.tell(CustomerKnown("c1", profile(region="north")), MoodObserved("c1", Mood.ANGRY))
    found = desk.core.line.needs(contact_of(desk))
    assert (found.region, found.distress) == ("north", 3)
    desk.tell(MoodObserved("c1", Mood.CALM))
    assert desk.core.line.needs(contact_of(desk)).distress == 0


def test_who_wants_no_profile_leaves_nothing_of_one_but_his_language():
    desk = Desk(policy([]))
    desk.tell(queued("c1"))
    desk.tell(CustomerKnown("c1", profile(value=5, language="fr", region="n", profiling=False)))
    contact = contact_of(desk)
    assert contact.profile == CustomerProfile(customer_id="k", language="fr", profiling=False)
    assert contact.scheme is Scheme.PLAIN
    found = desk.core.line.needs(contact)
    assert (found.spoken, found.region, found.seniority) == ("fr", None, 1)


def test_what_is_known_of_a_customer_is_forgotten_when_his_contact_has_ended():
    desk = Desk(policy([ANN]))
    desk.tell(CustomerKnown("c1", profile(value=5)), queued("c1"))
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    assert len(desk.core.demand._known) == 1
    desk.tell(ContactFinished("c1"))
    assert len(desk.core.demand._known) == 0


def test_news_of_contacts_that_wait_nowhere_do_no_harm():
    desk = Desk(policy([ANN]))
    desk.tell(PriorityAdded("c9", 2), MoodObserved("c9", Mood.ANGRY), OutcomeKnown("c9", True))
    assert len(desk.core.line) == 0


CHAIN = [
    queue("first", skills={"rare": 5}, routing={"overflow": {"queue": "second", "after_s": 40}}),
    queue("second", skills={"rare": 4}, routing={"overflow": {"queue": "third", "after_s": 20}}),
    queue("third", priority=3),
]


def test_who_has_waited_long_enough_for_the_next_queue_too_goes_on_soon():
    desk = Desk(policy([ANN], CHAIN))
    desk.tell(queued("c1", "first", skills={"rare": 5}))
    outputs = desk.pass_time(40)
    assert [one.to_queue_id for one in of_kind(outputs, ContactOverflowed)] == ["second"]
    outputs = desk.pass_time(6)
    assert [one.to_queue_id for one in of_kind(outputs, ContactOverflowed)] == ["third"]
    assert desk.offers() == {"c1": "ann"}
    assert contact_of(desk).priority == 3, "never less than it had, and as the queue has it"
    assert contact_of(desk).requirements == ()


def test_where_the_other_queue_was_full_it_is_tried_again():
    full = queue("all", waiting_max=1, language="zh")
    first = queue(skills={"rare": 5}, routing={"overflow": {"queue": "all", "after_s": 40}})
    desk = Desk(policy([ANN], [first, full]))
    desk.tell(queued("zh", "all", language="zh"), queued("c1", skills={"rare": 5}))
    assert not of_kind(desk.pass_time(60), ContactOverflowed)
    desk.tell(ContactLeft("zh"))
    assert of_kind(desk.pass_time(6), ContactOverflowed)
    assert desk.offers() == {"c1": "ann"}


def test_a_telephone_that_rang_at_that_moment_only_puts_it_off():
    first = queue(routing={"overflow": {"queue": "all", "after_s": 10}}, skills={"tech": 2})
    able = agent("able", skills={"tech": 2})
    desk = Desk(policy([able, ANN], [first, queue("all")]))
    desk.tell(queued("c1", skills={"tech": 2}))
    assert desk.offers() == {"c1": "able"}
    desk.pass_time(15)
    assert contact_of(desk).queue_id == "sales", "whoever is being offered stays"
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.pass_time(6)
    assert contact_of(desk).queue_id == "all"
    assert desk.offers() == {"c1": "ann"}


def test_a_queue_that_is_configured_no_longer_takes_no_overflow():
    desk = Desk(policy([], CHAIN))
    desk.tell(queued("c1", "first", skills={"rare": 5}))
    desk.tell(PolicyChanged(policy([], [CHAIN[0]])))
    assert not of_kind(desk.pass_time(60), ContactOverflowed)


def test_rows_that_nobody_needs_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demand, "ROWS_MAX", 30)
    desk = Desk(policy([agent("lin", languages={"zh": 5})]))
    desk.core.demand._rows_max = 30
    desk.tell(CustomerKnown("stays", profile(region="home")), queued("stays"))
    sizes = []
    for n in range(200):
        desk.tell(CustomerKnown(f"c{n}", profile(region=f"r{n}")), queued(f"c{n}"))
        desk.tell(ContactLeft(f"c{n}"))
        sizes.append(len(desk.core.demand._book))
    assert max(sizes) <= 32
    book, contact = desk.core.demand._book, contact_of(desk, "stays")
    (row,) = desk.core.line.rows(desk.core.line.places([contact]))
    assert row[Row.REGION] == book.rows(desk.core.line.needs(contact))[Row.REGION]
    desk.tell(PolicyChanged(policy([ANN])))
    desk.ready("ann")
    assert desk.offers() == {"stays": "ann"}


def test_rows_that_all_are_needed_are_kept_and_not_made_again_for_each_who_comes():
    desk = Desk(policy([agent("lin", languages={"zh": 5})], [queue(waiting_max=1_000)]))
    desk.core.demand._rows_max = 30
    books = set()
    for n in range(100):
        desk.tell(CustomerKnown(f"c{n}", profile(region=f"r{n}")), queued(f"c{n}"))
        books.add(id(desk.core.demand._book))
    assert len(desk.core.demand._book) == 101
    assert len(books) <= 2


def test_a_team_has_room_again_for_those_who_were_free_all_the_time():
    rule = {"id": "keep", "team": "blue", "queues": ["sales"], "serving_max": 1}
    people = [agent(f"b{n}", team="blue") for n in range(3)]
    desk = Desk(policy(people, [queue(wrap_up_s=10), queue("help")], team_rules=[rule]))
    for n in range(3):
        desk.tell(queued(f"c{n}"))
    served = []
    for _ in range(3):
        ((contact_id, agent_id),) = desk.offers().items()
        served.append((contact_id, agent_id))
        desk.tell(OfferAnswered(desk.offer_id(contact_id)))
        desk.pass_time(60)
        assert desk.offers() == {}
        desk.tell(ContactFinished(contact_id))
        assert desk.offers() == {}, "who wraps up is still busy with the queue"
        # Logging out frees the room and nobody at all.
        desk.tell(AgentStateRequested(agent_id, AgentState.LOGGED_OUT))
    assert [contact_id for contact_id, _ in served] == ["c0", "c1", "c2"]
    assert len({agent_id for _, agent_id in served}) == 3


def test_a_team_at_its_limit_may_go_on_with_those_who_serve_already():
    rule = {"id": "keep", "team": "blue", "queues": ["sales"], "serving_max": 1}
    people = [agent(f"b{n}", team="blue", capacity={"chat": 2}) for n in range(2)]
    desk = Desk(policy(people, [queue()], team_rules=[rule]))
    desk.tell(queued("c0", channel=Channel.CHAT))
    ((_, first),) = desk.offers().items()
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    desk.tell(queued("c1", channel=Channel.CHAT))
    assert desk.offers() == {"c1": first}
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    desk.tell(queued("c2", channel=Channel.CHAT))
    assert desk.offers() == {}


def test_a_rule_that_is_dropped_by_a_reload_holds_no_longer():
    rule = {"id": "keep", "team": "blue", "queues": ["sales"], "serving_max": 0}
    people = [agent("b1", team="blue")]
    desk = Desk(policy(people, team_rules=[rule]))
    desk.tell(queued("c1"))
    assert desk.offers() == {}
    desk.tell(PolicyChanged(policy(people)))
    assert desk.offers() == {"c1": "b1"}


def patient_desk() -> Desk:
    """Return a desk where c1 would rather wait for the fluent agent, who talks."""
    routing = {"weights": {"unserved_s": 0, "language_weight_s": 40}}
    people = [agent("poor", languages={"en": 1}), agent("fluent", languages={"en": 5})]
    desk = Desk(policy(people, [queue(routing=routing, wrap_up_s=0)]))
    desk.tell(queued("c0"))
    assert desk.offers() == {"c0": "fluent"}
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    desk.tell(queued("c1"))
    assert desk.offers() == {}
    return desk


def test_who_waits_for_a_better_agent_is_looked_at_every_second():
    desk = patient_desk()
    assert desk.core.demand.patient
    assert desk.core.next_deadline_s() == desk.now_s + PATIENCE_S
    seconds = 0
    while not desk.offers():
        desk.pass_time(PATIENCE_S)
        seconds += 1
        assert seconds < 60, "for ever"
    assert seconds > 5
    assert desk.offers() == {"c1": "poor"}


def test_who_waits_for_a_better_agent_gets_him_when_he_is_free():
    desk = patient_desk()
    desk.pass_time(5)
    desk.tell(ContactFinished("c0"))
    assert desk.offers() == {"c1": "fluent"}


def test_where_serving_is_always_worth_it_nobody_is_looked_at_twice():
    desk = Desk(policy([agent("lin", languages={"zh": 5})]))
    desk.tell(queued("c1"))
    assert not desk.core.demand.patient
    due_s = desk.core.next_deadline_s()
    assert due_s is not None
    assert due_s > desk.now_s + 10 * PATIENCE_S


class Model:
    """An outcome model whose expectations change when told to."""

    enabled = True

    def __init__(self, **chances: float) -> None:
        self.version = 0
        self.chances = chances
        self.peers: list[list[float]] = []

    def expect(self, topic, segment, agent_ids, prior):
        return np.array([self.chances[name] for name in agent_ids], dtype=np.float32)

    def observe(self, *seen):
        pass

    def draw(self, contact_id):
        scheme = Scheme.CONTROL if contact_id.startswith("control") else Scheme.LEARNED
        return scheme, 0.5

    def note(self, *noted):
        pass

    def load_factor(self, occupancy):
        self.peers.append(occupancy.tolist())
        return np.ones(len(occupancy), dtype=np.float32)


def test_what_was_learnt_meanwhile_counts_for_those_who_wait_already():
    model = Model(ann=0.9, ben=0.1)
    desk = Desk(policy([ANN, BEN]), outcomes=model)
    for name in ("ann", "ben"):
        desk.tell(AgentStateRequested(name, AgentState.NOT_READY))
    desk.tell(queued("c1"))
    model.chances, model.version = {"ann": 0.1, "ben": 0.9}, 1
    for name in ("ann", "ben"):
        desk.core.handle(AgentStateRequested(name, AgentState.READY), desk.now_s)
    desk.tell()
    assert desk.offers() == {"c1": "ben"}


def test_only_those_who_work_are_compared_in_how_loaded_they_are():
    model = Model(ann=0.5, ben=0.5, off=0.5, away=0.5)
    people = [agent("off"), ANN, agent("away"), BEN]
    desk = Desk(policy(people), ready=False, outcomes=model)
    desk.ready("ann")
    desk.ready("ben")
    desk.ready("away")
    desk.tell(AgentStateRequested("away", AgentState.NOT_READY))
    desk.tell(queued("c1"))
    assert len(model.peers[-1]) == 2
    factor = desk.core.demand._load_factor(desk.now_s)
    assert factor is not None
    assert factor.tolist() == [1, 1, 1, 1]


def test_a_factor_stands_at_the_columns_of_those_who_work():
    class Bounded(Model):
        def load_factor(self, occupancy):
            return np.linspace(0, 0.5, len(occupancy), dtype=np.float32)

    people = [agent("off"), ANN, BEN]
    desk = Desk(policy(people), ready=False, outcomes=Bounded(off=0.5, ann=0.5, ben=0.5))
    desk.ready("ann")
    desk.ready("ben")
    factor = desk.core.demand._load_factor(desk.now_s)
    assert factor is not None
    assert factor.tolist() == [1.0, 0.0, 0.5]


def test_a_policy_that_comes_while_telephones_ring_leaves_offers_and_counts_for_the_rest():
    desk = Desk(policy([ANN, BEN]))
    desk.tell(queued("c1"))
    ((_, rings),) = desk.offers().items()
    other = "ben" if rings == "ann" else "ann"
    desk.tell(AgentStateRequested(other, AgentState.NOT_READY))
    desk.tell(queued("c2"))
    entries = [agent(rings, languages={"zh": 5}), agent(other, languages={"en": 5})]
    desk.tell(PolicyChanged(policy(entries)))
    assert desk.offers() == {"c1": rings}, "it rings on though he could not be offered it now"
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.tell(AgentStateRequested(rings, AgentState.READY))
    desk.pass_time(60)
    assert desk.offers() == {}, "neither contact is for him any more"
    contact = contact_of(desk, "c2")
    found = desk.core.demand.eligibility.counts(contact, None, desk.now_s)
    assert found == {Obstacle.STATE: 1, Obstacle.LANGUAGE: 1}
    desk.tell(AgentStateRequested(other, AgentState.READY))
    assert desk.offers() == {"c1": other}


def test_matches_of_an_earlier_policy_are_not_made_where_they_are_not_allowed_any_more():
    rules = policy([ANN, BEN])
    desk = Desk(rules, ready=False)
    desk.tell(queued("c1"), queued("c2"))
    for name in ("ann", "ben"):
        desk.core.roster.set_reachable(desk.core.roster.get(name), True, desk.now_s)
        desk.core.handle(AgentStateRequested(name, AgentState.READY), desk.now_s)
    asked = desk.core.pose(desk.now_s)
    assert asked is not None
    solution = solve(asked.problem)
    changed = RouterPolicy(
        agents=policy([agent("ann", languages={"zh": 5}), BEN]).agents,
        queues=rules.queues,
        weights=Routing(),
    )
    desk.core.handle(PolicyChanged(changed), desk.now_s)
    desk.core.settle(asked, solution)
    desk.core.make_offers(desk.now_s)
    assert set(desk.offers().values()) == {"ben"}
    desk.tell()
    assert set(desk.offers().values()) == {"ben"}
