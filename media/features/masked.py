"""Masked: statistics along the last axis of what a mask lets through.

A row without anything to look at gives 0.0, so that no functional is ever nan: the models
learn what a missing pitch looks like from the voiced share beside it.
"""

import numpy as np
from numpy.typing import NDArray

from media.features.framing import Mask

Values = NDArray[np.float64]


def mean(values: NDArray[np.floating], mask: Mask) -> Values:
    """Return the mean of each row, shape (n, f) to (n,)."""
    count = mask.sum(axis=-1)
    total = np.where(mask, values, 0.0).sum(axis=-1, dtype=np.float64)
    return np.asarray(total / np.maximum(count, 1))


def spread(values: NDArray[np.floating], mask: Mask) -> Values:
    """Return the standard deviation of each row."""
    centre = mean(values, mask)
    return np.sqrt(mean(np.square(values - centre[..., np.newaxis]), mask))


def means(courses: Values, mask: Mask) -> Values:
    """Return the mean of each row of many courses that share a mask.

    Args:
        courses: Shape (k, n, f).
        mask: Shape (n, f).

    Returns:
        Shape (k, n).
    """
    count = np.maximum(mask.sum(axis=-1), 1)
    return np.asarray(np.einsum("knf,nf->kn", courses, mask.astype(np.float64)) / count)


def moments(courses: Values, mask: Mask) -> tuple[Values, Values]:
    """Return the mean and the standard deviation of each row; see `means`."""
    centre = means(courses, mask)
    away = courses - centre[..., np.newaxis]
    away *= away
    return centre, np.sqrt(means(away, mask))


def quantiles(values: NDArray[np.floating], mask: Mask, *shares: float) -> tuple[Values, ...]:
    """Return quantiles of each row, between neighbours in a straight line, each shape (n,)."""
    ordered = np.sort(np.where(mask, values, np.inf), axis=-1)
    count = mask.sum(axis=-1)
    last = np.maximum(count - 1, 0)[..., np.newaxis]
    place = np.array(shares) * last
    below = place.astype(np.int64)
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(below + 1, last), axis=-1)
    known = (count > 0)[..., np.newaxis]
    low, high = np.where(known, low, 0.0), np.where(known, high, 0.0)
    return tuple(np.moveaxis(low + (place - below) * (high - low), -1, 0))


def slope(values: NDArray[np.floating], mask: Mask, step_s: float) -> Values:
    """Return the slope of the straight line of least squares through each row, a second.

    Args:
        values: Shape (n, f).
        mask: Shape (n, f).
        step_s: Time from one value to the next, s.
    """
    time = np.arange(values.shape[-1]) * step_s
    centre = mean(np.broadcast_to(time, mask.shape), mask)
    away = np.where(mask, time - centre[..., np.newaxis], 0.0)
    power = np.square(away).sum(axis=-1)
    level = mean(values, mask)
    joint = (away * np.where(mask, values - level[..., np.newaxis], 0.0)).sum(axis=-1)
    return np.asarray(np.where(power > 0, joint / np.maximum(power, 1e-12), 0.0))


def steps(values: NDArray[np.floating], mask: Mask) -> tuple[Values, Mask]:
    """Return the difference of neighbours and where both are let through, shapes (n, f - 1)."""
    return np.asarray(np.diff(values, axis=-1), dtype=np.float64), mask[..., 1:] & mask[..., :-1]
