from router.lone import lone_match
from tests.unit.router.people import Desk, agent, policy, queued
from tests.unit.router.test_slices import crowd


def lone(desk):
    core = desk.core
    return lone_match(
        core.line.groups,
        core.roster.free(),
        table=core.table,
        pauses=core.pauses,
        weights=core.policy.weights,
        now_s=desk.now_s,
    )


def names(desk):
    found = lone(desk)
    assert found is not None
    return found.contact.contact_id, None if found.agent is None else found.agent.agent_id


def test_nobody_waits_or_nobody_is_free():
    assert lone(crowd(2)) is None
    assert lone(crowd(0, queued("c0"))) is None


def test_one_contact_goes_to_the_longest_idle():
    assert names(crowd(3, queued("c0"))) == ("c0", "a0")


def test_several_contacts_and_agents_are_for_the_solver():
    assert lone(crowd(2, queued("c0"), queued("c1"))) is None
    assert lone(crowd(2, queued("c0"), queued("c1", language="en-GB"))) is None


def test_one_agent_gets_the_most_urgent_of_contacts_alike():
    assert names(crowd(1, queued("c0"), queued("c1", waited_s=100))) == ("c1", "a0")


def test_whom_the_agent_may_not_meet_is_for_the_solver_where_another_waits():
    desk = crowd(1, queued("c0"), queued("c1"))
    desk.core.pauses.begin("c0", "a0", desk.now_s + 30)
    assert lone(desk) is None


def test_agents_kept_apart_are_passed_over():
    desk = crowd(2, queued("c0"))
    desk.core.pauses.begin("c0", "a0", desk.now_s + 30)
    assert names(desk) == ("c0", "a1")
    desk.core.pauses.begin("c0", "a1", desk.now_s + 30)
    assert names(desk) == ("c0", None)


def test_nobody_has_the_skill():
    assert names(crowd(2, queued("c0", language="zh"))) == ("c0", None)
    assert names(crowd(2, queued("c0", skills={"billing": 1}))) == ("c0", None)


def test_a_better_agent_further_down_is_found():
    people = [
        agent(f"a{n}", extension=f"{n + 100}", skills={"billing": level})
        for n, level in enumerate((5, 4, 2, 3))
    ]
    desk = Desk(policy(people))
    desk.core.handle(queued("c0", skills={"billing": 2}), desk.now_s)
    assert names(desk) == ("c0", "a2")
