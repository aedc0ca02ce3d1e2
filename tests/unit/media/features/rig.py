"""Sounds with known answers, at the rate of taps."""

import numpy as np
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from media.features.framing import WINDOW_SAMPLES_MAX, Batch, batch_of
from media.pcm import Samples

SECONDS = WINDOW_SAMPLES_MAX / TAP_RATE_HZ


def time(seconds: float = SECONDS) -> NDArray[np.float64]:
    return np.arange(round(seconds * TAP_RATE_HZ)) / TAP_RATE_HZ


def tone(hz: float, *, peak: float = 0.5, seconds: float = SECONDS) -> Samples:
    return np.asarray(peak * np.sin(2 * np.pi * hz * time(seconds)), dtype=np.float32)


def buzz(hz: float, *, seconds: float = SECONDS) -> Samples:
    """A voice without a mouth: all harmonics up to 3 kHz."""
    at = time(seconds)
    whole = sum(np.cos(2 * np.pi * n * hz * at) / n for n in range(1, int(3_000 / hz) + 1))
    return np.asarray(0.2 * whole, dtype=np.float32)


def pulses(hz: float, jitter: float = 0.0) -> Samples:
    """A train of short pulses, each period longer or shorter by this share in turn."""
    sound = np.zeros(WINDOW_SAMPLES_MAX)
    shape = np.hanning(33)[1:-1]
    at, sign = 100.0, 1.0
    while at < sound.size - 100:
        places = np.arange(-40, 41) + round(at)
        away = places - at
        sound[places] += np.interp(away, np.linspace(-16, 16, shape.size), shape, 0, 0)
        at += TAP_RATE_HZ / hz * (1 + sign * jitter / 2)
        sign = -sign
    return np.asarray(0.5 * sound, dtype=np.float32)


def noise(seed: int, *, peak: float = 0.1, seconds: float = SECONDS) -> Samples:
    wave = np.random.default_rng(seed).uniform(-peak, peak, round(seconds * TAP_RATE_HZ))
    return np.asarray(wave, dtype=np.float32)


def silence(seconds: float = SECONDS) -> Samples:
    return np.zeros(round(seconds * TAP_RATE_HZ), dtype=np.float32)


def one(samples: Samples) -> Batch:
    return batch_of([samples])
