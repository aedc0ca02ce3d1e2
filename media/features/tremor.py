"""Tremor: the shaking of a voice, as modulation of pitch and level at 4 to 12 Hz.

Physiological tremor of the muscles of the larynx lies there, and grows with strain and fear.
It is weak evidence: singers' vibrato and quick syllables lie in the same band.

Source:
    Band: L. Ramig, R. Shipp, "Comparative measures of vocal tremor and vocal vibrato",
    Journal of Voice 1(2), 1987.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features import masked
from media.features.framing import Mask

TREMOR_HZ_MIN: Final = 4.0
TREMOR_HZ_MAX: Final = 12.0
MODULATION_HZ_MIN: Final = 1.0
MODULATION_HZ_MAX: Final = 20.0
POINTS: Final = 512


@dataclass(frozen=True, slots=True)
class Modulation:
    """How a course moves, each of shape (n,).

    Attributes:
        depth: Root mean square of the movement at 4 to 12 Hz, in the course's unit.
        share: Its part of the movement's power at 1 to 20 Hz, 0 to 1.
        peak_hz: Where that movement is strongest; 0.0 where nothing moves.
    """

    depth: NDArray[np.float64]
    share: NDArray[np.float64]
    peak_hz: NDArray[np.float64]


def modulation(course: NDArray[np.float64], mask: Mask, rate_hz: float) -> Modulation:
    """Return the tremor of each row of a course.

    Args:
        course: Pitch in semitones or level in dB, shape (n, f).
        mask: Where it is known; elsewhere it is taken to stand still at its straight line.
        rate_hz: Values a second, at least twice MODULATION_HZ_MAX.
    """
    time = np.arange(course.shape[1]) / rate_hz
    rise = masked.slope(course, mask, 1 / rate_hz)[:, np.newaxis]
    middle = masked.mean(np.broadcast_to(time, mask.shape), mask)[:, np.newaxis]
    level = masked.mean(course, mask)[:, np.newaxis]
    flat = np.where(mask, course - level - rise * (time - middle), 0.0)
    # A row of f values fills POINTS at most; the rest is silence and changes no power.
    spectrum = np.square(np.abs(np.fft.rfft(flat, max(POINTS, course.shape[1]), axis=1)))
    points = max(POINTS, course.shape[1])
    frequency = np.fft.rfftfreq(points, 1 / rate_hz)
    whole = (frequency >= MODULATION_HZ_MIN) & (frequency <= MODULATION_HZ_MAX)
    shaking = (frequency >= TREMOR_HZ_MIN) & (frequency <= TREMOR_HZ_MAX)
    power = spectrum[:, shaking].sum(axis=1)
    known = np.maximum(mask.sum(axis=1), 1)
    strongest = frequency[shaking][np.argmax(spectrum[:, shaking], axis=1)]
    return Modulation(
        # Parseval over one side of the transform, shared by the values that are known.
        depth=np.sqrt(2 * power / points / known),
        share=power / np.maximum(spectrum[:, whole].sum(axis=1), 1e-9),
        peak_hz=np.where(power > 1e-9, strongest, 0.0),
    )
