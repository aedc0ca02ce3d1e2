"""Voice activity: which hops hold speech, and where speech begins and ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad

from domain.tap import TAP_RATE_HZ
from media.pcm import FRAME_BYTES, HOP_BYTES, HOPS_PER_S

ONSET_HOPS: Final = 3
"""Speech begins with this many voiced hops of ONSET_WINDOW_HOPS: a click is shorter."""
ONSET_WINDOW_HOPS: Final = 5
KEEP_HOPS: Final = 2
"""Speech goes on while so many hops of the window are voiced: one alone is noise."""
SEGMENT_HOPS_MAX: Final = 30 * HOPS_PER_S
"""Speech without a pause is cut here, so that what is kept of a segment has a limit."""
GAIN: Final = 4
"""12 dB for the detector: its thresholds are absolute, and it misses voices of -35 dBov in
noise. Speech that is clipped is speech to it still."""
_WINDOW: Final = (1 << ONSET_WINDOW_HOPS) - 1


def louder(frames: Sequence[bytes]) -> list[bytes]:
    """Return tapped frames GAIN times louder, clipped: what `VoiceActivity` judges best."""
    samples = np.frombuffer(b"".join(frames), dtype="<i2")
    limit = 32_767 // GAIN
    raised = (np.clip(samples, -limit, limit) * np.int16(GAIN)).tobytes()
    return [raised[at : at + FRAME_BYTES] for at in range(0, len(raised), FRAME_BYTES)]


class VoiceActivity:
    """The judgement of one leg's hops by the WebRTC project's voice activity detector."""

    def __init__(self, aggressiveness: int) -> None:
        """Begin without memory.

        Args:
            aggressiveness: 0 takes most for speech, 3 least.
        """
        self._detector = webrtcvad.Vad(aggressiveness)

    def judge(self, pcm: bytes) -> list[bool]:
        """Say for each of some hops, such as those of a tapped frame, whether it holds speech."""
        is_speech = self._detector.is_speech
        return [
            is_speech(pcm[start : start + HOP_BYTES], TAP_RATE_HZ)
            for start in range(0, len(pcm), HOP_BYTES)
        ]


@dataclass(frozen=True, slots=True)
class Extent:
    """Hops `start` up to, not including, `end` of a leg."""

    start: int
    end: int


class Segmenter:
    """Gathers voiced hops into segments: one speaker's speech up to a pause.

    Attributes:
        hops: Hops judged so far.
    """

    def __init__(self, pause_s: float) -> None:
        """Begin in silence.

        Args:
            pause_s: Silence that ends a segment.
        """
        self.hops = 0
        # No shorter than the window, so that what it holds when a segment ends is after that.
        self._pause_hops = max(round(pause_s * HOPS_PER_S), ONSET_WINDOW_HOPS)
        self._recent = 0  # The last ONSET_WINDOW_HOPS judgements, the newest in bit 0.
        self._start: int | None = None
        self._voiced_end = 0
        self._clear_end = 0

    @property
    def speaking(self) -> bool:
        """Whether a segment is open."""
        return self._start is not None

    @property
    def unsettled_from(self) -> int:
        """The first hop that a segment not yet closed may still claim."""
        if self._start is not None:
            return self._start
        return self.hops - self._recent.bit_length()

    def step(self, voiced: bool, clear: bool = True) -> Extent | None:
        """Take the judgement of the next hop; return the segment that it closes, if one.

        Args:
            voiced: It holds speech.
            clear: It does so by itself, not because the hops before it did; a segment ends
                with such a hop, for the detector goes on for a while after the last one.
        """
        self.hops += 1
        self._recent = (self._recent << 1 | voiced) & _WINDOW
        if self._start is None:
            if voiced and self._recent.bit_count() >= ONSET_HOPS:
                self._start = self.hops - self._recent.bit_length()
                self._voiced_end = self._clear_end = self.hops
            return None
        if voiced and self._recent.bit_count() >= KEEP_HOPS:
            self._voiced_end = self.hops
            if clear:
                self._clear_end = self.hops
            if self.hops - self._start >= SEGMENT_HOPS_MAX:
                cut = Extent(self._start, self.hops)
                self._start = self.hops
                return cut
        elif not voiced and self.hops - self._voiced_end >= self._pause_hops:
            return self.close()
        return None

    def skip(self, hops: int) -> Extent | None:
        """Take silence, however long; return the segment that it closes, if one."""
        if hops <= 0:
            return None
        closed = None
        if self._start is not None and self.hops + hops - self._voiced_end >= self._pause_hops:
            closed = self.close()
        self.hops += hops
        self._recent = 0 if hops >= ONSET_WINDOW_HOPS else self._recent << hops & _WINDOW
        return closed

    def close(self) -> Extent | None:
        """End the open segment at its last clear hop and return it; None if there is none."""
        if self._start is None:
            return None
        start, self._start = self._start, None
        # A segment cut at its limit leaves an open one that may never be voiced again.
        return Extent(start, self._clear_end) if self._clear_end > start else None
