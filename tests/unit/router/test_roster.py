import pytest

from domain.agent import AgentState
from domain.errors import IllegalTransition, NotKnown
from domain.events import AgentReachabilityChanged, AgentStateChanged, Event
from router.roster import Roster
from router.standing import Serving
from tests.unit.router.people import agent, policy

S = AgentState


class People:
    def __init__(self, *entries, remembered=None):
        self.events: list[Event] = []
        self.serving = Serving("c1", "sales", 0.0)
        self.served: list[tuple[Serving, float]] = []
        self.roster = Roster(
            self.events.append, lambda one, now_s: self.served.append((one, now_s)), remembered
        )
        self.roster.replace(policy(entries).agents, 0.0)

    def get(self, name="ann"):
        return self.roster.get(name)

    def state(self, name="ann") -> AgentState:
        return self.get(name).state

    def arrive(self, name="ann", state=S.READY, at_s=0.0):
        one = self.get(name)
        self.roster.set_reachable(one, True, at_s)
        self.roster.request(one, state, "", at_s)
        return one


def test_a_registration_logs_in_not_ready_or_ready():
    people = People(agent("ann"), agent("ben", ready_on_register=True))
    for name in ("ann", "ben"):
        people.roster.set_reachable(people.get(name), True, 1.0)
    assert people.get("ann").state is S.NOT_READY
    assert people.get("ben").state is S.READY
    assert people.events[:2] == [
        AgentReachabilityChanged(agent_id="ann", reachable=True),
        AgentStateChanged(
            agent_id="ann", before=S.LOGGED_OUT, after=S.NOT_READY, reason="registered"
        ),
    ]


def test_a_restart_finds_the_agent_as_he_left():
    people = People(
        agent("ann"),
        agent("ben", ready_on_register=True),
        agent("cat", ready_on_register=True),
        remembered={
            "ann": (S.READY, ""),
            "ben": (S.NOT_READY, "lunch"),
            "cat": (S.LOGGED_OUT, ""),
        },
    )
    for name in ("ann", "ben", "cat"):
        people.roster.set_reachable(people.get(name), True, 1.0)
    assert [people.get(name).state for name in ("ann", "ben", "cat")] == [
        S.READY,
        S.NOT_READY,
        S.LOGGED_OUT,
    ]
    assert people.get("ben").reason == "lunch"
    people.roster.set_reachable(people.get("ann"), False, 2.0)
    people.roster.set_reachable(people.get("ann"), True, 3.0)
    assert people.get("ann").state is S.NOT_READY


def test_nobody_is_ready_without_a_telephone():
    people = People(agent("ann"))
    for state in (S.READY, S.NOT_READY):
        with pytest.raises(IllegalTransition, match="without a telephone"):
            people.roster.request(people.get(), state, "", 0.0)
    people.roster.request(people.get(), S.LOGGED_OUT, "", 0.0)


@pytest.mark.parametrize("state", [S.BUSY, S.WRAP_UP])
def test_some_states_come_by_themselves_alone(state):
    people = People(agent("ann"))
    people.arrive()
    with pytest.raises(IllegalTransition):
        people.roster.request(people.get(), state, "", 0.0)


def test_a_wish_for_not_ready_is_taken_when_the_contact_has_ended():
    people = People(agent("ann"))
    ann = people.arrive()
    people.roster.reserve(ann, people.serving, 1.0)
    people.roster.request(ann, S.NOT_READY, "lunch", 2.0)
    assert (ann.state, ann.wished) == (S.BUSY, S.NOT_READY)
    people.roster.end(ann, "c1", 60.0)
    assert (ann.state, ann.wished, ann.reason) == (S.NOT_READY, None, "lunch")
    assert people.served == [(people.serving, 60.0)]


def test_a_wish_for_ready_takes_back_an_earlier_one_and_keeps_the_wrap_up():
    people = People(agent("ann"))
    ann = people.arrive()
    people.roster.reserve(ann, people.serving, 1.0)
    people.roster.request(ann, S.LOGGED_OUT, "", 2.0)
    people.roster.request(ann, S.READY, "", 3.0)
    people.roster.end(ann, "c1", 60.0)
    assert people.state() is S.WRAP_UP
    people.roster.request(ann, S.READY, "", 61.0)
    assert people.state() is S.READY
    assert people.served == [(people.serving, 61.0)]


