"""Contours: pitch and level of a whole recording over time, for a picture."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.features.framing import (
    FRAME_HOP_SAMPLES,
    FRAME_SAMPLES,
    WINDOW_SAMPLES_MAX,
    WINDOW_SAMPLES_MIN,
    batch_of,
)
from media.features.loudness import active, frame_levels
from media.features.pitch_track import SEMITONES_OF_HZ, track
from media.pcm import Samples

PIECES_AT_ONCE: Final = 32
STRAY_ST: Final = 20.0
"""A pitch so far from the speaker's median is a mistaken octave and no voice."""
JUMP_ST: Final = 4.0
"""No voice moves so far in 20 ms: the line breaks there."""
RUN_HOPS_MIN: Final = 3
"""60 ms: a shorter piece of pitch is a click."""
LEVEL_FRAMES: Final = 5
"""Frames of 10 ms that one point of the level is the mean of."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contours:
    """Pitch and level.

    Attributes:
        pitch_at_s, pitch_st: Semitones over the median of the whole recording; nan where nothing
            is voiced. Same shape.
        median_hz: That median; nan where nothing is voiced.
        level_at_s, level_dbov: Mean over LEVEL_FRAMES frames. Same shape.
    """

    pitch_at_s: Values
    pitch_st: Values
    median_hz: float
    level_at_s: Values
    level_dbov: Values


def contours(samples: Samples) -> Contours:
    """Return the contours of a recording at TAP_RATE_HZ, shape (n,)."""
    whole = np.pad(samples, (0, max(WINDOW_SAMPLES_MIN - samples.size, 0)))
    starts = range(0, max(whole.size - WINDOW_SAMPLES_MIN, 0) + 1, WINDOW_SAMPLES_MAX)
    at_s, semitones, level_at_s, level_dbov = [], [], [], []
    for group in range(0, len(starts), PIECES_AT_ONCE):
        places = starts[group : group + PIECES_AT_ONCE]
        batch = batch_of([whole[start : start + WINDOW_SAMPLES_MAX] for start in places])
        levels, mask = frame_levels(batch), batch.frame_mask()
        found = track(batch, active(levels, mask))
        for row, start in enumerate(places):
            at_s.append((start + found.centres) / TAP_RATE_HZ)
            semitones.append(np.where(found.voiced[row], found.semitones[row], np.nan))
            frames = np.flatnonzero(mask[row])
            middle = frames * FRAME_HOP_SAMPLES + FRAME_SAMPLES // 2
            level_at_s.append((start + middle) / TAP_RATE_HZ)
            level_dbov.append(levels[row, frames])
    pitch = np.concatenate(semitones)
    voiced = pitch[np.isfinite(pitch)]
    median = float(np.median(voiced)) if voiced.size else float("nan")
    at, level = _thinned(np.concatenate(level_at_s), np.concatenate(level_dbov))
    return Contours(
        np.concatenate(at_s),
        _cleaned(pitch - median),
        SEMITONES_OF_HZ * 2 ** (median / 12),
        at,
        level,
    )


def _cleaned(over: Values) -> Values:
    """Return a pitch without what is no voice."""
    kept = np.where(np.abs(over) > STRAY_ST, np.nan, over)
    step = np.abs(np.diff(kept, prepend=np.nan))
    # A run ends before a silence and before a jump.
    run = np.cumsum(~(step <= JUMP_ST))
    _, place, size = np.unique(run, return_inverse=True, return_counts=True)
    kept[size[place] < RUN_HOPS_MIN] = np.nan
    kept[step > JUMP_ST] = np.nan
    return kept


def _thinned(at_s: Values, dbov: Values) -> tuple[Values, Values]:
    """Return the mean power of every LEVEL_FRAMES frames, as levels."""
    edges = np.arange(0, at_s.size, LEVEL_FRAMES)
    count = np.diff(np.append(edges, at_s.size))
    power = np.add.reduceat(10 ** (dbov / 10), edges) / count
    return np.add.reduceat(at_s, edges) / count, 10 * np.log10(power)
