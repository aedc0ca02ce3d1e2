"""Music on hold: a small piece of our own, played by struck strings made of sines.

Eight bars of 3/4 at 66 beats a minute over a circle of gentle chords, 21.8 s, which begin again
without a seam: what rings on past the end is laid over the beginning. Made for 8 kHz and for
speech codecs: few partials, all of them under 3.2 kHz, soft attacks, no drums and no vibrato,
which a codec would turn into gurgling.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

BEATS_PER_MINUTE: Final = 66.0
PARTIAL_HZ_MAX: Final = 3_200.0

_C4: Final = 60
"""MIDI number of middle C."""

_CHORDS: Final = (
    # One for each bar: bass, then the tones that are plucked on beats 2 and 3.
    (48, (55, 64), (60, 67)),  # C
    (45, (52, 60), (57, 64)),  # A minor
    (53, (57, 60), (60, 65)),  # F
    (55, (59, 62), (62, 65)),  # G7
    (52, (55, 59), (59, 64)),  # E minor
    (57, (60, 64), (64, 69)),  # A minor
    (50, (57, 60), (60, 65)),  # D minor 7
    (55, (59, 65), (62, 67)),  # G7
)

_TUNE: Final = (
    # (beat, length in beats, MIDI number)
    (0.0, 2.0, 76), (2.0, 1.0, 79), (3.0, 1.5, 76), (4.5, 0.5, 74), (5.0, 1.0, 72),
    (6.0, 2.0, 69), (8.0, 1.0, 72), (9.0, 2.5, 74), (11.5, 0.5, 71),
    (12.0, 2.0, 71), (14.0, 1.0, 74), (15.0, 1.5, 72), (16.5, 0.5, 74), (17.0, 1.0, 76),
    (18.0, 1.0, 77), (19.0, 1.0, 76), (20.0, 1.0, 72), (21.0, 1.0, 74), (22.0, 2.0, 71),
)  # fmt: skip


def melody(rate: int) -> NDArray[np.float64]:
    """Return one round of the piece, mono, about full scale.

    Args:
        rate: Samples a second.
    """
    beat = 60.0 / BEATS_PER_MINUTE
    length = round(3 * len(_CHORDS) * beat * rate)
    loop = np.zeros(length)
    for bar, (bass, second, third) in enumerate(_CHORDS):
        first = 3 * bar
        _lay(loop, string(bass, 3.0 * beat, 0.50, rate), first * beat * rate)
        for pitch in second:
            _lay(loop, string(pitch, 1.8 * beat, 0.22, rate), (first + 1) * beat * rate)
        for pitch in third:
            _lay(loop, string(pitch, 1.5 * beat, 0.20, rate), (first + 2) * beat * rate)
    for at, beats, pitch in _TUNE:
        _lay(loop, string(pitch, (beats + 0.5) * beat, 0.55, rate), at * beat * rate)
    result: NDArray[np.float64] = loop / np.max(np.abs(loop))
    return result


def string(pitch: int, length_s: float, strength: float, rate: int) -> NDArray[np.float64]:
    """Return one struck string that has faded away at its end.

    Args:
        pitch: MIDI number; 69 is 440 Hz, twelve make an octave.
        length_s: Seconds until it is silent.
        strength: Amplitude of the lowest partial.
        rate: Samples a second.
    """
    base_hz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    time_s = np.arange(round((length_s + 0.4) * rate)) / rate
    tone = np.zeros(len(time_s))
    for partial in range(1, 7):
        hz = base_hz * partial
        if hz > PARTIAL_HZ_MAX:
            break
        # Higher partials are weaker and die sooner, as on a real string.
        decay = np.exp(-time_s * (1.1 + 0.7 * partial) / max(length_s, 0.5))
        tone += np.sin(2 * np.pi * hz * time_s) * decay / partial**1.7
    attack = np.minimum(1.0, time_s / 0.012)
    release = np.clip((length_s + 0.4 - time_s) / 0.4, 0.0, 1.0)
    result: NDArray[np.float64] = strength * tone * attack * np.sqrt(release)
    return result


def _lay(loop: NDArray[np.float64], tone: NDArray[np.float64], at: float) -> None:
    """Add a tone to the loop; what goes past the end begins again at its start."""
    indices = (round(at) + np.arange(len(tone))) % len(loop)
    np.add.at(loop, indices, tone)
