"""Loudness: the course of the level, and which frames hold speech rather than a gap."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features import masked
from media.features.framing import Batch, Mask
from media.level import levels_dbov, powers

ACTIVE_BELOW_PEAK_DB: Final = 30.0
"""A frame this far below the loud ones of its window is a gap: the span of speech from its
vowels to its weakest fricatives (ITU-T P.56 takes a margin of 15.9 dB below the mean)."""
ACTIVE_DBOV_MIN: Final = -75.0
"""Below it lies the rounding of 8-bit laws and no voice."""


def frame_levels(batch: Batch) -> NDArray[np.float64]:
    """Return the level of each frame in dBov, shape (n, frames)."""
    return levels_dbov(powers(batch.framed()))


def active(levels: NDArray[np.float64], mask: Mask) -> Mask:
    """Return which frames hold speech, shape (n, frames).

    Args:
        levels: dBov, shape (n, frames).
        mask: Frames inside their window.
    """
    (loud,) = masked.quantiles(levels, mask, 0.95)
    floor = np.maximum(loud - ACTIVE_BELOW_PEAK_DB, ACTIVE_DBOV_MIN)
    return np.asarray(mask & (levels > floor[:, np.newaxis]))
