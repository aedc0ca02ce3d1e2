"""When enough agents have come free: percentiles of a count of departures over time.

Mean and variance of the count are given at each time of a grid. Where it reaches a contact's place
with a chance of 10, 50 and 90 % is found with a Cornish-Fisher correction, for a count of few
departures is skewed. All contacts are looked at in one go: an array operation costs as much for one
as for a hundred.
"""

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.wait_model import Array

GRID: Final = 49
"""Times at which departures are counted; beyond the last they go on at their last rate."""
STEPS: Final = np.arange(GRID, dtype=np.float64)
Z90: Final = 1.2815515655446004
"""The 90th percentile of the standard normal distribution."""
_Z: Final = np.array([-Z90, 0.0, Z90])
_SKEW: Final = (_Z * _Z - 1.0) / 6.0
_LEVELS: Final = tuple(-log(1.0 - chance) for chance in (0.1, 0.5, 0.9))
_LAST_STEPS: Final = 8
"""Beyond the grid departures go on at their rate over so many last steps."""
_RATE_MIN: Final = 1e-9


def first_free(hazard: Array) -> list[float]:
    """Return after how many steps of the grid somebody has come free, for each percentile.

    Nobody is ahead, so this is exact: that nobody has come free is the product of their chances.

    Args:
        hazard: Minus the logarithm of that product, shape (GRID,).
    """
    if hazard[0] > 1.0:
        return [0.0, 0.0, 0.0]
    rate = max(float(hazard[-1] - hazard[-1 - _LAST_STEPS]) / _LAST_STEPS, _RATE_MIN)
    steps = []
    for level in _LEVELS:
        if level <= hazard[-1]:
            steps.append(float(np.interp(level, hazard, STEPS)))
        else:
            steps.append(GRID - 1 + (level - float(hazard[-1])) / rate)
    return steps


def reached(mean: Array, variance: Array, aim: Array) -> Array:
    """Return after how many steps of the grid aims are reached, shape (n, 3), a percentile each.

    Args:
        mean: Departures by each time of the grid, shape (n, GRID).
        variance: Of these, the same shape.
        aim: Each contact's place less a half, as the count is whole, shape (n,).

    Returns:
        inf where it is never reached.
    """
    # A count of few departures is skewed as a binomial one, by its dispersion.
    skew = 1.0 - 2.0 * np.minimum(variance / np.maximum(mean, 1e-9), 1.5)
    # Rounding, or those who leave, may take it below 0.
    spread = np.sqrt(np.maximum(variance, 0.0))
    needed = aim[:, None, None] + _SKEW[:, None] * skew[:, None] + _Z[:, None] * spread[:, None]
    there = mean[:, None] >= needed
    first = there.argmax(axis=2)
    beyond = ~np.take_along_axis(there, first[:, :, None], axis=2)[:, :, 0]
    # From the time before, or beyond the grid from its last time on.
    last = np.where(beyond, GRID - 1, np.maximum(first - 1, 0))
    span = np.where(beyond, _LAST_STEPS, 1)
    begin, end = np.where(beyond, last - span, last), np.where(beyond, last, first)
    row = np.arange(len(mean))[:, None]
    rate = (mean[row, end] - mean[row, begin]) / span
    growth = np.maximum(variance[row, end] - variance[row, begin], 0.0) / span
    short = aim[:, None] + _SKEW * skew[row, end] - mean[row, last]
    more = np.maximum(_steps_until(short, rate, variance[row, last], growth), 0.0)
    steps = last + np.where(beyond, more, np.minimum(more, 1.0))
    return np.where((first == 0) & ~beyond, 0.0, steps)


def _steps_until(short: Array, rate: Array, variance: Array, growth: Array) -> Array:
    """Return u with rate u - short = z sqrt(variance + growth u), inf where there is none.

    All of shape (n, 3), a percentile each.
    """
    square = _Z * _Z
    some = np.maximum(rate, _RATE_MIN)
    half = some * short + 0.5 * square * growth
    inner = half * half - some * some * (short * short - square * variance)
    root = np.sqrt(np.maximum(inner, 0.0))
    found = (half + np.sign(_Z) * root) / (some * some)
    return np.where(rate <= _RATE_MIN, np.inf, found)


def with_leaving(mean: Array, variance: Array, ahead: Array, left: Array) -> tuple[Array, Array]:
    """Add those ahead who leave of themselves.

    A' = theta (ahead - N - A), solved with its integrating factor; noise fades as those whom it
    has spared leave later.

    Args:
        mean: Departures at each time of the grid, shape (n, GRID).
        variance: Of these.
        ahead: At the start, shape (n,).
        left: theta times each time of the grid, shape (n, GRID).
    """
    waiting = np.maximum(ahead[:, None] - mean, 0.0)
    rising = np.exp(left)
    half_step = 0.5 * left[:, 1:2]
    integrand = rising * waiting
    gone = np.zeros_like(mean)
    np.cumsum(integrand[:, 1:] + integrand[:, :-1], axis=1, out=gone[:, 1:])
    gone *= half_step / rising
    np.minimum(gone, ahead[:, None], out=gone)
    still = np.maximum(waiting - gone, 0.0)
    noise = np.zeros_like(mean)
    # In the middle of a step the factor is the product of those at its ends.
    added = np.diff(variance, axis=1) + half_step * (still[:, 1:] + still[:, :-1])
    np.cumsum(rising[:, 1:] * rising[:, :-1] * added, axis=1, out=noise[:, 1:])
    return mean + gone, variance[:, :1] + noise / (rising * rising)


def shared_ahead(counts: Array, able: Array, shared: Array) -> Array:
    """Return how many contacts stand before each for its agents, shape (n,).

    Others may be served by agents who cannot serve it, and then are not in its way: of each group
    only the share counts that its own agents have in common with it.

    Args:
        counts: Contacts ahead of each in each group, shape (n, groups).
        able: Agents who may serve the group, shape (groups,).
        shared: Of those, who may serve the contact too, shape (n, groups).
    """
    found: NDArray[np.float64] = (counts * shared / np.maximum(able, 1.0)).sum(axis=1)
    return found
