"""Level: how loud, in dB below the overload point."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LEVEL_DBOV_MIN: Final = -127.0
"""Digital silence; RFC 6464 section 3 counts no lower."""


def level_dbov(pcm: NDArray[np.floating]) -> float:
    """Return the RMS level of one frame in dBov.

    A full-scale square wave is 0 dBov, a full-scale sine -3.01 dBov,
    digital silence -127 dBov by definition.

    Args:
        pcm: Mono samples, shape (n,), n >= 1, full scale -1.0 to 1.0.

    Raises:
        ValueError: `pcm` is empty or not one-dimensional.

    Source:
        RFC 6464 section 3.
    """
    if pcm.ndim != 1 or not pcm.size:
        raise ValueError(f"a level takes one row of at least one sample, not shape {pcm.shape}")
    return float(levels_dbov(powers(pcm[np.newaxis, :]))[0])


def powers(pcm: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the mean square of each row of samples.

    Args:
        pcm: Shape (..., n), full scale -1.0 to 1.0.

    Returns:
        Shape (...), 0.0 to 1.0.
    """
    rows = np.asarray(pcm, dtype=np.float32)
    mean: NDArray[np.float32] = np.einsum("...n,...n->...", rows, rows) / np.float32(pcm.shape[-1])
    return mean


def levels_dbov(power: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return mean squares as levels, -127.0 to 0.0 dBov (RFC 6464 section 3)."""
    floor = 10.0 ** (LEVEL_DBOV_MIN / 10.0)
    levels: NDArray[np.float64] = 10.0 * np.log10(
        np.maximum(np.asarray(power, dtype=np.float64), floor)
    )
    return np.minimum(levels, 0.0)
