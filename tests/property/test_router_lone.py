"""Where only one assignment can be made, it is the solver's."""

from hypothesis import given, settings
from hypothesis import strategies as st

from config.routing import Routing
from router.lone import lone_match
from router.slices import next_slice
from router.solver import solve
from tests.unit.router.people import Desk, agent, policy, queued

LEVELS = st.integers(1, 5)
PEOPLE = st.lists(
    st.tuples(st.none() | LEVELS, st.none() | LEVELS, st.sampled_from((0.0, 0.0004, 1.0, 5_000.0))),
    min_size=1,
    max_size=8,
)
WEIGHTS = st.sampled_from((0.0, 0.0001, 0.05, 5.0, 1e7))


@st.composite
def desks(draw) -> Desk:
    """Return who is free, came to be so at different times, and a contact or a few alike."""
    people = draw(PEOPLE)
    rules = policy(
        [
            agent(
                f"a{n}",
                extension=f"{n + 100}",
                languages={"zh": 5} if language is None else {"en": language},
                skills={} if skill is None else {"billing": skill},
            )
            for n, (language, skill, _) in enumerate(people)
        ],
        proficiency_weight_s=draw(WEIGHTS),
        idle_weight_per_s=draw(WEIGHTS),
    )
    desk = Desk(rules, ready=False)
    for n in draw(st.permutations(range(len(people)))):
        desk.now_s += people[n][2]
        desk.ready(f"a{n}")
    contacts = 1 if len(people) > 1 else draw(st.integers(1, 3))
    skills = draw(st.sampled_from(({}, {"billing": 1}, {"billing": 3})))
    for n in range(contacts):
        waited_s = draw(st.sampled_from((0.0, 0.0004, 60.0)))
        desk.core.handle(queued(f"c{n}", skills=skills, waited_s=waited_s), desk.now_s)
    for n in draw(st.sets(st.integers(0, len(people) - 1))):
        desk.core.pauses.begin("c0", f"a{n}", desk.now_s + draw(st.sampled_from((0.0, 9.0))))
    desk.now_s += draw(st.sampled_from((0.0, 1.0, 4_000.0)))
    return desk


@given(desks())
@settings(deadline=None, max_examples=400, derandomize=True)
def test_it_is_the_assignment_of_the_solver(desk):
    core, weights = desk.core, desk.core.policy.weights
    assert isinstance(weights, Routing)
    told = {"table": core.table, "pauses": core.pauses, "weights": weights, "now_s": desk.now_s}
    lone = lone_match(core.line.groups, core.roster.free(), **told)
    if lone is None:
        assert len(core.line) > 1
        return
    part = next_slice(core.line.groups, core.roster.free(), **told)
    matches = [] if part is None else list(part.matches(solve(part.problem)))
    assert matches == ([] if lone.agent is None else [(lone.contact, lone.agent, lone.cost)])
