"""Log-mel: the spectrum as the ear spaces it, for every 10 ms.

Source:
    Mel scale: D. O'Shaughnessy, "Speech Communication", 1987, 2595 log10(1 + f/700).
"""

from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.features.framing import FRAME_HOP_SAMPLES, FRAME_SAMPLES, Batch

BANDS: Final = 40
BAND_HZ_MIN: Final = 100.0
BAND_HZ_MAX: Final = 3_800.0
POWER_MIN: Final = 1e-10
"""-100 dB: below what 16 bits hold."""
POINTS: Final = 256
"""The next power of two above FRAME_SAMPLES."""

_WINDOW: Final = np.hanning(FRAME_SAMPLES + 1)[:-1].astype(np.float32)


def _mel(hz: float) -> float:
    return float(2_595 * np.log10(1 + hz / 700))


def band_centres_hz() -> NDArray[np.float64]:
    """Return the middle of each band, shape (BANDS,)."""
    mel = np.linspace(_mel(BAND_HZ_MIN), _mel(BAND_HZ_MAX), BANDS + 2)[1:-1]
    return np.asarray(700 * (10 ** (mel / 2_595) - 1))


def _filters() -> NDArray[np.float32]:
    """Return triangles of area 1 in the power spectrum, shape (POINTS // 2 + 1, BANDS)."""
    mel = np.linspace(_mel(BAND_HZ_MIN), _mel(BAND_HZ_MAX), BANDS + 2)
    edges = 700 * (10 ** (mel / 2_595) - 1)
    frequency = np.arange(POINTS // 2 + 1)[:, np.newaxis] * TAP_RATE_HZ / POINTS
    rise = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    # The lowest bands are narrower than a bin of the transform; each gets the bins beside it.
    bin_hz = TAP_RATE_HZ / POINTS
    near = np.clip(1 - np.abs(frequency - edges[1:-1]) / bin_hz, 0, None)
    triangles = np.maximum(np.clip(np.minimum(rise, fall), 0, None), near)
    return np.asarray(triangles / triangles.sum(axis=0), dtype=np.float32)


_SCALED_FILTERS: Final = _filters() * np.float32(2.0 / (FRAME_SAMPLES * np.square(_WINDOW).sum()))
"""With the scale of one-sided power in a windowed frame, as in media.spectrum."""


def band_powers(batch: Batch) -> NDArray[np.float32]:
    """Return the mean power in each band, shape (n, frames, BANDS), POWER_MIN at least."""
    framed = batch.framed()
    powers = np.full((*framed.shape[:2], BANDS), POWER_MIN, dtype=np.float32)
    # Frames that begin after the window's end hold nothing.
    sounding = -(-batch.lengths // FRAME_HOP_SAMPLES)
    for frames, found, count in zip(framed, powers, sounding.tolist(), strict=True):
        # Window by window, for what one takes stays in the processor's cache.
        transform = scipy.fft.rfft(frames[:count] * _WINDOW, POINTS, axis=-1)
        power = np.square(transform.real)
        power += np.square(transform.imag)
        np.maximum(power @ _SCALED_FILTERS, np.float32(POWER_MIN), out=found[:count])
    return powers


def decibels(powers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 10 log10 of powers above 0."""
    # By way of the natural logarithm, of which numpy has a fast one.
    logarithm: NDArray[np.float32] = np.log(powers)
    logarithm *= np.float32(10 / np.log(10))
    return logarithm


def log_mel(batch: Batch) -> NDArray[np.float32]:
    """Return 10 log10 of the mean power in each band, shape (n, frames, BANDS), dB."""
    return decibels(band_powers(batch))
