"""A bound on what learning does to agents' load: the best must not be worn out."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

OCCUPANCY_FLOOR: Final = 0.1
"""Occupancy below which nobody is worn out: a first call in a quiet morning is no excess."""


def load_factor(occupancy: NDArray[np.floating], gain_max: float) -> NDArray[np.float32]:
    """Return by how much the expectation counts for each agent.

    1 for whoever is occupied no more than the mean of his peers, falling to 0 at `gain_max`
    beyond it.

    Args:
        occupancy: Share of his time that each is busy, 0.0 to 1.0, shape (agents,).
        gain_max: Excess over the mean of the others at which it counts no longer, as a share of
            that mean.

    Returns:
        0.0 to 1.0, shape (agents,).

    Raises:
        ValueError: `occupancy` is not one-dimensional or holds what is no share.
    """
    if occupancy.ndim != 1:
        raise ValueError(f"occupancy has {occupancy.ndim} dimensions, not 1")
    busy = occupancy.astype(np.float64)
    if not np.all((busy >= 0) & (busy <= 1)):
        raise ValueError("occupancy must lie from 0 to 1")
    if len(busy) < 2:
        return np.ones(len(busy), dtype=np.float32)
    peers = np.maximum((busy.sum() - busy) / (len(busy) - 1), OCCUPANCY_FLOOR)
    excess = np.maximum(busy / peers - 1.0, 0.0)
    # Occupancies that are equal must not differ by a rounding of their mean.
    excess[excess < 1e-9] = 0.0
    if gain_max <= 0:
        factor = (excess == 0).astype(np.float64)
    else:
        factor = np.clip(1.0 - excess / gain_max, 0.0, 1.0)
    return np.asarray(factor, dtype=np.float32)


def advantage(expected: NDArray[np.float32], factor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what counts of the expectations: each agent's lead over the least of all.

    Whoever is at the bound has no lead over anybody, so that the expectation sends him nothing
    more; whoever does worst is not made to look better by it.

    Args:
        expected: 0.0 to 1.0, shape (agents,), as `OutcomeModel.expect` returns it.
        factor: Of `load_factor`, shape (agents,).

    Returns:
        0.0 to 1.0, shape (agents,); more speaks for an agent.
    """
    if not len(expected):
        return expected
    return np.asarray(factor * (expected - expected.min()), dtype=np.float32)
