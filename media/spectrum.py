"""The power spectrum of hops, computed once for whatever looks at it."""

from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.pcm import HOP_SAMPLES, Samples

BIN_HZ: Final = TAP_RATE_HZ / HOP_SAMPLES
BINS: Final = HOP_SAMPLES // 2 + 1
LINE_REACH: Final = 2
"""Bins on either side of a line that a Hann window spreads it over."""
_WINDOW: Final = np.hanning(HOP_SAMPLES + 1)[:-1].astype(np.float32)
_SCALE: Final = np.float32(2.0 / (HOP_SAMPLES * np.square(_WINDOW).sum()))

Spectra = NDArray[np.float32]
"""Shape (..., BINS): one-sided power in each bin; the sum is the hop's mean square."""


def spectra(hops: Samples) -> Spectra:
    """Return the power spectra of hops, shape (..., HOP_SAMPLES) to (..., BINS)."""
    transform = scipy.fft.rfft(hops * _WINDOW, axis=-1)
    power: Spectra = np.square(transform.real)
    power += np.square(transform.imag)
    power *= _SCALE
    return power
