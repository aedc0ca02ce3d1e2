"""How a contact finds an agent when it is known who calls, what he has waited and how he feels."""

from itertools import count

import pytest

from config.routing import Routing
from config.schema import AgentEntry
from domain.agent import AgentState
from domain.contact import Channel
from domain.customer_profile import CustomerProfile, Familiar
from domain.decision import Obstacle, Reason, Scheme
from domain.mood import Mood
from domain.offer import DeclineReason
from domain.offer_events import ContactOverflowed, OfferExplained, OfferMade
from router import views
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
    ShiftChanged,
)
from router.waiting import WaitingContact
from tests.unit.router.people import Desk, agent, of_kind, policy, queue, queued

ANN, BEN, CHEN = (agent(name) for name in ("ann", "ben", "chen"))


def profile(**known) -> CustomerProfile:
    return CustomerProfile(customer_id="k1", **known)


def given(desk: Desk, contact_id="c1") -> str | None:
    return desk.offers().get(contact_id)


def arrives(desk: Desk, contact_id="c1", known: CustomerProfile | None = None, **rest) -> None:
    if known is not None:
        desk.tell(CustomerKnown(contact_id, known))
    desk.tell(queued(contact_id, **rest))


def waiting_contact(desk: Desk, contact_id: str) -> WaitingContact:
    contact = desk.core.line.get(contact_id)
    assert contact is not None
    return contact


def explained(desk: Desk):
    return of_kind(desk.outputs, OfferExplained)[-1].decision


def test_who_knows_the_customer_gets_him():
    desk = Desk(policy([ANN, BEN]))
    arrives(desk, known=profile(familiar=(Familiar(agent_id="ben", strength=0.4),)))
    assert given(desk) == "ben"
    assert explained(desk).chosen.terms[Reason.FAMILIARITY] == pytest.approx(-16)


def test_who_had_it_before_gets_it_though_the_customer_prefers_another():
    desk = Desk(policy([ANN, BEN, CHEN]))
    arrives(desk, known=profile(preferred_agent_id="ben"), preferred_agent_id="chen")
    assert given(desk) == "chen"


def test_a_customer_who_becomes_known_while_he_waits_is_judged_anew():
    desk = Desk(policy([ANN, BEN]), ready=False)
    arrives(desk)
    desk.tell(CustomerKnown("c1", profile(familiar=(Familiar(agent_id="ben", strength=0.4),))))
    desk.core.handle(AgentStateRequested("ann", AgentState.LOGGED_OUT), desk.now_s)
    for name in ("ann", "ben"):
        desk.core.roster.set_reachable(desk.core.roster.get(name), True, desk.now_s)
        desk.core.handle(AgentStateRequested(name, AgentState.READY), desk.now_s)
    desk.tell()
    assert given(desk) == "ben"


def test_a_preferred_agent_who_is_busy_is_waited_for_but_not_longer_than_configured():
    desk = Desk(policy([ANN, BEN], [queue(routing={"preferred_s": 12})]))
    arrives(desk, "c0", profile(preferred_agent_id="ben"))
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    arrives(desk, known=profile(preferred_agent_id="ben"))
    assert given(desk) is None
    desk.pass_time(11.9)
    assert given(desk) is None
    desk.pass_time(0.2)
    assert given(desk) == "ann"


def test_a_preferred_agent_takes_his_customer_as_soon_as_he_is_free():
    desk = Desk(policy([ANN, BEN], [queue(wrap_up_s=0)]))
    arrives(desk, "c0", profile(preferred_agent_id="ben"))
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    arrives(desk, known=profile(preferred_agent_id="ben"))
    desk.pass_time(3)
    desk.tell(ContactFinished("c0"))
    assert given(desk) == "ben"


@pytest.mark.parametrize("state", [AgentState.NOT_READY, AgentState.LOGGED_OUT])
def test_a_preferred_agent_who_is_not_there_is_not_waited_for(state):
    desk = Desk(policy([ANN, BEN]))
    desk.tell(AgentStateRequested("ben", state))
    arrives(desk, known=profile(preferred_agent_id="ben"))
    assert given(desk) == "ann"


@pytest.mark.parametrize("name", ["nobody", "lin"])
def test_a_preferred_agent_who_is_unknown_or_unable_is_not_waited_for(name):
    desk = Desk(policy([ANN, agent("lin", languages={"zh": 5})]))
    arrives(desk, known=profile(preferred_agent_id=name))
    assert given(desk) == "ann"


def test_a_preferred_agent_who_declined_is_not_asked_again_and_another_may():
    desk = Desk(policy([ANN, BEN]))
    arrives(desk, known=profile(preferred_agent_id="ben"))
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    assert given(desk) == "ann"


