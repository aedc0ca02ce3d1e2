"""What a decision costs, in seconds of a customer's waiting.

Serving contact i by agent j costs

    pair(i, j) = proficiency_weight_s * (skill surplus + language shortfall)
               + idle_weight_per_s * (IDLE_S_MAX - seconds that j has been idle)

* Skill surplus: levels that the agent has above what is asked, summed over the skills asked
  for. An expert is kept for those who need one.
* Language shortfall: levels that the agent's command of the language lacks to the full 5.
* Idle: the agent who has waited longest for work gets it; after IDLE_S_MAX all are equal.

Leaving contact i waiting costs its urgency

    urgency(i) = wait_weight_per_s * seconds waited + priority_weight_s * priority

on top of a base price that makes serving one more contact worth any rearrangement
(`solver.py`). Pair costs are bounded and urgency grows, so whoever waits longer and longer
is served in the end.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.routing import Routing
from domain.skill import PROFICIENCY_MAX

UNITS_PER_S: Final = 1_000
"""The solver counts in whole milliseconds of waiting: finer than anything a person feels."""
PAIR_UNITS_MAX: Final = 10_000 * UNITS_PER_S
"""Bound of one pair's cost, so that no weight can overflow the solver's 64 bits."""
URGENCY_UNITS_MAX: Final = 1_000_000 * UNITS_PER_S
"""Bound of one contact's urgency: eleven days of waiting at weight 1."""
IDLE_S_MAX: Final = 3_600.0
"""An hour without work is as long as a day: else a whole night would outweigh all skill."""
NOT_ELIGIBLE: Final = -1
"""Stands in a matrix of pair costs where the agent may not serve the contact."""

Units = NDArray[np.int64]


def suitability_s(
    surplus: NDArray[np.int64], language: NDArray[np.int8], proficiency_weight_s: float
) -> NDArray[np.float64]:
    """Return what proficiencies cost, seconds of waiting, the shape of `surplus`.

    Args:
        surplus: Skill levels above what is asked, summed.
        language: Proficiency in the contact's language, 0 to 5.
        proficiency_weight_s: What one level is worth, seconds of waiting.
    """
    levels = surplus + (PROFICIENCY_MAX - language.astype(np.int64))
    return levels.astype(np.float64) * proficiency_weight_s


def idleness_s(idle_s: NDArray[np.float64], idle_weight_per_s: float) -> NDArray[np.float64]:
    """Return what it costs to take each agent rather than one who has been idle longer."""
    return (IDLE_S_MAX - np.clip(idle_s, 0.0, IDLE_S_MAX)) * idle_weight_per_s


def idleness_of_s(idle_s: float, idle_weight_per_s: float) -> float:
    """Return what `idleness_s` does, of one agent."""
    return (IDLE_S_MAX - min(max(idle_s, 0.0), IDLE_S_MAX)) * idle_weight_per_s


def units_of(cost_s: float) -> int:
    """Return what `pair_units` does, of one pair."""
    return min(max(round(cost_s * UNITS_PER_S), 0), PAIR_UNITS_MAX)


def pair_units(suitability: NDArray[np.float64], idleness: NDArray[np.float64]) -> Units:
    """Return the cost of pairs, 0 to PAIR_UNITS_MAX; shapes (k, m) or (m,) and (m,)."""
    units = np.rint((suitability + idleness) * UNITS_PER_S)
    return np.clip(units, 0, PAIR_UNITS_MAX).astype(np.int64)


def urgency_s(waited_s: float, priority: int, weights: Routing) -> float:
    """Return how urgent one contact is, seconds of waiting."""
    return weights.wait_weight_per_s * waited_s + weights.priority_weight_s * priority


def urgency_units(seconds: NDArray[np.float64]) -> Units:
    """Return urgencies as the solver counts them, 0 to URGENCY_UNITS_MAX."""
    return np.clip(np.rint(seconds * UNITS_PER_S), 0, URGENCY_UNITS_MAX).astype(np.int64)
