"""Who may serve what: skills and languages, as columns of agents.

Proficiencies of all agents stand in two small matrices, so one contact profile is judged
against every agent in one pass. Rows are kept until the policy changes: contacts come with
the few profiles that their queues ask for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.agent import Agent, language_proficiency
from domain.skill import SkillRequirement, meets
from router.cost import suitability_s

PROFILES_KEPT_MAX: Final = 1_024
"""Rows kept; 1,024 rows of 2,000 agents take 18 MiB. At the limit all are forgotten."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a contact asks of an agent.

    Attributes:
        language: BCP 47 tag.
    """

    language: str
    requirements: tuple[SkillRequirement, ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One profile against every agent of the table.

    Attributes:
        eligible: Shape (agents,).
        suitability_s: What the agent's proficiency costs, seconds of waiting, shape
            (agents,); of no meaning where not eligible.
        least_s: The least of the eligible agents' suitability; infinite where there is none.
    """

    eligible: NDArray[np.bool_]
    suitability_s: NDArray[np.float64]
    least_s: float


def may_serve(agent: Agent, profile: Profile) -> bool:
    """Tell whether this agent has the language and every skill."""
    return language_proficiency(agent.languages, profile.language) > 0 and all(
        meets(requirement, agent.skills) for requirement in profile.requirements
    )


class AgentTable:
    """The proficiencies of all agents of one policy; the columns keep their order."""

    def __init__(self, agents: Sequence[Agent], proficiency_weight_s: float) -> None:
        self._agents = tuple(agents)
        self._weight_s = proficiency_weight_s
        self.column: Mapping[str, int] = {agent.agent_id: n for n, agent in enumerate(agents)}
        names = sorted({skill for agent in agents for skill in agent.skills})
        self._skill_row = {name: n for n, name in enumerate(names)}
        self._skills = np.zeros((len(names), len(agents)), dtype=np.int8)
        for column, agent in enumerate(agents):
            for skill, proficiency in agent.skills.items():
                self._skills[self._skill_row[skill], column] = proficiency
        self._languages: dict[str, NDArray[np.int8]] = {}
        self._rows: dict[Profile, ProfileRow] = {}

    def __len__(self) -> int:
        return len(self._agents)

    def row(self, profile: Profile) -> ProfileRow:
        """Return this profile against every agent."""
        row = self._rows.get(profile)
        if row is None:
            if len(self._rows) >= PROFILES_KEPT_MAX:
                self._rows.clear()
            row = self._rows[profile] = self._judge(profile)
        return row

    def _language(self, tag: str) -> NDArray[np.int8]:
        """Return how well each agent speaks a language, shape (agents,)."""
        levels = self._languages.get(tag)
        if levels is None:
            if len(self._languages) >= PROFILES_KEPT_MAX:
                self._languages.clear()
            levels = self._languages[tag] = np.fromiter(
                (language_proficiency(agent.languages, tag) for agent in self._agents),
                dtype=np.int8,
                count=len(self._agents),
            )
        return levels

    def _judge(self, profile: Profile) -> ProfileRow:
        language = self._language(profile.language)
        eligible = language > 0
        surplus = np.zeros(len(self._agents), dtype=np.int64)
        for requirement in profile.requirements:
            row = self._skill_row.get(requirement.skill)
            if row is None:
                eligible = np.zeros_like(eligible)
                break
            proficiency = self._skills[row]
            eligible = eligible & (proficiency >= requirement.proficiency_min)
            surplus += np.maximum(proficiency - requirement.proficiency_min, 0)
        cost_s = suitability_s(surplus, language, self._weight_s)
        least_s = float(np.min(cost_s, where=eligible, initial=np.inf))
        return ProfileRow(eligible, cost_s, least_s)
