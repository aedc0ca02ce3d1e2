import pytest

from domain.agent import Agent
from router.learning.prior import GOOD_AT_MIDDLE, static_prior


def agent(**known: object) -> Agent:
    return Agent(agent_id="a", name="A", extension="21", **known)  # type: ignore[arg-type]


def test_skills_and_ratings_promise_more_or_less() -> None:
    able = agent(skills={"billing": 5}, ratings={"invoice": 5.0})
    plain = agent(skills={"billing": 3})
    rated = agent(skills={"billing": 3}, ratings={"invoice": 1.0})
    without = agent()
    found = static_prior([able, plain, rated, without], "invoice", ["billing"])
    assert found == pytest.approx([0.8, 0.7, 0.65, 0.55])
    assert found.dtype.name == "float32"


def test_of_whom_nothing_is_said_he_is_in_the_middle() -> None:
    assert static_prior([agent()], "invoice") == pytest.approx([GOOD_AT_MIDDLE])
    assert static_prior([], "invoice").shape == (0,)