def test_who_misses_an_offer_is_not_ready_whatever_he_wished_but_to_log_out():
    people = People(agent("ann"), agent("ben"))
    for name, wish, after in (("ann", S.READY, S.NOT_READY), ("ben", S.LOGGED_OUT, S.LOGGED_OUT)):
        one = people.arrive(name)
        people.roster.reserve(one, people.serving, 1.0)
        people.roster.request(one, wish, "", 2.0)
        people.roster.miss(one, "c1", "ring_no_answer", 3.0)
        assert one.state is after
        assert one.missed == 1
    assert people.served == []


def test_a_withdrawn_offer_keeps_the_agents_turn_and_his_wish():
    people = People(agent("ann"), agent("ben"))
    ann, ben = people.arrive("ann", at_s=1.0), people.arrive("ben", at_s=2.0)
    people.roster.reserve(ann, people.serving, 5.0)
    people.roster.release(ann, "c1", 6.0)
    assert people.roster.free() == [ann, ben]
    people.roster.reserve(ann, people.serving, 7.0)
    people.roster.request(ann, S.NOT_READY, "", 8.0)
    people.roster.release(ann, "c1", 9.0)
    assert ann.state is S.NOT_READY
    assert people.roster.free() == [ben]


def test_who_is_out_of_reach_is_logged_out_when_his_contact_has_ended():
    people = People(agent("ann"))
    ann = people.arrive()
    people.roster.reserve(ann, people.serving, 1.0)
    people.roster.set_reachable(ann, False, 2.0)
    assert people.state() is S.BUSY
    people.roster.end(ann, "c1", 3.0)
    assert people.state() is S.LOGGED_OUT


def test_who_registers_again_during_the_call_stays():
    people = People(agent("ann"))
    ann = people.arrive()
    people.roster.reserve(ann, people.serving, 1.0)
    people.roster.set_reachable(ann, False, 2.0)
    people.roster.set_reachable(ann, True, 3.0)
    people.roster.end(ann, "c1", 4.0)
    people.roster.wrapped_up(ann, "c1", 5.0)
    assert ann.state is S.READY


@pytest.mark.parametrize("state", [S.READY, S.NOT_READY])
def test_who_is_out_of_reach_and_idle_is_logged_out_at_once(state):
    people = People(agent("ann"))
    ann = people.arrive(state=state)
    people.roster.set_reachable(ann, False, 2.0)
    assert (ann.state, ann.reason) == (S.LOGGED_OUT, "unregistered")
    assert not people.roster.any_free


def test_a_removed_agent_ends_his_work_first():
    people = People(agent("ann"), agent("ben"))
    ann = people.arrive()
    people.arrive("ben")
    people.roster.reserve(ann, people.serving, 1.0)
    people.roster.replace({}, 2.0)
    assert ann.state is S.BUSY
    with pytest.raises(NotKnown, match="agent 'ben'"):
        people.get("ben")
    people.roster.end(ann, "c1", 3.0)
    assert list(people.roster) == []


def test_who_is_removed_and_added_again_during_his_call_stays():
    people = People(agent("ann"))
    ann = people.arrive()
    people.roster.reserve(ann, people.serving, 1.0)
    agents = policy([agent("ann")]).agents
    people.roster.replace({}, 2.0)
    people.roster.replace(agents, 3.0)
    people.roster.end(ann, "c1", 4.0)
    assert ann.state is S.WRAP_UP


def test_a_telephone_that_becomes_fixed_is_there_and_one_that_is_no_longer_is_gone():
    people = People(agent("ann"))
    people.roster.replace(policy([agent("ann", contact="sip:1@192.0.2.1")]).agents, 1.0)
    assert people.get().state is S.NOT_READY
    people.roster.replace(policy([agent("ann")]).agents, 2.0)
    assert people.get().state is S.LOGGED_OUT


def test_asking_again_changes_the_reason_alone():
    people = People(agent("ann"))
    ann = people.arrive(state=S.NOT_READY)
    before = len(people.events)
    people.roster.request(ann, S.NOT_READY, "lunch", 9.0)
    assert ann.reason == "lunch"
    assert len(people.events) == before
