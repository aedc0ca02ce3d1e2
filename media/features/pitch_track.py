"""Pitch track: the fundamental frequency of a batch of windows, every 20 ms."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.features import masked
from media.features.framing import FRAME_HOP_SAMPLES, FRAME_SAMPLES, Batch, Mask
from media.pcm import HOP_SAMPLES
from media.pitch import CANDIDATES, VOICED_STRENGTH_MIN, WINDOW_SAMPLES, candidates

STEP_S: Final = 0.02
SEMITONES_OF_HZ: Final = 100.0
"""What a pitch in semitones is counted from: low for a voice, so that most are positive."""
_OCTAVE_COST: Final = 0.01
_STRAY_COST: Final = 0.25
"""As in media.pitch, where the same choice is made for one segment."""

_BLOCK_HOPS: Final = 256
"""Looked at together: what such a block takes, 2 MB, stays in a processor's cache."""


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """The pitch of a batch.

    Attributes:
        semitones: Above SEMITONES_OF_HZ, shape (n, hops); 0.0 where unvoiced.
        voiced: Shape (n, hops).
        strength: Height of the autocorrelation, 0 to 1, shape (n, hops).
        centres: The sample in the middle of each hop's window, shape (hops,).
    """

    semitones: NDArray[np.float64]
    voiced: Mask
    strength: NDArray[np.float64]
    centres: NDArray[np.int64]

    @property
    def hz(self) -> NDArray[np.float64]:
        """Return the pitch in Hz; SEMITONES_OF_HZ where unvoiced."""
        return np.asarray(SEMITONES_OF_HZ * 2 ** (self.semitones / 12))


def track(batch: Batch, active: Mask) -> PitchTrack:
    """Return the pitch of each window, judged by itself.

    Args:
        batch: The windows.
        active: Frames that hold speech, shape (n, frames); a pitch is looked for only there.
    """
    cut = np.lib.stride_tricks.sliding_window_view(batch.samples, WINDOW_SAMPLES, axis=1)
    cut = cut[:, ::HOP_SAMPLES]
    rows, hops = cut.shape[:2]
    starts = np.arange(hops) * HOP_SAMPLES
    centres = starts + WINDOW_SAMPLES // 2
    frame = np.clip((centres - FRAME_SAMPLES // 2) // FRAME_HOP_SAMPLES, 0, active.shape[1] - 1)
    wanted = active[:, frame] & (starts + WINDOW_SAMPLES <= batch.lengths[:, np.newaxis])
    frequency = np.zeros((rows, hops, CANDIDATES))
    strength = np.zeros_like(frequency)
    row, hop = np.nonzero(wanted)
    for start in range(0, row.size, _BLOCK_HOPS):
        part = row[start : start + _BLOCK_HOPS], hop[start : start + _BLOCK_HOPS]
        found = candidates(cut[part])
        frequency[part], strength[part] = found[:, :, 0], found[:, :, 1]
    exists = frequency > 0
    semitones = 12 * np.log2(np.where(exists, frequency, SEMITONES_OF_HZ) / SEMITONES_OF_HZ)
    score = np.where(exists, strength + _OCTAVE_COST * semitones / 12, -np.inf)
    voiced = np.where(exists, strength, 0).max(axis=2) >= VOICED_STRENGTH_MIN
    for _ in range(2):
        choice = np.argmax(score, axis=2)[:, :, np.newaxis]
        chosen = np.take_along_axis(semitones, choice, axis=2)[:, :, 0]
        (median,) = masked.quantiles(chosen, voiced, 0.5)
        stray = np.abs(semitones - median[:, np.newaxis, np.newaxis]) / 12
        score = np.where(
            exists, strength + _OCTAVE_COST * semitones / 12 - _STRAY_COST * stray, -np.inf
        )
    choice = np.argmax(score, axis=2)[:, :, np.newaxis]
    chosen = np.take_along_axis(semitones, choice, axis=2)[:, :, 0]
    held = np.take_along_axis(strength, choice, axis=2)[:, :, 0]
    voiced &= held >= VOICED_STRENGTH_MIN
    return PitchTrack(np.where(voiced, chosen, 0.0), voiced, held, centres)
