"""Skills: what an agent can do, and what a queue asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PROFICIENCY_MIN: Final = 1
PROFICIENCY_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRequirement:
    """One skill that a contact needs.

    Attributes:
        skill: Name of the skill, such as "billing".
        proficiency_min: Least proficiency that will do, 1 to 5.
    """

    skill: str
    proficiency_min: int = PROFICIENCY_MIN


def meets(requirement: SkillRequirement, proficiency: Mapping[str, int]) -> bool:
    """Tell whether someone with these proficiencies meets the requirement."""
    return proficiency.get(requirement.skill, 0) >= requirement.proficiency_min
