import pytest

from domain.agent import AgentState, Medium
from domain.contact import Channel
from domain.errors import IllegalTransition, NotKnown
from domain.events import AgentReachabilityChanged, AgentStateChanged, Event
from router.roster import Roster
from router.standing import Serving, Stage
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
        people.roster.set_reachable(people.get(name), True, 1.0, Medium.TELEPHONE)
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


class Several(People):
    """Ann, who may serve three chats at once, and what she serves."""

    def __init__(self, *, offered: int = 0, connected: int = 0):
        super().__init__(agent("ann", capacity={"chat": 3}))
        self.ann = self.arrive()
        for n in range(connected + offered):
            self.offer(f"c{n}")
            if n < connected:
                self.roster.connect(self.ann, f"c{n}")

    def offer(self, contact_id: str, at_s: float = 1.0) -> None:
        self.roster.reserve(
            self.ann, Serving(contact_id, "sales", at_s, channel=Channel.CHAT), at_s
        )

    def stages(self) -> dict[str, Stage]:
        return {contact_id: one.stage for contact_id, one in self.ann.work.items()}

    def served_ids(self) -> list[str]:
        return [serving.contact_id for serving, _ in self.served]


def test_one_offer_at_a_time_and_not_more_than_fit():
    people = Several(connected=1)
    assert people.roster.is_free(people.ann, Channel.CHAT)
    assert not people.roster.is_free(people.ann, Channel.VOICE)
    people.offer("c1")
    assert not people.roster.any_free
    people.roster.connect(people.ann, "c1")
    people.offer("c2")
    people.roster.connect(people.ann, "c2")
    assert not people.roster.any_free
    assert people.ann.answered == 3


def test_busy_from_the_first_contact_to_the_end_of_the_last():
    people = Several(connected=2)
    before = len(people.events)
    people.roster.end(people.ann, "c0", 10.0)
    assert (people.state(), len(people.events)) == (S.BUSY, before)
    assert people.stages() == {"c0": Stage.WRAP_UP, "c1": Stage.CONNECTED}
    people.roster.wrapped_up(people.ann, "c0", 20.0)
    ((serving, at_s),) = people.served
    assert (serving.contact_id, serving.since_s, at_s) == ("c0", 1.0, 20.0)
    people.roster.end(people.ann, "c1", 30.0)
    assert people.state() is S.WRAP_UP
    people.roster.wrapped_up(people.ann, "c1", 40.0)
    assert (people.state(), people.ann.work) == (S.READY, {})
    assert people.served_ids() == ["c0", "c1"]


def test_wrap_ups_that_overlap_end_one_by_one():
    people = Several(connected=2)
    people.roster.end(people.ann, "c0", 10.0)
    people.roster.end(people.ann, "c1", 12.0)
    assert people.state() is S.WRAP_UP
    people.roster.wrapped_up(people.ann, "c0", 25.0)
    assert people.ann.state.value == "wrap_up"
    people.roster.wrapped_up(people.ann, "c1", 27.0)
    assert people.ann.state.value == "ready"
    assert [at_s for _, at_s in people.served] == [25.0, 27.0]


def test_an_offer_that_the_customer_left_among_others_changes_nothing_else():
    people = Several(connected=1, offered=1)
    people.roster.release(people.ann, "c1", 5.0)
    assert (people.state(), people.stages()) == (S.BUSY, {"c0": Stage.CONNECTED})
    assert people.roster.is_free(people.ann, Channel.CHAT)


def test_an_offer_that_the_customer_left_beside_a_wrap_up_leaves_the_wrap_up():
    people = Several(connected=1, offered=1)
    people.roster.end(people.ann, "c0", 5.0)
    assert people.ann.state.value == "busy"
    people.roster.release(people.ann, "c1", 6.0)
    assert people.ann.state.value == "wrap_up"
    people.roster.wrapped_up(people.ann, "c0", 20.0)
    assert (people.state(), people.served_ids()) == (S.READY, ["c0"])


def test_who_misses_an_offer_beside_a_wrap_up_is_not_ready_and_through_with_it():
    people = Several(connected=1, offered=1)
    people.roster.end(people.ann, "c0", 5.0)
    people.roster.miss(people.ann, "c1", "ring_no_answer", 6.0)
    assert people.state() is S.NOT_READY
    assert (people.ann.work, people.served_ids()) == ({}, ["c0"])
    people.roster.request(people.ann, S.READY, "", 7.0)
    people.roster.wrapped_up(people.ann, "c0", 20.0)
    assert people.served_ids() == ["c0"], "once"


def test_who_misses_an_offer_among_others_serves_them_to_the_end():
    people = Several(connected=2, offered=1)
    people.roster.miss(people.ann, "c2", "declined", 5.0)
    assert (people.state(), people.ann.wished) == (S.BUSY, S.NOT_READY)
    assert not people.roster.any_free
    people.roster.end(people.ann, "c0", 6.0)
    people.roster.request(people.ann, S.READY, "", 7.0)
    assert people.roster.is_free(people.ann, Channel.CHAT), "he takes it back"


def test_a_removed_agent_serves_all_his_contacts_to_the_end():
    people = Several(connected=2, offered=1)
    people.roster.replace({}, 2.0)
    assert not people.roster.any_free
    people.roster.miss(people.ann, "c2", "declined", 3.0)
    people.roster.end(people.ann, "c0", 4.0)
    people.roster.wrapped_up(people.ann, "c0", 5.0)
    assert "ann" in people.roster
    people.roster.end(people.ann, "c1", 6.0)
    assert "ann" not in people.roster
    assert people.ann.state is S.LOGGED_OUT
    assert people.served_ids() == ["c0", "c1"]


def test_an_agent_out_of_reach_serves_all_his_contacts_to_the_end():
    people = Several(connected=2)
    people.roster.set_reachable(people.ann, False, 2.0)
    assert not people.roster.any_free
    people.roster.end(people.ann, "c0", 3.0)
    assert people.state() is S.BUSY
    people.roster.end(people.ann, "c1", 4.0)
    assert (people.state(), people.ann.work) == (S.LOGGED_OUT, {})


def test_less_capacity_after_a_reload_takes_nothing_away():
    people = Several(connected=2)
    people.roster.replace(policy([agent("ann", capacity={"chat": 1})]).agents, 2.0)
    assert people.stages() == {"c0": Stage.CONNECTED, "c1": Stage.CONNECTED}
    assert not people.roster.any_free
    people.roster.end(people.ann, "c0", 3.0)
    people.roster.wrapped_up(people.ann, "c0", 4.0)
    assert not people.roster.any_free, "one is as much as she may"


def test_columns_follow_the_agents_through_a_reload():
    people = People(agent("ann"), agent("ben"), agent("chen"))
    for name in ("ann", "chen"):
        people.arrive(name)
    people.roster.set_on_shift(people.get("chen"), False)
    people.roster.replace(policy([agent("chen"), agent("new"), agent("ann")]).agents, 5.0)
    assert [people.get(name).column for name in ("chen", "new", "ann")] == [0, 1, 2]
    assert [one.agent_id for one in people.roster.free()] == ["ann"]
    assert people.roster.on_shift.tolist() == [False, True, True]
    assert people.roster.takes_more.tolist() == [False, False, True]
    assert [one.agent_id for one in people.roster.at(people.roster.working_columns())] == [
        "chen", "ann",
    ]  # fmt: skip