def test_requirements_relax_step_by_step():
    relax = [{"after_s": 30, "skills": {"french": 3}}, {"after_s": 60, "skills": {"french": 0}}]
    steps = queue(skills={"french": 4}, routing={"relax": relax})
    three = agent("three", skills={"french": 3})
    desk = Desk(policy([three, ANN], [steps]))
    arrives(desk, skills={"french": 4})
    desk.pass_time(29.9)
    assert given(desk) is None
    desk.pass_time(0.2)
    assert given(desk) == "three"
    assert explained(desk).relaxed == 1
    desk.tell(OfferRefused(desk.offer_id("c1"), DeclineReason.DECLINED))
    desk.pass_time(29)
    assert given(desk) is None
    desk.pass_time(1)
    assert given(desk) == "ann"


def test_the_command_of_the_language_may_be_asked_for_and_relaxed():
    routing = {"language_min": 4, "relax": [{"after_s": 10, "language_min": 2}]}
    desk = Desk(policy([agent("poor", languages={"en": 2})], [queue(routing=routing)]))
    arrives(desk)
    assert given(desk) is None
    desk.pass_time(10)
    assert given(desk) == "poor"


def test_rings_open_one_after_the_other():
    rings = [{"teams": ["first"]}, {"after_s": 20}]
    busy = agent("busy", team="first")
    desk = Desk(policy([busy, ANN], [queue(routing={"rings": rings})]))
    desk.tell(AgentStateRequested("busy", AgentState.NOT_READY))
    arrives(desk)
    assert given(desk) is None
    desk.pass_time(20)
    assert given(desk) == "ann"
    assert explained(desk).ring == 2


def test_what_waits_too_long_overflows_and_keeps_its_wait():
    queues = [
        queue(skills={"rare": 5}, routing={"overflow": {"queue": "all", "after_s": 40}}),
        queue("all"),
    ]
    desk = Desk(policy([ANN], queues))
    arrives(desk, skills={"rare": 5})
    outputs = desk.pass_time(40)
    assert given(desk) == "ann"
    (moved,) = of_kind(outputs, ContactOverflowed)
    assert (moved.queue_id, moved.to_queue_id, moved.waited_s) == ("sales", "all", 40)
    assert desk.core.figures["sales"].overflowed == desk.core.figures["all"].arrived == 1
    (made,) = of_kind(outputs, OfferMade)
    assert made.queue_id == "all"


def test_a_full_queue_takes_no_overflow():
    queues = [
        queue(skills={"rare": 5}, routing={"overflow": {"queue": "all", "after_s": 40}}),
        queue("all", waiting_max=1, language="zh"),
    ]
    desk = Desk(policy([ANN], queues))
    arrives(desk, "zh", queue_id="all", language="zh")
    arrives(desk, skills={"rare": 5})
    assert not of_kind(desk.pass_time(60), ContactOverflowed)
    assert desk.core.line.in_queue("sales") == 1


def test_an_angry_customer_gets_somebody_who_can_handle_it():
    gentle = agent("gentle", emotion_handling=5)
    desk = Desk(policy([ANN, gentle]))
    desk.pass_time(100)
    desk.tell(queued("c0"))
    first = given(desk, "c0")
    assert first == "ann"
    desk.tell(OfferAnswered(desk.offer_id("c0")), ContactFinished("c0"))
    desk.pass_time(20)
    desk.tell(MoodObserved("c1", Mood.ANGRY))
    arrives(desk)
    assert given(desk) == "gentle"
    assert explained(desk).chosen.terms[Reason.EMOTION] < 0


def test_frustration_carried_over_counts_before_a_word_is_said():
    gentle = agent("gentle", emotion_handling=5)
    desk = Desk(policy([ANN, gentle]))
    arrives(desk, known=profile(frustration=0.8))
    assert given(desk) == "gentle"


def test_who_wants_no_profile_is_routed_as_if_nothing_were_known():
    desk = Desk(policy([ANN, BEN]))
    known = profile(value=5, familiar=(Familiar(agent_id="ben", strength=1.0),), profiling=False)
    arrives(desk, known=known)
    assert given(desk) == "ann"
    told = explained(desk)
    assert told.scheme is Scheme.PLAIN
    assert Reason.FAMILIARITY not in told.chosen.terms
    assert waiting_contact(desk, "c1").value == 1


def test_a_valuable_customer_goes_first_when_all_came_at_once():
    desk = Desk(policy([ANN]))
    desk.tell(AgentStateRequested("ann", AgentState.NOT_READY))
    arrives(desk, "plain")
    arrives(desk, "gold", profile(value=5))
    desk.tell(AgentStateRequested("ann", AgentState.READY))
    assert desk.offers() == {"gold": "ann"}


