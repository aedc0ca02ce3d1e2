"""Pitch: the fundamental frequency of a voice, also where the line has filtered it out.

A telephone passes 300 to 3,400 Hz, so the fundamental of most voices is missing; what is
left of it is the distance between the harmonics, and the autocorrelation finds that. Its
plain form is ruled by the strongest formant. Here each window's power spectrum is first
raised to a power below one, which lets weak harmonics speak as well as the formant's own.

Source:
    Compressed spectrum: T. Tolonen, M. Karjalainen, "A computationally efficient multipitch
    analysis model", IEEE Trans. Speech and Audio Processing 8(6), 2000. Division by the
    autocorrelation of the window: P. Boersma, "Accurate short-term analysis of the
    fundamental frequency", Proc. Inst. of Phonetic Sciences Amsterdam 17, 1993.
"""

import math
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.pcm import HOP_SAMPLES, Samples

PITCH_HZ_MIN: Final = 60.0
PITCH_HZ_MAX: Final = 500.0
WINDOW_SAMPLES: Final = 3 * HOP_SAMPLES
"""60 ms: at least three periods of a low voice, the least that a Hann window needs."""
CANDIDATES: Final = 4
"""Peaks kept for each window; the right one is chosen when the whole segment is known."""
VOICED_STRENGTH_MIN: Final = 0.32
"""Below, a window has no pitch: a consonant, breath or noise."""
VOICED_HOPS_MIN: Final = 5
"""A segment with less voiced time than this, 0.1 s, has no pitch worth reporting."""

_SPECTRUM_POINTS: Final = 640
"""Window and longest lag, rounded up to a product of small primes."""
_COMPRESSION: Final = 0.6
"""Power of the power spectrum; 1 would be the plain autocorrelation."""
_OCTAVE_COST: Final = 0.01
"""Strength that a peak must gain for each octave it lies lower: every multiple of the
period correlates as well as the period itself."""
_STRAY_COST: Final = 0.25
"""Strength that a peak must gain for each octave it lies from the segment's median."""

_LAG_MIN: Final = int(TAP_RATE_HZ / PITCH_HZ_MAX)
_LAG_MAX: Final = int(np.ceil(TAP_RATE_HZ / PITCH_HZ_MIN))
_WINDOW: Final = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
_OCTAVE_BONUS: Final[NDArray[np.float32]] = (
    -_OCTAVE_COST * np.log2(np.arange(_LAG_MIN, _LAG_MAX + 1) / _LAG_MIN)
).astype(np.float32)
_NO_PEAK: Final = np.float32(-9.0)
"""Below the score of any peak."""

Candidates = NDArray[np.float32]
"""Shape (n, CANDIDATES, 2): frequency in Hz (0: none) and strength 0 to 1, the likeliest first."""


def _autocorrelation(windows: Samples) -> NDArray[np.float32]:
    """Return compressed autocorrelations at lags 0 to _LAG_MAX + 1, divided by lag 0."""
    centred = np.zeros((windows.shape[0], _SPECTRUM_POINTS), dtype=np.float32)
    sound = centred[:, :WINDOW_SAMPLES]
    np.subtract(windows, windows.mean(axis=1, keepdims=True), out=sound)
    sound *= _WINDOW
    spectrum = scipy.fft.rfft(centred, axis=1)
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    # A power by way of the logarithm: numpy has fast ones of log and exp, none of power.
    with np.errstate(divide="ignore"):
        np.log(power, out=power)
    power *= np.float32(_COMPRESSION)
    np.exp(power, out=power)
    # The inverse transform of what is real and even is a cosine transform of half of it.
    whole = scipy.fft.dct(power, type=1, axis=1, overwrite_x=True)
    correlation: NDArray[np.float32] = whole[:, : _LAG_MAX + 2]
    own = np.maximum(correlation[:, :1], np.float32(_SPECTRUM_POINTS * 1e-20))
    return np.asarray(correlation / own, dtype=np.float32)


_WINDOW_CORRELATION: Final[NDArray[np.float32]] = np.correlate(_WINDOW, _WINDOW, mode="full")[
    WINDOW_SAMPLES - 1 : WINDOW_SAMPLES + _LAG_MAX + 1
].astype(np.float32) / np.float32(np.dot(_WINDOW, _WINDOW))


