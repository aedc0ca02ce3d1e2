"""Samples: what a tapped frame holds and how it is cut into hops."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_FRAME_SAMPLES, TAP_RATE_HZ

HOP_MS: Final = 20
"""The time that one judgement covers: the longest that divides a frame and webrtcvad takes."""
HOP_SAMPLES: Final = TAP_RATE_HZ * HOP_MS // 1_000
HOP_BYTES: Final = 2 * HOP_SAMPLES
HOP_US: Final = HOP_MS * 1_000
HOPS_PER_S: Final = 1_000 // HOP_MS
HOPS_PER_FRAME: Final = TAP_FRAME_SAMPLES // HOP_SAMPLES
FRAMES_AT_ONCE: Final = 2
"""Frames of one leg that are heard together at most. One a tick is the rule; a worker that is
behind hears more at once, and what a call of numpy costs by itself is shared by as many."""
FRAME_BYTES: Final = 2 * TAP_FRAME_SAMPLES
FULL_SCALE: Final = 32_768.0

Samples = NDArray[np.float32]


def from_s16le(pcm: bytes) -> Samples:
    """Return samples of full scale -1.0 to 1.0, shape (n,), from 16-bit little-endian ones.

    Raises:
        ValueError: `pcm` ends in the middle of a sample.
    """
    if len(pcm) % 2:
        raise ValueError(f"16-bit samples take an even number of bytes, not {len(pcm)}")
    samples: Samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    samples /= np.float32(FULL_SCALE)
    return samples


def to_s16le(samples: NDArray[np.floating]) -> bytes:
    """Return 16-bit little-endian samples; what is beyond full scale is clipped.

    Args:
        samples: Mono, shape (n,), full scale -1.0 to 1.0.
    """
    scaled = np.rint(np.asarray(samples, dtype=np.float64) * FULL_SCALE)
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


def hops_of(frames: Sequence[bytes]) -> Samples:
    """Return the samples of many tapped frames at once.

    Args:
        frames: Payloads of FRAME_BYTES each.

    Returns:
        Shape (len(frames), HOPS_PER_FRAME, HOP_SAMPLES).
    """
    return from_s16le(b"".join(frames)).reshape(len(frames), HOPS_PER_FRAME, HOP_SAMPLES)
