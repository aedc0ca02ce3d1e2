"""Rhythm: how fast one speaks, and how much of the time is voice and how much is pause.

Source:
    Syllable nuclei: N. de Jong, T. Wempe, "Praat script to detect syllable nuclei and measure
    speech rate automatically", Behavior Research Methods 41, 2009: peaks of the level with a
    dip of 2 dB on both sides that are voiced.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features import masked
from media.features.framing import FRAMES_PER_S, Mask

DIP_DB: Final = 2.0
"""Between two syllables the level falls by this at least (de Jong and Wempe)."""
_SMOOTHING: Final = np.hanning(9)[1:-1] / np.hanning(9)[1:-1].sum()
"""70 ms: what a nucleus lasts at least."""
_REACH: Final = 12
"""Frames to either side in which the dip must come: half of the slowest syllable, 0.25 s."""
PAUSE_FRAMES_MIN: Final = 15
"""0.15 s; a shorter gap is the closure of a plosive."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Each of shape (n,).

    Attributes:
        nuclei_per_s: Syllable nuclei in a second of the time from the first sound to the last.
        voiced_share: Voiced part of the active frames, 0 to 1.
        pause_share: Pauses' part of the time from the first sound to the last, 0 to 1.
        voiced_run_s: Mean length of an unbroken voiced stretch.
    """

    nuclei_per_s: NDArray[np.float64]
    voiced_share: NDArray[np.float64]
    pause_share: NDArray[np.float64]
    voiced_run_s: NDArray[np.float64]


def rhythm(levels: NDArray[np.float64], active: Mask, voiced: Mask) -> Rhythm:
    """Return the rhythm of each window.

    Args:
        levels: dBov of each frame, shape (n, frames).
        active: Frames that hold speech.
        voiced: Frames that have a pitch.
    """
    span = _span(active)
    span_s = np.maximum(span.sum(axis=1), 1) / FRAMES_PER_S
    runs = np.maximum((np.diff(voiced, axis=1, prepend=False) & voiced).sum(axis=1), 1)
    return Rhythm(
        nuclei_per_s=nuclei(levels, active, voiced).sum(axis=1) / span_s,
        voiced_share=masked.mean(voiced.astype(np.float64), active),
        pause_share=_pauses(span & ~active).sum(axis=1) / FRAMES_PER_S / span_s,
        voiced_run_s=voiced.sum(axis=1) / runs / FRAMES_PER_S,
    )


def nuclei(levels: NDArray[np.float64], active: Mask, voiced: Mask) -> Mask:
    """Return the frames that are syllable nuclei, shape (n, frames)."""
    size = _SMOOTHING.size // 2
    # Silence is cut off well below the dip, so that its depth does not drown the smoothing.
    low = np.where(active, levels, -np.inf).max(axis=1, initial=-127.0) - 30
    bounded = np.pad(np.maximum(levels, low[:, np.newaxis]), ((0, 0), (size, size)), mode="edge")
    smooth = np.lib.stride_tricks.sliding_window_view(bounded, _SMOOTHING.size, axis=1) @ _SMOOTHING
    # Beyond its ends a window is silent: a nucleus at the very edge counts.
    wide = np.pad(smooth, ((0, 0), (_REACH, _REACH)), constant_values=-160.0)
    around = np.lib.stride_tricks.sliding_window_view(wide, _REACH, axis=1)
    before, after = around[:, : smooth.shape[1]], around[:, _REACH + 1 :]
    higher_than_both = (smooth > before[..., -3:].max(axis=-1)) & (
        smooth >= after[..., :3].max(axis=-1)
    )
    dips = (smooth - before.min(axis=-1) >= DIP_DB) & (smooth - after.min(axis=-1) >= DIP_DB)
    return np.asarray(higher_than_both & dips & active & voiced)


def _span(active: Mask) -> Mask:
    """Return the frames from the first active one to the last."""
    begun = np.maximum.accumulate(active, axis=1)
    to_come = np.maximum.accumulate(active[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(begun & to_come)


def _pauses(gaps: Mask) -> Mask:
    """Return the gaps of at least PAUSE_FRAMES_MIN frames."""
    frames = gaps.shape[1]
    place = np.arange(frames)
    last_sound = np.maximum.accumulate(np.where(gaps, -1, place), axis=1)
    next_sound = np.minimum.accumulate(np.where(gaps, frames, place)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(gaps & (next_sound - last_sound - 1 >= PAUSE_FRAMES_MIN))