def test_outside_his_shift_nothing_new_is_offered():
    desk = Desk(policy([ANN]))
    desk.tell(ShiftChanged("ann", False), ShiftChanged("nobody", False))
    arrives(desk)
    assert given(desk) is None
    contact = waiting_contact(desk, "c1")
    standing = desk.core.roster.get("ann")
    reason = desk.core.demand.eligibility.obstacle(contact, standing, None, desk.now_s)
    assert reason is Obstacle.SHIFT
    desk.tell(ShiftChanged("ann", True))
    assert given(desk) == "ann"


def test_a_weight_changed_while_somebody_waits_changes_the_decision():
    fluent = agent("fluent", languages={"en": 5}, regions=[])
    local = agent("local", languages={"en": 4}, regions=["north"])
    desk = Desk(policy([fluent, local]))
    for name in ("fluent", "local"):
        desk.tell(AgentStateRequested(name, AgentState.NOT_READY))
    arrives(desk, known=profile(region="north"))
    desk.tell(PolicyChanged(policy([fluent, local], region_weight_s=100)))
    for name in ("fluent", "local"):
        desk.core.handle(AgentStateRequested(name, AgentState.READY), desk.now_s)
    desk.tell()
    assert given(desk) == "local"


class Coin:
    """An outcome model that knows one thing: who resolves everything."""

    version = 0
    enabled = True

    def __init__(self, scheme: Scheme, best: str) -> None:
        self.scheme, self.best = scheme, best
        self.seen: list[tuple] = []
        self.noted: list[tuple] = []

    def expect(self, topic, segment, agent_ids, prior):
        chances = prior.copy()
        chances[agent_ids.index(self.best)] = 1.0
        return chances

    def observe(self, *seen):
        self.seen.append(seen)

    def draw(self, contact_id):
        return self.scheme, 0.9 if self.scheme is Scheme.LEARNED else 0.1

    def note(self, *noted):
        self.noted.append(noted)

    def load_factor(self, occupancy):
        return (occupancy >= 0).astype("float32")


@pytest.mark.parametrize(("scheme", "who"), [(Scheme.LEARNED, "ben"), (Scheme.CONTROL, "ann")])
def test_what_was_learnt_decides_but_for_the_control_group(scheme, who):
    coin = Coin(scheme, "ben")
    desk = Desk(policy([ANN, BEN]), outcomes=coin)
    arrives(desk, known=profile(segment="s"))
    assert given(desk) == who
    assert (explained(desk).scheme, explained(desk).propensity) == coin.draw("c1")
    desk.tell(OfferAnswered(desk.offer_id("c1")))
    desk.tell(ContactFinished("c1"))
    desk.tell(OutcomeKnown("c1", resolved=True, satisfied=0.5))
    desk.tell(OutcomeKnown("c1", resolved=False))
    assert coin.seen == [("sales", "s", who, 0.75, pytest.approx(desk.now_s / 86_400))]
    assert coin.noted == [(scheme, "sales", "s", who, 0.75)]


def test_an_outcome_of_which_nothing_is_known_teaches_nothing():
    coin = Coin(Scheme.LEARNED, "ann")
    desk = Desk(policy([ANN]), outcomes=coin)
    desk.tell(OutcomeKnown("c1", resolved=True), OutcomeKnown("c2"))
    assert coin.seen == []


def test_a_team_is_kept_for_other_queues():
    rule = {"id": "keep", "team": "blue", "queues": ["sales"], "serving_max": 1}
    people = [agent(f"b{n}", team="blue") for n in range(3)]
    rules = policy(people, [queue(), queue("help")])
    desk = Desk(
        type(rules)(agents=rules.agents, queues=rules.queues, weights=Routing(team_rules=[rule]))
    )
    numbers = count(1)
    for _ in range(3):
        arrives(desk, f"c{next(numbers)}")
    assert len(desk.offers()) == 1
    reasons = {one.obstacle for one in views.eligibility(desk.core, "c3", desk.now_s)}
    assert reasons == {Obstacle.STATE, Obstacle.TEAM_RULE}
    arrives(desk, "h1", queue_id="help")
    assert len(desk.offers()) == 2


def chats(name: str = "typist", **capacity: int) -> AgentEntry:
    return agent(name, capacity=capacity or {"voice": 1, "chat": 3, "mail": 2})


APART = frozenset({frozenset((Channel.VOICE, Channel.CHAT))})


def writing(desk: Desk, contact_id: str, channel: Channel) -> None:
    desk.tell(queued(contact_id, channel=channel))


