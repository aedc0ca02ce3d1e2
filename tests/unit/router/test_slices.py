from router import slices
from router.cost import NOT_ELIGIBLE
from router.slices import next_slice
from router.solver import solve
from tests.unit.router.people import Desk, agent, policy, queue, queued


def slice_of(desk):
    core = desk.core
    return next_slice(
        core.line.groups,
        core.roster.free(),
        table=core.table,
        pauses=core.pauses,
        weights=core.policy.weights,
        now_s=desk.now_s,
    )


def crowd(agents, *contacts):
    """Return a desk where all wait and nothing has been assigned yet."""
    people = [agent(f"a{n}", extension=f"{n + 100}") for n in range(agents)]
    desk = Desk(policy(people, [queue(waiting_max=10_000)]))
    for contact in contacts:
        desk.core.handle(contact, desk.now_s)
        desk.now_s += 1
    return desk


def names(part):
    return [contact.contact_id for contact in part.contacts]


def test_nobody_waits_or_nobody_may():
    assert slice_of(crowd(2)) is None
    assert slice_of(crowd(2, queued("c1", language="zh"))) is None


def test_of_one_class_only_as_many_as_there_are_agents():
    part = slice_of(crowd(2, *(queued(f"c{n}") for n in range(5))))
    assert names(part) == ["c0", "c1"]
    assert part.whole


def test_a_contact_kept_apart_is_a_class_of_its_own():
    desk = crowd(2, *(queued(f"c{n}") for n in range(3)))
    desk.core.pauses.begin("c0", "a0", desk.now_s + 30)
    part = slice_of(desk)
    assert sorted(names(part)) == ["c0", "c1", "c2"]
    assert part.problem.supply.tolist() == [1, 2]
    ann = [one.agent_id for one in part.agents].index("a0")
    assert part.problem.pair[0, ann] == NOT_ELIGIBLE
    costs = {(c.contact_id, a.agent_id): cost for c, a, cost in part.matches(solve(part.problem))}
    assert set(costs) == {("c0", "a1"), ("c1", "a0")}
    assert costs["c1", "a0"] == part.problem.pair[1, ann]


def test_a_contact_kept_apart_from_all_is_left_out():
    desk = crowd(1, queued("c0"), queued("c1"))
    desk.core.pauses.begin("c0", "a0", desk.now_s + 30)
    assert names(slice_of(desk)) == ["c1"]
    desk = crowd(1, queued("c0"))
    desk.core.pauses.begin("c0", "a0", desk.now_s + 30)
    assert slice_of(desk) is None


def test_the_longest_waiting_has_rank_0():
    part = slice_of(crowd(5, queued("c0", waited_s=1), queued("c1", waited_s=100), queued("c2")))
    assert names(part) == ["c1", "c0", "c2"]
    assert part.problem.waiting_rank.tolist() == [0, 1, 2]
    assert part.problem.urgency.tolist() == [102_000, 4_000, 1_000]


def test_limits_cut_the_least_urgent_and_say_so(monkeypatch):
    contacts = [queued(f"c{n}", language=("en", "en-GB", "en-US")[n % 3]) for n in range(9)]
    desk = crowd(6, *contacts)
    assert slice_of(desk).whole
    for limit, value in (("CLASSES_MAX", 2), ("AGENTS_MAX", 2), ("CONTACTS_MAX", 4)):
        with monkeypatch.context() as patch:
            patch.setattr(slices, limit, value)
            part = slice_of(desk)
            assert not part.whole
            assert "c0" in names(part)
            assert len(solve(part.problem).contacts) > 0
            assert len(part.problem.supply) <= 3
            assert len(part.agents) <= 6
