import numpy as np
import pytest

from domain.agent import Agent, language_proficiency
from domain.skill import SkillRequirement
from router.eligibility import (
    PROFILES_KEPT_MAX,
    AgentTable,
    Profile,
    may_serve,
)


def person(name, skills=None, languages=None):
    return Agent(
        agent_id=name, name=name, extension="1", skills=skills or {}, languages=languages or {}
    )


PEOPLE = [
    person("ann", {"tech": 3}, {"en": 5}),
    person("ben", {"tech": 5, "billing": 1}, {"en": 2, "zh": 4}),
    person("chen", {}, {"zh": 5}),
]


@pytest.mark.parametrize(
    ("spoken", "tag", "level"),
    [
        ({"zh": 4}, "zh-Hant-TW", 4),
        ({"zh-Hant": 2, "zh": 4}, "zh-Hant-TW", 2),
        ({"zh-TW": 2}, "zh", 0),
        ({"en": 5}, "zh", 0),
        ({}, "", 0),
    ],
)
def test_a_language_is_looked_up_from_the_narrow_to_the_wide(spoken, tag, level):
    assert language_proficiency(spoken, tag) == level


@pytest.mark.parametrize(
    "profile",
    [
        Profile("en"),
        Profile("zh", (SkillRequirement(skill="tech", proficiency_min=4),)),
        Profile("en", (SkillRequirement(skill="tech", proficiency_min=3),)),
        Profile("en", (SkillRequirement(skill="tech"), SkillRequirement(skill="billing"))),
        Profile("en", (SkillRequirement(skill="unheard"),)),
        Profile("fr"),
    ],
)
def test_the_table_judges_as_the_rule_does(profile):
    row = AgentTable(PEOPLE, 5.0).row(profile)
    assert row.eligible.tolist() == [may_serve(one, profile) for one in PEOPLE]


def test_suitability_counts_surplus_and_shortfall():
    profile = Profile("en", (SkillRequirement(skill="tech", proficiency_min=2),))
    row = AgentTable(PEOPLE, 5.0).row(profile)
    # Ann: 1 level above, perfect English. Ben: 3 above, English 3 levels short.
    np.testing.assert_array_equal(row.suitability_s[:2], [5.0, 30.0])


def test_rows_are_kept_but_not_without_limit():
    table = AgentTable(PEOPLE, 5.0)
    assert table.row(Profile("en")) is table.row(Profile("en"))
    for n in range(PROFILES_KEPT_MAX + 10):
        table.row(Profile(f"x{n}"))
    assert len(table._rows) <= PROFILES_KEPT_MAX


def test_a_table_of_nobody():
    table = AgentTable((), 5.0)
    assert len(table) == 0
    assert table.row(Profile("en")).eligible.shape == (0,)
