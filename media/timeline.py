"""The place of tapped frames in time.

A leg's audio is a row of hops without holes. Frames that were lost, and time in which no
frame was made (a telephone on hold), become silence, so that the n-th hop is always heard
n * 20 ms after the leg's first one.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from domain.tap import TAP_FRAME_MS
from media.pcm import HOP_US, HOPS_PER_FRAME

FRAME_US: Final = TAP_FRAME_MS * 1_000
JUMP_US: Final = 1_000_000
"""A frame this much after its place follows a time without frames, not a slow clock."""
SLIP_US: Final = FRAME_US // 2
"""How far frames may lie from their place before the place gives way. A whole frame is dropped
when they are too early, so with less the next ones might lie too late. These 90 ms are less
than the shortest pause and overlap that is reported (`turns.GAP_S_MIN`)."""
SLIP_FRAMES: Final = 5
"""Frames that must all lie too far: a clock thread that stalls for 0.8 s catches up in fewer."""
LEAP_US_MAX: Final = 4 * 3_600 * 1_000_000
"""The longest silence that one frame may claim: the longest call by default."""


class Refusal(Enum):
    """Why a frame has no place in time."""

    LATE = "late"
    """Its sequence number has been seen or passed."""
    SURPLUS = "surplus"
    """Audio came faster than time passes; one frame too many."""
    ASTRAY = "astray"
    """Its sequence number or time is beyond LEAP_US_MAX from the frame before."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame goes.

    Attributes:
        silent_hops: Hops of silence before it.
        lost: Frames that its sequence number shows to be missing.
        refusal: Why the frame itself is dropped; None: it is heard.
    """

    silent_hops: int = 0
    lost: int = 0
    refusal: Refusal | None = None


class Timeline:
    """The time of one leg, in hops since its first frame.

    Attributes:
        start_us: CLOCK_MONOTONIC at the start of the first hop; None before the first frame.
        hops: Hops that have their place so far, silence included.
    """

    def __init__(self) -> None:
        """Begin before the first frame."""
        self.start_us: int | None = None
        self.hops = 0
        self._sequence = 0
        self._lags_us: deque[int] = deque(maxlen=SLIP_FRAMES)

    @property
    def end_us(self) -> int:
        """CLOCK_MONOTONIC at the end of the last hop; 0 before the first frame."""
        return 0 if self.start_us is None else self.start_us + self.hops * HOP_US

    def place(self, sequence: int, time_us: int) -> Place:
        """Find the place of the next frame and take it.

        Args:
            sequence: Counts the frames of the leg from 1, dropped ones too.
            time_us: CLOCK_MONOTONIC at the end of the frame.
        """
        if self.start_us is None:
            self.start_us = time_us - FRAME_US
            self._sequence = sequence
            self.hops = HOPS_PER_FRAME
            return Place()
        missing = sequence - self._sequence - 1
        if missing < 0:
            return Place(refusal=Refusal.LATE)
        lag_us = time_us - self.end_us - (missing + 1) * FRAME_US
        if missing * FRAME_US > LEAP_US_MAX or abs(lag_us) > LEAP_US_MAX:
            return Place(refusal=Refusal.ASTRAY)
        self._sequence = sequence
        if lag_us < -JUMP_US:
            # Its time has been filled with silence already, by `fill_until`.
            return Place(lost=missing, refusal=Refusal.LATE)
        silent = missing * HOPS_PER_FRAME
        slip = self._slip_us(lag_us)
        if slip > 0:
            silent += slip // HOP_US
        elif slip < 0:
            self.hops += silent
            return Place(silent_hops=silent, lost=missing, refusal=Refusal.SURPLUS)
        self.hops += silent + HOPS_PER_FRAME
        return Place(silent_hops=silent, lost=missing)

    def continues(self, sequence: int, time_us: int) -> bool:
        """Whether `place` would put a frame right after the one before it."""
        lag_us = time_us - self.end_us - FRAME_US
        # One lag within SLIP_US keeps the place from giving way.
        return (
            self.start_us is not None and sequence == self._sequence + 1 and abs(lag_us) <= SLIP_US
        )

    def fill_until(self, time_us: int) -> int:
        """Take silence up to a time; return its hops, 0 when that time has passed."""
        if self.start_us is None:
            return 0
        hops = max((time_us - self.end_us) // HOP_US, 0)
        self.hops += hops
        if hops:
            self._lags_us.clear()
        return hops

    def _slip_us(self, lag_us: int) -> int:
        """Return by how much the place of frames gives way to their times; 0: not at all."""
        if lag_us > JUMP_US:
            self._lags_us.clear()
            return lag_us
        self._lags_us.append(lag_us)
        if len(self._lags_us) < SLIP_FRAMES:
            return 0
        slip = 0
        if min(self._lags_us) > SLIP_US:
            slip = min(self._lags_us)
        elif max(self._lags_us) < -SLIP_US:
            slip = -FRAME_US
        if slip:
            self._lags_us.clear()
        return slip
