"""Sound made by numpy for benches and tests: voices, noise, tones and the telephone channel.

Everything is 8 kHz mono, float64, full scale -1.0 to 1.0, and comes out the same for the
same seed.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 8_000
VOWELS: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    # Formant frequency and bandwidth in Hz. Frequencies: men's means of Peterson and Barney,
    # J. Acoust. Soc. Am. 24, 1952, table II; bandwidths of 60 to 120 Hz are usual for speech.
    "i": ((270, 60), (2290, 90), (3010, 120)),
    "e": ((530, 60), (1840, 90), (2480, 120)),
    "a": ((730, 80), (1090, 90), (2440, 120)),
    "o": ((570, 70), (840, 80), (2410, 120)),
    "u": ((300, 60), (870, 80), (2240, 120)),
}

Sound = NDArray[np.float64]


def vowel(
    f0_hz: float | Sound, seconds: float, *, formants: Sequence[tuple[float, float]], seed: int = 0
) -> Sound:
    """Return a vowel by source and filter, peak 0.5.

    Args:
        f0_hz: Fundamental frequency, or one for each sample.
        seconds: Length.
        formants: Frequency and bandwidth of each resonance, Hz.
        seed: Of the small changes from period to period (jitter 0.5 %, shimmer 3 %).
    """
    samples = round(seconds * RATE_HZ)
    rng = np.random.default_rng(seed)
    f0 = np.broadcast_to(np.asarray(f0_hz, dtype=np.float64), (samples,))
    phase = np.cumsum(f0) / RATE_HZ
    period = np.floor(phase).astype(int)
    shimmer = 1 + 0.03 * rng.standard_normal(period[-1] + 2)
    jitter = 0.005 * rng.standard_normal(period[-1] + 2)
    # Harmonics that fall by 12 dB an octave: the spectrum of a glottal pulse.
    wobbly = phase + jitter[period] * (phase - period)
    harmonics = np.arange(1, max(int(3_800 / float(f0.max())), 1) + 1)
    source = np.zeros(samples)
    for n in harmonics:
        source += np.sin(2 * np.pi * n * wobbly) / n**2
    source *= shimmer[period]
    # Radiation from the lips rises by 6 dB an octave.
    spectrum = np.fft.rfft(np.diff(source, prepend=0.0))
    frequency = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    z = np.exp(-2j * np.pi * frequency / RATE_HZ)
    for centre, width in formants:
        radius = np.exp(-np.pi * width / RATE_HZ)
        angle = 2 * np.pi * centre / RATE_HZ
        spectrum = spectrum / (1 - 2 * radius * np.cos(angle) * z + radius**2 * z * z)
    voice = np.fft.irfft(spectrum, samples)
    return np.asarray(0.5 * voice / np.abs(voice).max())


def at_level(sound: Sound, dbov: float) -> Sound:
    """Return the sound scaled to an RMS level (RFC 6464: a full-scale square wave is 0)."""
    return sound * (10 ** (dbov / 20) / max(float(np.sqrt(np.mean(sound**2))), 1e-12))


def noise(kind: str, seconds: float, *, seed: int = 0) -> Sound:
    """Return noise of RMS 1: "white", "pink" (3 dB an octave) or "hum" (50 Hz harmonics)."""
    samples = round(seconds * RATE_HZ)
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    if kind == "pink":
        spectrum /= np.sqrt(np.maximum(frequency, 20.0))
    elif kind == "hum":
        time = np.arange(samples) / RATE_HZ
        hum = sum(np.sin(2 * np.pi * 50 * n * time) / n for n in (1, 2, 3, 5, 7, 9, 11))
        return np.asarray(hum / np.sqrt(np.mean(hum**2)))
    elif kind != "white":
        raise ValueError(f"no noise {kind!r}: white, pink or hum")
    sound = np.fft.irfft(spectrum, samples)
    return np.asarray(sound / np.sqrt(np.mean(sound**2)))


def tones(frequencies_hz: Sequence[float], seconds: float, *, dbov: float = -10.0) -> Sound:
    """Return sines of the same level at once, such as the two of a DTMF digit."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = np.zeros(time.size)
    for frequency in frequencies_hz:
        sound += np.sin(2 * np.pi * frequency * time)
    return at_level(sound, dbov)


def band(sound: Sound, low_hz: float = 300.0, high_hz: float = 3_400.0) -> Sound:
    """Return the telephone band of a sound: edges of 50 Hz, nothing beyond them."""
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(sound.size, 1 / RATE_HZ)
    gain = np.clip((frequency - (low_hz - 50)) / 50, 0, 1) * np.clip(
        (high_hz + 50 - frequency) / 50, 0, 1
    )
    return np.asarray(np.fft.irfft(spectrum * gain, sound.size))


def g711(sound: Sound, law: str) -> Sound:
    """Return a sound as it comes out of G.711: "mu" or "a"; the continuous laws, 8 bits."""
    x = np.clip(sound, -1, 1)
    magnitude = np.abs(x)
    if law == "mu":
        mu = 255.0
        squeezed = np.log1p(mu * magnitude) / np.log1p(mu)
        kept = (np.floor(squeezed * 127.999) + 0.5) / 128
        widened = np.expm1(kept * np.log1p(mu)) / mu
    elif law == "a":
        a = 87.6
        scale = 1 + np.log(a)
        squeezed = np.where(
            magnitude < 1 / a,
            a * magnitude / scale,
            (1 + np.log(np.maximum(a * magnitude, 1))) / scale,
        )
        kept = (np.floor(squeezed * 127.999) + 0.5) / 128
        widened = np.where(kept < 1 / scale, kept * scale / a, np.exp(kept * scale - 1) / a)
    else:
        raise ValueError(f"no law {law!r} of G.711: mu or a")
    return np.asarray(np.sign(x) * widened)
