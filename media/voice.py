"""A customer's voice: what is measured while he speaks, until the segment is reported.

No agent has one: whether an agent speaks is all that is judged of his voice.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.activity import ONSET_WINDOW_HOPS, SEGMENT_HOPS_MAX, Extent
from media.level import levels_dbov
from media.pcm import FRAMES_AT_ONCE, HOP_SAMPLES, HOPS_PER_FRAME, Samples
from media.pitch import CANDIDATES, WINDOW_SAMPLES, Candidates, settle, summarise

HISTORY_HOPS: Final = WINDOW_SAMPLES // HOP_SAMPLES - 1
"""Hops before a hop that its pitch window reaches back to."""
MEASURES_MAX: Final = SEGMENT_HOPS_MAX + ONSET_WINDOW_HOPS + FRAMES_AT_ONCE * HOPS_PER_FRAME
"""The longest segment, what may belong to the next one, and what is heard at once: 66 KB a
customer."""

ACTIVE_MARGIN_DB: Final = 15.9
"""A hop so far below the mean is no part of the level of active speech (ITU-T P.56)."""
CLEAR_MARGIN_DB: Final = 30.0
"""A hop so far below the loudest is too faint for its pitch to be trusted."""


@dataclass(frozen=True, slots=True)
class VoiceMeasure:
    """One segment's voice; the fields are those of `domain.speech.SpeechSpan`."""

    level_dbov: float | None = None
    pitch_hz: float | None = None
    pitch_range_semitones: float | None = None


class Voice:
    """Measures of one customer leg's voiced hops.

    Attributes:
        history: The last HISTORY_HOPS hops, shape (HISTORY_HOPS, HOP_SAMPLES).
    """

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.history: Samples = np.zeros((HISTORY_HOPS, HOP_SAMPLES), dtype=np.float32)
        self._hops: NDArray[np.int64] = np.zeros(MEASURES_MAX, dtype=np.int64)
        self._powers: NDArray[np.float32] = np.zeros(MEASURES_MAX, dtype=np.float32)
        self._candidates: Candidates = np.zeros((MEASURES_MAX, CANDIDATES, 2), dtype=np.float32)
        self._kept = 0

    def keep(self, hops: NDArray[np.int64], powers: NDArray[np.float32], found: Candidates) -> None:
        """Keep what was measured of some voiced hops.

        Args:
            hops: Their numbers, rising, all later than those kept before; shape (n,).
            powers: Mean squares, shape (n,).
            found: Pitch candidates, shape (n, CANDIDATES, 2).
        """
        start, end = self._kept, self._kept + len(hops)
        assert end <= MEASURES_MAX, "forget_before and measure make room"
        self._hops[start:end] = hops
        self._powers[start:end] = powers
        self._candidates[start:end] = found
        self._kept = end

    def measure(self, extent: Extent) -> VoiceMeasure:
        """Return the measure of a segment, and forget everything before its end.

        The level is that of the hops that carry the voice, taken together; breath between
        words and what the detector adds after the last one do not lower it.
        """
        first, last = np.searchsorted(self._hops[: self._kept], (extent.start, extent.end))
        if first == last:
            self.forget_before(extent.end)
            return VoiceMeasure()
        power = self._powers[first:last].astype(np.float64)
        active = power[power >= power.mean() * 10 ** (-ACTIVE_MARGIN_DB / 10)]
        clear = power >= power.max() * 10 ** (-CLEAR_MARGIN_DB / 10)
        pitch = summarise(settle(self._candidates[first:last][clear]))
        self.forget_before(extent.end)
        return VoiceMeasure(
            level_dbov=round(float(levels_dbov(active.mean(keepdims=True))[0]), 1),
            pitch_hz=None if pitch is None else round(pitch[0], 1),
            pitch_range_semitones=None if pitch is None else round(pitch[1], 2),
        )

    def forget_before(self, hop: int) -> None:
        """Forget what no segment will claim any more."""
        if not self._kept:
            return
        gone = int(np.searchsorted(self._hops[: self._kept], hop))
        if not gone:
            return
        left = self._kept - gone
        for kept in (self._hops, self._powers, self._candidates):
            kept[:left] = kept[gone : self._kept]
        self._kept = left
