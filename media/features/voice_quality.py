"""Voice quality: how alike a voice's periods are, in time, in height and in shape.

A period is followed from its highest sample by correlation to the next one and from there
to the one after: two lengths, two heights and one likeness for each place that is looked at.

Source:
    Jitter and shimmer (local) as in P. Boersma, D. Weenink, "Praat"; harmonics-to-noise from
    the normalised correlation: P. Boersma, Proc. Inst. of Phonetic Sciences 17, 1993.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.features import masked
from media.features.framing import Batch, Mask
from media.features.pitch_track import PitchTrack
from media.pcm import Samples
from media.pitch import PITCH_HZ_MIN

PLACES: Final = 16
"""Looked at in a window, spread over what is voiced: about every eighth hop of 3 s."""
LIKENESS_MIN: Final = 0.5
"""Periods less alike than this do not belong together, and say nothing of the voice."""
LIKENESS_MAX: Final = 0.9999
"""A harmonics-to-noise ratio of 40 dB; 8-bit laws leave no more."""

_HALF: Final = int(np.ceil(TAP_RATE_HZ / PITCH_HZ_MIN / 2))
_REACH: Final = 16
"""Samples that a period may differ from its neighbour, and never more than a sixth of it."""
_MARGIN: Final = 8 * _HALF


@dataclass(frozen=True, slots=True)
class VoiceQuality:
    """Means over the places of each window, each of shape (n,); 0.0 where nothing is voiced.

    Attributes:
        jitter: Mean difference of neighbouring periods, as a share of the period.
        shimmer_db: Mean difference of the heights of neighbouring periods.
        harmonics_db: Mean harmonics-to-noise ratio.
        harmonics_spread_db: Standard deviation of that ratio.
    """

    jitter: NDArray[np.float64]
    shimmer_db: NDArray[np.float64]
    harmonics_db: NDArray[np.float64]
    harmonics_spread_db: NDArray[np.float64]


def voice_quality(batch: Batch, pitch: PitchTrack) -> VoiceQuality:
    """Return jitter, shimmer and harmonics-to-noise ratio of each window."""
    chosen, row, hop = _places(pitch.voiced)
    jitter, shimmer, harmonics = (np.zeros(chosen.shape) for _ in range(3))
    alike = np.zeros(chosen.shape, dtype=np.bool_)
    if row.size:
        padded = np.pad(batch.samples, ((0, 0), (_MARGIN, _MARGIN)))
        period = TAP_RATE_HZ / pitch.hz[row, hop]
        middle = np.asarray(pitch.centres[hop] + _MARGIN - np.rint(period), dtype=np.float64)
        first = _highest(padded, row, middle, period)
        length_1, likeness_1, height_0, height_1 = _follow(padded, row, first, period)
        second = first + np.rint(length_1).astype(np.int64)
        length_2, likeness_2, _, height_2 = _follow(padded, row, second, period)
        jitter[chosen] = np.abs(length_2 - length_1) / period
        shimmer[chosen] = 10 * (
            np.abs(np.log10(height_1 / height_0)) + np.abs(np.log10(height_2 / height_1))
        )
        likeness = np.minimum(likeness_1, likeness_2)
        alike[chosen] = likeness >= LIKENESS_MIN
        held = np.clip((likeness_1 + likeness_2) / 2, LIKENESS_MIN, LIKENESS_MAX)
        harmonics[chosen] = 10 * np.log10(held / (1 - held))
    return VoiceQuality(
        jitter=masked.mean(jitter, alike),
        shimmer_db=masked.mean(shimmer, alike),
        harmonics_db=masked.mean(harmonics, alike),
        harmonics_spread_db=masked.spread(harmonics, alike),
    )


def _places(voiced: Mask) -> tuple[Mask, NDArray[np.int64], NDArray[np.int64]]:
    """Return which of (n, PLACES) exist, and their rows and hops, in the mask's order."""
    rows, hops = voiced.shape
    count = voiced.sum(axis=1)
    order = np.argsort(~voiced, axis=1, kind="stable")
    taken = np.minimum(count, PLACES)
    place = np.arange(PLACES)[np.newaxis, :]
    chosen = place < taken[:, np.newaxis]
    rank = place * count[:, np.newaxis] // np.maximum(taken, 1)[:, np.newaxis]
    hop = np.take_along_axis(order, np.minimum(rank, hops - 1), axis=1)
    row = np.broadcast_to(np.arange(rows)[:, np.newaxis], chosen.shape)
    return chosen, row[chosen], hop[chosen]


def _highest(
    padded: Samples,
    row: NDArray[np.int64],
    middle: NDArray[np.float64],
    period: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the highest sample within half a period of a place, shape (m,)."""
    reach = np.arange(-_HALF, _HALF + 1)
    at = middle.astype(np.int64)[:, np.newaxis] + reach
    height = np.abs(padded[row[:, np.newaxis], at])
    height = np.where(np.abs(reach) <= period[:, np.newaxis] / 2, height, -1)
    return np.asarray(middle.astype(np.int64) + reach[np.argmax(height, axis=1)])


def _follow(
    padded: Samples, row: NDArray[np.int64], at: NDArray[np.int64], period: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Find the period after the one around a sample.

    Returns:
        The period's length in samples between which the correlation is interpolated, the
        likeness of the two (-1 to 1), and the mean square of each; shapes (m,).
    """
    inside = np.arange(-_HALF, _HALF + 1)
    weight = (np.abs(inside) <= period[:, np.newaxis] / 2).astype(np.float32)
    here = padded[row[:, np.newaxis], at[:, np.newaxis] + inside] * weight
    whole = np.rint(period).astype(np.int64)
    reach = np.arange(-_HALF - _REACH, _HALF + _REACH + 1)
    there = padded[row[:, np.newaxis], (at + whole)[:, np.newaxis] + reach]
    shifted = np.lib.stride_tricks.sliding_window_view(there, inside.size, axis=1)
    joint = np.einsum("mlk,mk->ml", shifted, here)
    squares = np.lib.stride_tricks.sliding_window_view(np.square(there), inside.size, axis=1)
    power = np.einsum("mlk,mk->ml", squares, weight)
    own = np.square(here).sum(axis=1)
    likeness = joint / np.sqrt(np.maximum(power * own[:, np.newaxis], 1e-16))
    offset = np.arange(-_REACH, _REACH + 1)
    near = np.abs(offset) <= np.maximum(period[:, np.newaxis] / 6, 2)
    best = np.clip(np.argmax(np.where(near, likeness, -9.0), axis=1), 1, 2 * _REACH - 1)
    line = np.arange(best.size)
    left, top, right = (likeness[line, best + step].astype(np.float64) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1), 0)
    shift = np.clip(shift, -0.5, 0.5)
    size = np.maximum(weight.sum(axis=1), 1)
    return (
        whole + offset[best] + shift,
        top - 0.25 * (left - right) * shift,
        np.maximum(own / size, 1e-12).astype(np.float64),
        np.maximum(power[line, best] / size, 1e-12).astype(np.float64),
    )
