"""The agents of one policy as columns, so that one contact is judged against all in one pass."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.agent import Agent, language_proficiency
from domain.skill import SkillRequirement

NAMES_KEPT_MAX: Final = 1_024
"""Languages, regions, products and topics whose columns are kept; at the limit all are forgotten.
1,024 columns of 2,000 agents take 2 to 8 MiB."""

Levels = NDArray[np.int8]
Mask = NDArray[np.bool_]
Column = TypeVar("Column", bound=NDArray[np.generic])


class AgentColumns:
    """What is known of all agents; the columns keep the order of the policy."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self.agents: Final = tuple(agents)
        self.agent_ids: Final = tuple(agent.agent_id for agent in agents)
        self.column: Final[Mapping[str, int]] = {
            agent.agent_id: column for column, agent in enumerate(agents)
        }
        self.seniority: Final = self._levels(lambda agent: agent.seniority)
        self.emotion_handling: Final = self._levels(lambda agent: agent.emotion_handling)
        self._skills = {
            skill: self._levels(partial(_proficiency, skill))
            for skill in sorted({skill for agent in agents for skill in agent.skills})
        }
        self._languages: dict[str, Levels] = {}
        self._ratings: dict[str, NDArray[np.float32]] = {}

    def __len__(self) -> int:
        return len(self.agents)

    def proficiency(self, skill: str) -> Levels:
        """Return how well each agent does something, 0 to 5, shape (agents,)."""
        levels = self._skills.get(skill)
        return np.zeros(len(self), dtype=np.int8) if levels is None else levels

    def language(self, tag: str) -> Levels:
        """Return how well each agent speaks a language, 0 to 5, shape (agents,)."""
        return _kept(
            self._languages,
            tag,
            lambda: self._levels(lambda agent: language_proficiency(agent.languages, tag)),
        )

    def rating(self, topic: str) -> NDArray[np.float32]:
        """Return what customers gave each agent in a topic, 1.0 to 5.0, shape (agents,).

        An agent without a rating counts as the mean of those who have one; all are alike where
        nobody has.
        """

        def rate() -> NDArray[np.float32]:
            given = np.array(
                [agent.ratings.get(topic, np.nan) for agent in self.agents], dtype=np.float32
            )
            known = given[~np.isnan(given)]
            return np.where(np.isnan(given), known.mean() if len(known) else 5.0, given)

        return _kept(self._ratings, topic, rate)

    def knows_region(self, region: str) -> Mask:
        """Tell which agents know a region, shape (agents,)."""
        return self._mask(lambda agent: region in agent.regions)

    def knows_product(self, product: str) -> Mask:
        """Tell which agents know a product, shape (agents,)."""
        return self._mask(lambda agent: product in agent.products)

    def among(self, teams: Collection[str], agent_ids: Collection[str]) -> Mask:
        """Tell which agents belong to one of these teams or are named, shape (agents,)."""
        return self._mask(lambda agent: agent.team in teams or agent.agent_id in agent_ids)

    def skilled(self, requirements: Sequence[SkillRequirement]) -> Mask:
        """Tell which agents have every skill that is asked for, shape (agents,)."""
        able = np.ones(len(self), dtype=np.bool_)
        for requirement in requirements:
            able &= self.proficiency(requirement.skill) >= requirement.proficiency_min
        return able

    def _levels(self, level_of: Callable[[Agent], int]) -> Levels:
        return np.array([level_of(agent) for agent in self.agents], dtype=np.int8)

    def _mask(self, has: Callable[[Agent], bool]) -> Mask:
        return np.array([has(agent) for agent in self.agents], dtype=np.bool_)


def _proficiency(skill: str, agent: Agent) -> int:
    return agent.skills.get(skill, 0)


def _kept(columns: dict[str, Column], name: str, make: Callable[[], Column]) -> Column:
    column = columns.get(name)
    if column is None:
        if len(columns) >= NAMES_KEPT_MAX:
            columns.clear()
        column = columns[name] = make()
    return column
