"""Framing: a batch of windows of speech, cut into overlapping frames.

A batch is float32 of shape (n, samples), full scale -1.0 to 1.0, at TAP_RATE_HZ; a window
that is shorter than its row is padded with zeros, and its length says where it ends.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.pcm import Samples

FRAME_SAMPLES: Final = TAP_RATE_HZ * 25 // 1_000
"""25 ms: what speech recognisers use; two periods of the lowest voice."""
FRAME_HOP_SAMPLES: Final = TAP_RATE_HZ * 10 // 1_000
FRAMES_PER_S: Final = TAP_RATE_HZ // FRAME_HOP_SAMPLES
WINDOW_SAMPLES_MIN: Final = TAP_RATE_HZ * 3 // 10
"""0.3 s: a shorter piece holds one syllable and no course of anything."""
WINDOW_SAMPLES_MAX: Final = TAP_RATE_HZ * 3
"""3 s: what the models are trained on."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of speech that are judged together.

    Attributes:
        samples: Shape (n, s), zeros after a window's end.
        lengths: Samples in each window, shape (n,), WINDOW_SAMPLES_MIN to s.
    """

    samples: Samples
    lengths: NDArray[np.int64]

    @property
    def frames(self) -> int:
        """Return how many frames a row holds."""
        return frames_in(self.samples.shape[1])

    def frame_mask(self) -> Mask:
        """Return which frames lie wholly inside their window, shape (n, frames)."""
        inside = 1 + (self.lengths - FRAME_SAMPLES) // FRAME_HOP_SAMPLES
        return np.asarray(np.arange(self.frames)[np.newaxis, :] < inside[:, np.newaxis])

    def framed(self) -> Samples:
        """Return a view of all frames, shape (n, frames, FRAME_SAMPLES); not to be written to."""
        cut: Samples = np.lib.stride_tricks.sliding_window_view(
            self.samples, FRAME_SAMPLES, axis=1
        )[:, ::FRAME_HOP_SAMPLES]
        return cut


def frames_in(samples: int) -> int:
    """Return how many whole frames so many samples hold."""
    return max(1 + (samples - FRAME_SAMPLES) // FRAME_HOP_SAMPLES, 0)


def batch_of(windows: list[Samples]) -> Batch:
    """Return windows as one batch, rows of WINDOW_SAMPLES_MAX.

    Args:
        windows: Each of shape (s,), WINDOW_SAMPLES_MIN to WINDOW_SAMPLES_MAX samples.

    Raises:
        ValueError: A window has another shape or length, or holds nan.
    """
    samples = np.zeros((len(windows), WINDOW_SAMPLES_MAX), dtype=np.float32)
    for row, window in enumerate(windows):
        if window.ndim != 1 or not WINDOW_SAMPLES_MIN <= window.size <= WINDOW_SAMPLES_MAX:
            raise ValueError(
                f"window {row} has shape {window.shape}: one row of {WINDOW_SAMPLES_MIN} to "
                f"{WINDOW_SAMPLES_MAX} samples is wanted"
            )
        if not np.isfinite(window).all():
            raise ValueError(f"window {row} holds samples that are not finite")
        samples[row, : window.size] = window
    return Batch(samples, np.array([window.size for window in windows], dtype=np.int64))