def candidates(windows: Samples) -> Candidates:
    """Return the likeliest fundamental frequencies of many windows at once.

    Args:
        windows: Shape (n, WINDOW_SAMPLES), any scale.
    """
    rows = windows.shape[0]
    found = np.zeros((rows, CANDIDATES, 2), dtype=np.float32)
    if not rows:
        return found
    lags = _autocorrelation(windows)
    lags /= _WINDOW_CORRELATION
    left, middle, right = lags[:, _LAG_MIN - 1 : -2], lags[:, _LAG_MIN:-1], lags[:, _LAG_MIN + 1 :]
    peaks = (middle > left) & (middle >= right) & (middle > 0)
    score = np.where(peaks, middle + _OCTAVE_BONUS, _NO_PEAK)
    row = np.arange(rows)
    best = np.empty((rows, CANDIDATES), dtype=np.int64)
    exists = np.empty((rows, CANDIDATES), dtype=np.bool_)
    for place in range(CANDIDATES):
        # Looking for the highest a few times takes less than any sorting does.
        best[:, place] = np.argmax(score, axis=1)
        exists[:, place] = score[row, best[:, place]] > _NO_PEAK
        score[row, best[:, place]] = _NO_PEAK
    at = best + (row * lags.shape[1] + _LAG_MIN)[:, np.newaxis]
    a, b, c = (lags.take(at + step) for step in (-1, 0, 1))
    # The top of the parabola through the peak and its neighbours.
    bend = a - 2 * b + c
    shift = np.where(exists, 0.5 * (a - c) / np.where(exists, bend, 1), 0)
    frequency = TAP_RATE_HZ / (best + _LAG_MIN + shift)
    found[:, :, 0] = np.where(exists, frequency, 0)
    found[:, :, 1] = np.where(exists, np.clip(b - 0.25 * (a - c) * shift, 0, 1), 0)
    return found


def settle(found: Candidates) -> NDArray[np.float64]:
    """Choose one fundamental frequency for each window of a segment.

    The first choice prefers the highest pitch that explains a window about as well as the
    best one; the second prefers what lies near the segment's median, so that a window whose
    octave was mistaken joins the rest.

    Args:
        found: Candidates of the segment's windows in order, shape (n, CANDIDATES, 2).

    Returns:
        Hz, shape (n,); nan where the voice has no pitch.
    """
    frequency = found[:, :, 0].astype(np.float64)
    exists = frequency > 0
    strength = np.where(exists, found[:, :, 1], 0.0)
    octave = np.log2(np.where(exists, frequency, PITCH_HZ_MIN))
    score = np.where(exists, strength + _OCTAVE_COST * octave, -np.inf)
    rows = np.arange(found.shape[0])
    voiced = strength.max(axis=1, initial=0.0) >= VOICED_STRENGTH_MIN
    for _ in range(2):
        if not voiced.any():
            break
        chosen = octave[rows, np.argmax(score, axis=1)]
        median = _quantiles(chosen[voiced], 0.5)[0]
        score = np.where(
            exists,
            strength + _OCTAVE_COST * octave - _STRAY_COST * np.abs(octave - median),
            -np.inf,
        )
    choice = np.argmax(score, axis=1)
    voiced = strength[rows, choice] >= VOICED_STRENGTH_MIN
    return np.where(voiced, frequency[rows, choice], np.nan)


def summarise(pitch_hz: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the median in Hz and the range in semitones of a segment's pitch.

    The range is that from the 5th to the 95th percentile.

    Args:
        pitch_hz: Shape (n,), nan where there is none.

    Returns:
        None when fewer than VOICED_HOPS_MIN windows have a pitch.
    """
    voiced = pitch_hz[~np.isnan(pitch_hz)]
    if voiced.size < VOICED_HOPS_MIN:
        return None
    low, median, high = _quantiles(voiced, 0.05, 0.5, 0.95)
    return median, 12 * math.log2(high / low)


def _quantiles(values: NDArray[np.float64], *shares: float) -> list[float]:
    """Return quantiles between whose neighbours the way is straight, as numpy's by default.

    For the few values of a segment numpy's own takes longer than everything else here.
    """
    ordered = np.sort(values).tolist()
    found: list[float] = []
    for share in shares:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return found
