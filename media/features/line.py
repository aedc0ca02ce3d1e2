"""The line: what of a voice a telephone carries.

Models are trained on the telephone's band. A softphone sends more: below 300 Hz lies up to half of
a voice's power, and without it the same voice is judged as another (docs/measure/emotion.md). So
every window passes the band before its features are taken; what has passed it already is not
changed.
"""

from functools import cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.signal import firwin, kaiserord

from domain.tap import TAP_RATE_HZ
from media.features.framing import Batch
from media.pcm import Samples

LOW_HZ: Final = 300.0
HIGH_HZ: Final = 3_400.0
"""The telephone's band (ITU-T G.712)."""
EDGE_HZ: Final = 100.0
"""From what passes to what does not, as on the lines that the models were trained on."""
STOP_DB: Final = 60.0


@cache
def band() -> NDArray[np.float64]:
    """Return the filter of the telephone's band: an odd number of taps, symmetric."""
    taps, beta = kaiserord(STOP_DB, EDGE_HZ / (TAP_RATE_HZ / 2))
    edges = (LOW_HZ - EDGE_HZ / 2, HIGH_HZ + EDGE_HZ / 2)
    found: NDArray[np.float64] = firwin(
        taps | 1, edges, window=("kaiser", beta), pass_zero=False, fs=TAP_RATE_HZ
    )
    return found


def through_band(batch: Batch) -> Batch:
    """Return windows as a telephone carries them, each as long as it was."""
    samples = batch.samples.shape[1]
    length = scipy.fft.next_fast_len(samples + band().size - 1, real=True)
    spectra = scipy.fft.rfft(batch.samples, length, axis=1)
    spectra *= _response(length)
    delay = band().size // 2
    heard = scipy.fft.irfft(spectra, length, axis=1)[:, delay : delay + samples]
    inside = np.arange(samples)[np.newaxis, :] < batch.lengths[:, np.newaxis]
    sound: Samples = np.where(inside, heard, np.float32(0))
    return Batch(sound, batch.lengths)


@cache
def _response(length: int) -> NDArray[np.complex64]:
    return np.asarray(scipy.fft.rfft(band(), length), dtype=np.complex64)