def accept(desk: Desk, contact_id: str) -> None:
    desk.tell(OfferAnswered(desk.offer_id(contact_id)))


def test_an_agent_is_offered_one_chat_after_the_other_up_to_his_capacity():
    desk = Desk(policy([chats()]))
    for n in range(4):
        writing(desk, f"c{n}", Channel.CHAT)
    for n in range(3):
        assert desk.offers() == {f"c{n}": "typist"}
        accept(desk, f"c{n}")
    assert desk.offers() == {}
    standing = desk.core.roster.get("typist")
    assert standing.state is AgentState.BUSY
    assert standing.load == {Channel.CHAT: 3}
    desk.tell(ContactFinished("c1"))
    assert desk.offers() == {}
    desk.pass_time(15)
    assert desk.offers() == {"c3": "typist"}


def test_channels_that_exclude_each_other_are_never_served_together():
    desk = Desk(policy([chats()], apart=APART))
    writing(desk, "chat", Channel.CHAT)
    accept(desk, "chat")
    desk.tell(queued("call"))
    writing(desk, "mail", Channel.MAIL)
    assert desk.offers() == {"mail": "typist"}
    accept(desk, "mail")
    desk.tell(ContactFinished("chat"))
    desk.pass_time(15)
    assert desk.offers() == {"call": "typist"}


def test_a_call_comes_beside_an_open_mail_and_before_a_new_one():
    desk = Desk(policy([chats()], apart=APART))
    writing(desk, "m1", Channel.MAIL)
    accept(desk, "m1")
    desk.tell(AgentStateRequested("typist", AgentState.NOT_READY))
    writing(desk, "m2", Channel.MAIL)
    desk.pass_time(5)
    desk.tell(queued("call"))
    assert desk.offers() == {}
    desk.tell(AgentStateRequested("typist", AgentState.READY))
    assert desk.offers() == {"call": "typist"}


def test_a_missed_offer_among_running_chats_takes_effect_when_they_have_ended():
    desk = Desk(policy([chats()]))
    writing(desk, "c0", Channel.CHAT)
    accept(desk, "c0")
    writing(desk, "c1", Channel.CHAT)
    desk.pass_time(20)
    standing = desk.core.roster.get("typist")
    assert (standing.state, standing.wished) == (AgentState.BUSY, AgentState.NOT_READY)
    assert desk.offers() == {}
    desk.tell(ContactFinished("c0"))
    assert standing.state is AgentState.NOT_READY
    assert standing.work == {}


def test_a_channel_that_an_agent_does_not_serve_is_not_offered_to_him():
    desk = Desk(policy([chats(voice=1)]))
    writing(desk, "chat", Channel.CHAT)
    assert desk.offers() == {}
    contact = waiting_contact(desk, "chat")
    counts = desk.core.demand.eligibility.counts(contact, None, desk.now_s)
    assert counts == {Obstacle.CAPACITY: 1}


def test_with_little_worth_in_serving_a_contact_waits_for_a_better_agent_but_not_for_ever():
    routing = {"weights": {"unserved_s": 0, "language_weight_s": 40}}
    poor = agent("poor", languages={"en": 1})
    fluent = agent("fluent", languages={"en": 5})
    desk = Desk(policy([poor, fluent], [queue(routing=routing, wrap_up_s=0)]))
    arrives(desk, "c0")
    assert given(desk, "c0") == "fluent"
    desk.tell(OfferAnswered(desk.offer_id("c0")))
    arrives(desk)
    assert given(desk) is None
    desk.pass_time(5)
    assert given(desk) is None
    desk.pass_time(60)
    assert "poor" in {made.agent_id for made in of_kind(desk.outputs, OfferMade)}


def test_a_full_queue_is_tried_again_until_it_has_room():
    queues = [
        queue(skills={"rare": 5}, routing={"overflow": {"queue": "all", "after_s": 40}}),
        queue("all", waiting_max=1, language="zh"),
    ]
    desk = Desk(policy([ANN], queues))
    arrives(desk, "zh", queue_id="all", language="zh")
    arrives(desk, skills={"rare": 5})
    desk.pass_time(45)
    assert desk.core.line.in_queue("sales") == 1
    desk.tell(ContactLeft("zh"))
    assert len(of_kind(desk.pass_time(10), ContactOverflowed)) == 1
    assert given(desk) == "ann"


def test_an_agent_may_speak_any_language():
    french = agent("french", languages={"fr": 5, "zh-Hant": 3})
    desk = Desk(policy([ANN, french]))
    arrives(desk, language="fr")
    assert given(desk) == "french"
