"""What is expected of an agent before anything was learnt: his skills and ratings."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.agent import Agent

MIDDLE: Final = 3.0
"""The level of one of whom nothing is said, on the scale of 1 to 5."""
GOOD_AT_MIDDLE: Final = 0.7
"""Chance of a good outcome at that level: first-contact resolution of call centres is commonly
given as 70 %. Only differences between agents matter; the level is learnt soon."""
GOOD_PER_LEVEL: Final = 0.05
"""What a level is taken to be worth until outcomes tell: 7.5 s of waiting at the default of
`expectation_weight_s`, beside the 5 s of `proficiency_weight_s`."""


def static_prior(
    agents: Sequence[Agent], topic: str, skills: Collection[str] = ()
) -> NDArray[np.float32]:
    """Return the chance of a good outcome that skills and ratings promise.

    Args:
        agents: Whom it is about.
        topic: Whose rating counts.
        skills: What the contact asks for; the mean of an agent's proficiencies counts.

    Returns:
        0.0 to 1.0, shape (agents,).
    """
    levels = np.empty(len(agents), dtype=np.float32)
    for position, agent in enumerate(agents):
        known: list[float] = [float(agent.skills.get(skill, 0)) for skill in skills]
        mean = [sum(known) / len(known)] if known else []
        if topic in agent.ratings:
            mean.append(agent.ratings[topic])
        levels[position] = sum(mean) / len(mean) if mean else MIDDLE
    promised = GOOD_AT_MIDDLE + GOOD_PER_LEVEL * (levels - MIDDLE)
    return np.asarray(np.clip(promised, 0.0, 1.0), dtype=np.float32)
