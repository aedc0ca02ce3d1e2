import numpy as np
import pytest

from domain.agent import Agent, language_proficiency
from domain.skill import SkillRequirement
from router.columns import NAMES_KEPT_MAX, AgentColumns


def person(name, skills=None, languages=None, **rest):
    return Agent(
        agent_id=name,
        name=name,
        extension="1",
        skills=skills or {},
        languages=languages or {},
        **rest,
    )


PEOPLE = [
    person("ann", {"tech": 3}, {"en": 5}, ratings={"bill": 4.0}, team="blue"),
    person("ben", {"tech": 5, "billing": 1}, {"en": 2, "zh": 4}, ratings={"bill": 2.0}),
    person("chen", {}, {"zh": 5}, regions=frozenset({"north"}), products=frozenset({"phone"})),
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


def asks(**skills):
    return [SkillRequirement(skill=name, proficiency_min=least) for name, least in skills.items()]


@pytest.mark.parametrize(
    ("requirements", "able"),
    [
        ([], [True, True, True]),
        (asks(tech=4), [False, True, False]),
        (asks(tech=3), [True, True, False]),
        (asks(tech=1, billing=1), [False, True, False]),
        (asks(unheard=1), [False, False, False]),
    ],
)
def test_who_has_every_skill(requirements, able):
    assert AgentColumns(PEOPLE).skilled(requirements).tolist() == able


def test_the_columns_tell_what_each_agent_knows():
    columns = AgentColumns(PEOPLE)
    assert columns.proficiency("tech").tolist() == [3, 5, 0]
    assert columns.language("zh").tolist() == [0, 4, 5]
    assert columns.knows_region("north").tolist() == [False, False, True]
    assert columns.knows_product("phone").tolist() == [False, False, True]
    assert columns.among(["blue"], ["chen"]).tolist() == [True, False, True]


def test_who_has_no_rating_counts_as_the_mean_of_those_who_have():
    columns = AgentColumns(PEOPLE)
    np.testing.assert_allclose(columns.rating("bill"), [4.0, 2.0, 3.0])
    assert len(set(columns.rating("unheard").tolist())) == 1


def test_columns_are_kept_but_not_without_limit():
    columns = AgentColumns(PEOPLE)
    assert columns.language("en") is columns.language("en")
    for n in range(NAMES_KEPT_MAX + 10):
        columns.language(f"x{n}")
    assert len(columns._languages) <= NAMES_KEPT_MAX


def test_columns_of_nobody():
    columns = AgentColumns(())
    assert len(columns) == 0
    assert columns.skilled(asks(tech=1)).shape == columns.rating("bill").shape == (0,)
