import pytest

from domain.contact import Channel
from domain.skill import SkillRequirement
from router.policy import AgentPolicy, RouterPolicy, may_serve, requirements_of
from tests.config_support import RIGHT, loaded
from tests.unit.router.people import agent, queue

AGENT = """\
    skills: {billing: 4}
    languages: {zh: 5, en: 2}
    team: blue
    seniority: 5
    emotion_handling: 1
    ratings: {invoice: 4.5}
    regions: [north]
    products: [phone]
    capacity: {voice: 1, mail: 7}
    ready_on_register: true
    shifts: [{days: [mon], begin: "08:00", end: "16:00"}]
"""


def test_everything_the_configuration_says_of_an_agent_is_in_the_policy():
    text = RIGHT.replace("    skills: {billing: 4}\n", AGENT)
    text += "router:\n  exclusions: [[voice, mail]]\n  region_weight_s: 77\n"
    policy = RouterPolicy.of(loaded(text).configuration)
    entry = policy.agents["anna"]
    anna = entry.agent
    assert (anna.agent_id, anna.name, anna.extension) == ("anna", "Anna Berg", "21")
    assert (anna.skills, anna.languages) == ({"billing": 4}, {"zh": 5, "en": 2})
    assert (anna.team, anna.seniority, anna.emotion_handling) == ("blue", 5, 1)
    assert anna.ratings == {"invoice": 4.5}
    assert (anna.regions, anna.products) == (frozenset({"north"}), frozenset({"phone"}))
    assert anna.capacity.slots == {Channel.VOICE: 1, Channel.MAIL: 7}
    assert anna.capacity.free(Channel.MAIL, {Channel.VOICE: 1}) == 0
    assert anna.capacity.free(Channel.CHAT, {}) == 0
    assert entry.ready_on_register
    assert [shift.begin for shift in entry.shifts] == ["08:00"]
    assert policy.weights.region_weight_s == 77
    assert set(policy.queues) == {"service"}


def test_requirements_stand_in_order_of_name():
    assert requirements_of(queue(skills={"b": 2, "a": 3})) == (
        SkillRequirement(skill="a", proficiency_min=3),
        SkillRequirement(skill="b", proficiency_min=2),
    )


@pytest.mark.parametrize(
    ("entry", "serves"),
    [
        ({"skills": {"tech": 3}, "languages": {"en": 3}}, True),
        ({"skills": {"tech": 2}, "languages": {"en": 3}}, False),
        ({"skills": {"tech": 3}, "languages": {"en": 2}}, False),
        ({"skills": {"tech": 5}, "languages": {"zh": 5}}, False),
        ({"languages": {"en": 5}}, False),
    ],
)
def test_who_may_serve_a_queue_at_first(entry, serves):
    asked = queue(skills={"tech": 3}, routing={"language_min": 3})
    assert may_serve(AgentPolicy.of(agent("ann", **entry)).agent, asked) is serves
