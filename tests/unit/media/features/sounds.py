import numpy as np
from numpy.typing import NDArray

from bench.material import VOWELS, noise, vowel

SECONDS = 3.0
TIME = np.arange(24_000) / 8_000


def tone(modulation: float = 0.0) -> NDArray[np.float32]:
    """200 Hz, amplitude-modulated at 6 Hz."""
    loud = 0.3 * (1 + modulation * np.sin(2 * np.pi * 6 * TIME))
    return (loud * np.sin(2 * np.pi * 200 * TIME)).astype(np.float32)


def pulses(jitter: float) -> NDArray[np.float32]:
    """Band-limited pulses of 200 Hz whose periods vary by a share."""
    rng = np.random.default_rng(1)
    sound = np.zeros(24_000)
    reach = np.arange(-30, 31)
    at = 40.0
    while at < 23_900:
        place = round(at) + reach
        sound[place] += np.sinc(0.85 * (place - at)) * np.hanning(61)
        at += 40 * (1 + jitter * rng.standard_normal())
    return (0.3 * sound).astype(np.float32)


def hiss() -> NDArray[np.float32]:
    return (0.1 * noise("white", SECONDS)).astype(np.float32)


def silence() -> NDArray[np.float32]:
    return np.zeros(24_000, dtype=np.float32)


def voice() -> NDArray[np.float32]:
    return vowel(140.0, SECONDS, formants=VOWELS["a"]).astype(np.float32)
