"""Vocal effort: the same voice when its owner speaks calmly, firmly, loudly, and when he shouts.

A synthesiser knows one effort. Who grows angry changes everything at once: he gets louder, his
pitch higher and wider, his speech faster, his spectrum flatter (hot anger in R. Banse,
K. R. Scherer, "Acoustic profiles in vocal emotion expression", J. Personality and Social
Psychology 70, 1996), his voice rougher (P. N. Juslin, P. Laukka, "Communication of emotions in
vocal expression", Psychological Bulletin 129, 2003). The directions are theirs, spectra and
levels those of vocal effort in ANSI S3.5. They were not fitted to any model of emotion.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from config.prompts.make_prompts import (
    Samples,
    Voice,
    active_level_dbov,
    at_level,
    fit_to_telephone,
    speak,
)


class Effort(StrEnum):
    """How loud somebody means to be."""

    NORMAL = "normal"
    RAISED = "raised"
    LOUD = "loud"
    SHOUT = "shout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What an effort does to a voice.

    Attributes:
        level_dbov: Active speech level on the line.
        pitch: espeak-ng's pitch; 50 is the voice's own, 20 more are about 4 semitones.
        pitch_range: Of the voice's own range, 1.0 for all of it.
        rate: Of the voice's own words per minute.
        jitter: Standard deviation of the length of a period, as a share of it.
        shimmer_db: Standard deviation of the height of a period.
    """

    level_dbov: float
    pitch: int = 50
    pitch_range: float = 1.0
    rate: float = 1.0
    jitter: float = 0.0
    shimmer_db: float = 0.0


MANNERS: Final = {
    Effort.NORMAL: Manner(level_dbov=-26.0),
    Effort.RAISED: Manner(level_dbov=-20.0, pitch=62, pitch_range=1.25, rate=1.06),
    Effort.LOUD: Manner(
        level_dbov=-13.5, pitch=72, pitch_range=1.5, rate=1.15, jitter=0.01, shimmer_db=0.5
    ),
    Effort.SHOUT: Manner(
        level_dbov=-11.0, pitch=75, pitch_range=1.8, rate=1.2, jitter=0.015, shimmer_db=1.0
    ),
}
"""Levels: -26 dBov is what a telephone network is planned for (ITU-T G.100.1), the others stand
above it as in SPECTRUM_DB: 6, 12.5 and 20 dB. But for the last: at -6 dBov a telephone's
microphone overloads, which `at_level` does softly. Pitch rises by 0.2 to 0.6 semitones a decibel
(P. Gramming et al., "Relationship between changes in voice pitch and loudness", J. Voice 2, 1988).
Rate and roughness are ours: as much as can be heard and still be understood."""

BANDS_HZ: Final = (
    160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0, 800.0, 1_000.0, 1_250.0, 1_600.0, 2_000.0,
    2_500.0, 3_150.0, 4_000.0,
)  # fmt: skip
"""Middles of third-octave bands, over all that a telephone carries."""
SPECTRUM_DB: Final = {
    Effort.NORMAL: (
        32.41, 34.48, 34.75, 33.98, 34.59, 34.27, 32.06, 28.30, 25.01, 23.00, 20.15, 17.32,
        13.18, 11.55, 9.33,
    ),
    Effort.RAISED: (
        33.81, 33.92, 38.98, 38.57, 39.11, 40.15, 38.78, 36.37, 33.86, 31.89, 28.58, 25.32,
        22.35, 20.15, 16.78,
    ),
    Effort.LOUD: (
        35.29, 37.76, 41.55, 43.78, 43.30, 44.85, 45.55, 44.05, 42.16, 40.53, 37.70, 34.39,
        30.98, 28.21, 25.41,
    ),
    Effort.SHOUT: (
        30.77, 36.65, 42.50, 46.51, 47.40, 49.24, 51.21, 51.44, 51.31, 49.63, 47.65, 44.32,
        40.80, 38.13, 34.41,
    ),
}  # fmt: skip
"""Long-term spectrum of speech by effort, dB re 20 uPa in 1 Hz at 1 m, at BANDS_HZ.

Source:
    ANSI S3.5-1997, table 3.
"""
GAIN_DB_MAX: Final = 15.0
"""Of one band: more would bring up what the voice does not say there."""
TAPS: Final = 513
"""23 ms at espeak-ng's 22,050 samples a second: fine enough for the narrowest band."""
PERIODS_PER_S: Final = 150
"""Jitter and shimmer change about as often as a man's vocal folds close."""


def say(text: str, voice: Voice, effort: Effort, spectrum_db: NDArray[np.float64]) -> Samples:
    """Return a text as this voice says it with this effort, at 8 kHz, as a telephone sends it.

    Args:
        text: As espeak-ng reads it.
        voice: The voice as it is without any effort.
        effort: How loud he means to be.
        spectrum_db: The voice's own spectrum, from `spectrum`.
    """
    manner = MANNERS[effort]
    spoken, rate = speak(
        text,
        voice._replace(
            words_per_minute=round(voice.words_per_minute * manner.rate),
            pitch=manner.pitch,
            range_percent=round(100 * manner.pitch_range),
        ),
    )
    rough = roughened(spoken, rate, manner.jitter, manner.shimmer_db)
    shaped = equalised(rough, rate, np.array(SPECTRUM_DB[effort]) - spectrum_db)
    line = fit_to_telephone(shaped, rate)
    return at_level(line, manner.level_dbov, active_level_dbov(line))


def spectrum(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Return the mean power density at BANDS_HZ in dB, from an arbitrary zero."""
    frequency, power = signal.welch(samples, rate, nperseg=2_048)
    half = 2 ** (1 / 6)
    means = [
        power[(frequency >= middle / half) & (frequency < middle * half)].mean()
        for middle in BANDS_HZ
    ]
    return np.asarray(10 * np.log10(np.array(means) + 1e-15))


def equalised(samples: Samples, rate: int, gains_db: NDArray[np.float64]) -> Samples:
    """Return the samples with other gains at BANDS_HZ; only differences of gains count."""
    between = [400 <= middle <= 1_000 for middle in BANDS_HZ]
    gains = np.clip(gains_db - gains_db[between].mean(), -GAIN_DB_MAX, GAIN_DB_MAX)
    frequency = np.array([0.0, *BANDS_HZ, rate / 2])
    wanted = 10 ** (np.array([gains[0], *gains, gains[-1]]) / 20)
    taps = signal.firwin2(TAPS, frequency, wanted, fs=rate)
    return np.asarray(signal.fftconvolve(samples, taps, mode="same"))


def roughened(samples: Samples, rate: int, jitter: float, shimmer_db: float) -> Samples:
    """Return the samples with periods of uneven length and height, the same for each call."""
    generator = np.random.Generator(np.random.PCG64(1))
    every = rate // PERIODS_PER_S
    places = np.arange(len(samples) // every + 2) * every
    here = np.arange(len(samples))

    def wandering(deviation: float) -> Samples:
        return np.interp(here, places, generator.normal(0.0, deviation, len(places)))

    time = np.cumsum(1.0 + wandering(jitter))
    time -= time[0]
    time *= (len(samples) - 1) / time[-1]
    return np.interp(time, here, samples) * 10 ** (wandering(shimmer_db) / 20)
