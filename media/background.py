"""Background: what a leg sounds like when nobody speaks, and what stands out of it.

The WebRTC detector takes steady noise 15 dB below the voice for speech. So a hop counts as
speech only if it also stands out of the leg's own noise, which is the least that each band
of the spectrum has fallen to in the last seconds.

Source:
    Minimum statistics: R. Martin, "Noise power spectral density estimation based on optimal
    smoothing and minimum statistics", IEEE Trans. Speech and Audio Processing 9(5), 2001.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.spectrum import BIN_HZ, Spectra

BAND_EDGES_HZ: Final = (250, 450, 650, 900, 1_200, 1_600, 2_100, 2_700, 3_400)
"""The telephone band in parts that widen with frequency as hearing does."""
BANDS: Final = len(BAND_EDGES_HZ) - 1
MEMORY_HOPS: Final = 25
"""0.5 s: the least of each such time is kept."""
MEMORIES: Final = 6
"""3 s and what runs: people breathe in less, and noise that sets in is known after it."""
STANDING_BANDS: Final = BANDS // 2
"""A voice stands out in its formants, so only the half of the bands that do it best counts."""
STANDING_DB_MIN: Final = 4.0
"""Mean over those bands. On noisy speech 3.5 lets noise through, 5 drops weak syllables."""
CLEAR_DB_MIN: Final = 6.0
"""The same for a hop by itself, which noise sways more."""
BAND_DB_MAX: Final = 20.0
"""More in one band says no more."""
QUIET: Final = np.float32(1e-7)
"""-70 dBov a band: idle noise of G.711 and of telephones; below is silence anyway."""
_GAIN: Final = 1 - np.array([[0.8], [0.6]], dtype=np.float32)
"""Share of a new hop in the smoothed power for the floor, and in that for the sound."""
_BINS: Final = [round(edge / BIN_HZ) for edge in BAND_EDGES_HZ]
_FLOOR, _SOUND, _LEAST, _PAST = 0, 1, 2, 3
_ROWS: Final = _PAST + MEMORIES


class Background:
    """The memory of one leg.

    Attributes:
        state: Smoothed power for the floor and for the sound, least power of the time that
            runs, and of the times before; shape (_ROWS, BANDS).
        hops: Hops taken in so far.
    """

    __slots__ = ("hops", "state")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.state: NDArray[np.float32] = np.full((_ROWS, BANDS), np.inf, dtype=np.float32)
        self.hops = 0

    def rest(self) -> None:
        """Forget the last sound, not the background: time has passed without a frame."""
        if self.hops:
            self.state[_SOUND] = self.state[_LEAST:].min(axis=0)


def stands_out(
    backgrounds: Sequence[Background], power: Spectra, frames: Sequence[int] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Take in a run of frames of each leg; say which hops stand out of their background.

    Whether speech goes on is judged by sound smoothed over some hops, which noise does not
    sway; the moment at which it ends, by each hop alone.

    Args:
        backgrounds: One for each run; each is changed.
        power: Spectra of all runs' frames one after the other, shape (n, hops, BINS).
        frames: Frames in each run, the longest run first; None: one in each.

    Returns:
        Which stand out smoothed, and which do so clearly by themselves; both of shape
        (n, hops).
    """
    band = np.add.reduceat(power[:, :, : _BINS[-1]], _BINS[:-1], axis=2) + QUIET
    shape = band.shape[:2]
    hops = np.array([1] * len(backgrounds) if frames is None else frames) * shape[1]
    assert hops[0] <= MEMORY_HOPS, "a run fills a memory at most once"
    state = np.stack([background.state for background in backgrounds])
    taken = np.array([background.hops for background in backgrounds])
    # By place in the run: a row for each run, of which the first `going` go on so far.
    taking = np.arange(hops[0]) < hops[:, np.newaxis]
    rows = np.ones((*taking.shape, BANDS), dtype=np.float32)
    rows[taking] = band.reshape(-1, BANDS)
    new = np.flatnonzero(taken == 0)
    state[new, _FLOOR] = state[new, _SOUND] = rows[new, 0]
    sound, least = rows.copy(), np.ones_like(rows)
    past = state[:, _PAST:].min(axis=1)
    full_after = MEMORY_HOPS - 1 - taken % MEMORY_HOPS
    for hop, going in enumerate(taking.sum(axis=0).tolist()):
        now = state[:going]
        smoothed, running = now[:, :_LEAST], now[:, _LEAST]
        smoothed += _GAIN * (rows[:going, hop, np.newaxis] - smoothed)
        np.minimum(running, now[:, _FLOOR], out=running)
        sound[:going, hop] = now[:, _SOUND]
        least[:going, hop] = np.minimum(running, past[:going])
        full = np.flatnonzero(full_after[:going] == hop)
        if full.size:
            state[full, _PAST + 1 :] = state[full, _PAST:-1]
            state[full, _PAST] = state[full, _LEAST]
            state[full, _LEAST] = state[full, _FLOOR]
            past[full] = state[full, _PAST:].min(axis=1)
    for background, kept, count in zip(backgrounds, state, hops.tolist(), strict=True):
        background.state[:] = kept
        background.hops += count
    over_db = _over_db(np.stack([sound[taking], rows[taking]]), least[taking])
    return (
        (over_db[0] >= STANDING_DB_MIN).reshape(shape),
        (over_db[1] >= CLEAR_DB_MIN).reshape(shape),
    )


def _over_db(power: NDArray[np.float32], least: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how much the bands that stand out best do so on average; the last axis goes."""
    over_db = np.log10(power / least)
    over_db *= 10
    np.maximum(over_db, 0, out=over_db)
    np.minimum(over_db, BAND_DB_MAX, out=over_db)
    over_db.sort(axis=-1)
    mean: NDArray[np.float32] = over_db[..., -STANDING_BANDS:].mean(axis=-1)
    return mean
