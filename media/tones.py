"""Tones: a DTMF digit, a busy tone, a fax, which a detector of speech takes for a voice."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.spectrum import BIN_HZ, LINE_REACH, Spectra

DTMF_SHARE_MIN: Final = 0.9
"""Share of a hop's power in a digit's two lines: none of 8,000 hops of speech reached it,
every hop of a digit does at a signal-to-noise ratio of 15 dB."""
DTMF_TWIST_MIN: Final = 0.05
"""Share of the weaker line: 12 dB below the stronger, beyond what ITU-T Q.24 tolerates."""
DTMF_LOW_HZ: Final = (650.0, 1_000.0)
"""Bins around the row frequencies 697 to 941 Hz (ITU-T Q.23)."""
DTMF_HIGH_HZ: Final = (1_150.0, 1_700.0)
"""Bins around the column frequencies 1,209 to 1,633 Hz (ITU-T Q.23)."""
LINE_SHARE_MIN: Final = 0.95
LINE_HZ_MIN: Final = 400.0
"""Busy tones of 425 and 450 Hz (ITU-T E.180) lie above, the line of a hummed voice below."""
TAIL_HOPS: Final = 7
"""The WebRTC detector goes on saying speech for at most so long after what it took for it."""
STRETCH_HOPS: Final = 3
"""60 ms, in which a voice moves. A longer stretch would let a tone that sets in within it, or ends,
pass for speech."""
STEADY_DB_MAX: Final = 0.5
"""A tone keeps its level for a stretch; a voice that is a single line hardly ever does."""


def tonal(power: Spectra) -> NDArray[np.bool_]:
    """Say of each hop whether it is a DTMF digit or part of one steady line.

    A line must fill all hops of its stretch. Other pairs of lines, such as the North American
    busy tone, are not told from a sung vowel.

    Args:
        power: Spectra of stretches, shape (n, STRETCH_HOPS, BINS).

    Returns:
        Shape (n, STRETCH_HOPS).
    """
    stretches, hops, bins = power.shape
    total = power.sum(axis=2)
    rest = power.reshape(stretches * hops, bins)
    share1, at1, rest = _take_line(rest)
    share2, at2, _ = _take_line(rest)
    safe = np.maximum(total.ravel(), np.float32(1e-12))
    share1 /= safe
    share2 /= safe
    low_hz, high_hz = np.minimum(at1, at2) * BIN_HZ, np.maximum(at1, at2) * BIN_HZ
    digit = (
        (share1 + share2 >= DTMF_SHARE_MIN)
        & (share2 >= DTMF_TWIST_MIN)
        & (low_hz >= DTMF_LOW_HZ[0])
        & (low_hz <= DTMF_LOW_HZ[1])
        & (high_hz >= DTMF_HIGH_HZ[0])
        & (high_hz <= DTMF_HIGH_HZ[1])
    ).reshape(stretches, hops)
    at = at1.reshape(stretches, hops)
    alone = (share1 >= LINE_SHARE_MIN).reshape(stretches, hops) & (at * BIN_HZ >= LINE_HZ_MIN)
    level_ratio = total.max(axis=1) / np.maximum(total.min(axis=1), np.float32(1e-12))
    steady = (level_ratio <= 10 ** (STEADY_DB_MAX / 10)) & (np.ptp(at, axis=1) <= 1)
    result: NDArray[np.bool_] = digit | (alone.all(axis=1) & steady)[:, np.newaxis]
    return result


def _take_line(
    power: Spectra,
) -> tuple[NDArray[np.float32], NDArray[np.intp], Spectra]:
    """Return the power of the strongest line of each row, its bin, and what is left."""
    at = np.argmax(power, axis=1)
    reach = np.arange(-LINE_REACH, LINE_REACH + 1)
    columns = np.clip(at[:, np.newaxis] + reach, 0, power.shape[1] - 1)
    rows = np.arange(power.shape[0])[:, np.newaxis]
    left = power.copy()
    left[rows, columns] = 0
    return power.sum(axis=1) - left.sum(axis=1), at, left


class ToneTail:
    """Keeps what follows a tone from being taken for speech."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        """Begin with no tone heard."""
        self._left = 0

    @property
    def running(self) -> bool:
        """Whether a tone is so near that hops are shut out."""
        return self._left > 0

    def admit(self, tones: Sequence[bool]) -> list[bool]:
        """Say of each of the next hops whether it may be speech; `tones` are those that are not."""
        admitted: list[bool] = []
        for tone in tones:
            self._left = TAIL_HOPS + 1 if tone else self._left
            self._left = max(self._left - 1, 0)
            admitted.append(not tone and not self._left)
        return admitted
