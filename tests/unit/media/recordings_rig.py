"""Audio files made of sounds with known answers."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from domain.tap import TAP_RATE_HZ
from tests.unit.media.sounds_rig import silence, voice

LETTERS = "aeiou"


def words(syllables: int, *, dbov: float = -20.0, f0_hz: float = 120.0) -> NDArray[np.float64]:
    """Half a second for each syllable, 0.1 s of it silent."""
    return np.concatenate(
        [
            part
            for number in range(syllables)
            for part in (
                voice(f0_hz, 0.4, dbov=dbov, letter=LETTERS[number % len(LETTERS)]),
                silence(0.1),
            )
        ]
    )


def write(
    path: Path, sound: NDArray[np.floating], rate: int = TAP_RATE_HZ, subtype: str | None = None
) -> Path:
    soundfile.write(path, sound, rate, subtype=subtype)
    return path


def tone(hz: float, seconds: float, rate: int, peak: float = 0.5) -> NDArray[np.float64]:
    return np.asarray(peak * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate))
