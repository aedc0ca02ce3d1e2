"""Channel: what a telephone line does to speech, with everything random that varies in life.

Source:
    Laws: ITU-T G.711, in their continuous form. Concealment: the last packet again, falling to
    nothing over 60 ms, as ITU-T G.711 appendix I ends a long gap; its pitch search is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from domain.tap import TAP_RATE_HZ

PACKET_SAMPLES: Final = TAP_RATE_HZ // 50
LEVEL_DBOV: Final = (-40.0, -3.0)
SPEED: Final = (94, 106)
"""Percent: mild enough for a label to stay true, wide enough for another speaker's pitch."""

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """How one call sounds.

    Attributes:
        low_hz: Lower edge of the band.
        high_hz: Upper edge.
        tilt_db: Of the handset, from the lower edge to the upper.
        level_dbov: What the call's speech has on average: all its clips get the same gain, so that
            who shouts is louder than he was. None leaves it as recorded.
        laws: G.711 codings in a row, "mu" or "a".
        noise: "white", "pink", "hum", "babble" or None.
        snr_db: Of the noise, over the clip's own level.
        loss: Share of packets lost.
        speed_percent: 100 is as recorded; pitch and rate move together.
    """

    low_hz: float = 300.0
    high_hz: float = 3_400.0
    tilt_db: float = 0.0
    level_dbov: float | None = None
    laws: tuple[str, ...] = ("mu",)
    noise: str | None = None
    snr_db: float = 99.0
    loss: float = 0.0
    speed_percent: int = 100


def plain_line(rng: np.random.Generator) -> Line:
    """Return a good line: the band, one law, the level as recorded."""
    return Line(laws=(str(rng.choice(["mu", "a"])),))


def any_line(rng: np.random.Generator) -> Line:
    """Return a line as training wants it: anything that a call may meet."""
    laws = tuple(str(law) for law in rng.choice(["mu", "a"], size=1 if rng.random() < 0.7 else 2))
    noisy = rng.random() < 0.65
    return Line(
        low_hz=float(rng.uniform(200, 350)),
        high_hz=float(rng.uniform(3_200, 3_600)),
        tilt_db=float(rng.uniform(-6, 6)),
        level_dbov=float(rng.uniform(*LEVEL_DBOV)),
        laws=laws,
        noise=str(rng.choice(["white", "pink", "hum", "babble"])) if noisy else None,
        snr_db=float(rng.uniform(5, 30)),
        loss=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.1)])),
        speed_percent=int(rng.integers(SPEED[0], SPEED[1] + 1)),
    )


def noisy_line(rng: np.random.Generator) -> Line:
    """Return a plain line with noise or babble at 10 dB."""
    kind = str(rng.choice(["white", "pink", "babble"]))
    return replace(plain_line(rng), noise=kind, snr_db=10.0)


def lossy_line(rng: np.random.Generator) -> Line:
    """Return a plain line that loses one packet in twenty."""
    return replace(plain_line(rng), loss=0.05)


def through(
    speech: Sound,
    line: Line,
    rng: np.random.Generator,
    others: Sequence[Sound] = (),
    *,
    call_dbov: float = -26.0,
) -> NDArray[np.float32]:
    """Return speech as it arrives.

    Args:
        speech: Shape (n,), full scale -1 to 1.
        line: The call's line.
        rng: Of the noise and the losses.
        others: Voices that babble is mixed from; none makes it pink noise.
        call_dbov: The mean level of the call's speech as recorded.
    """
    heard = speech
    if line.speed_percent != 100:
        heard = resample_poly(heard, 100, line.speed_percent)
    if line.level_dbov is not None:
        heard = heard * 10 ** ((line.level_dbov - call_dbov) / 20)
    if line.noise is not None:
        heard = heard + _noise(line.noise, heard, line.snr_db, rng, others)
    heard = band(heard, line.low_hz, line.high_hz, line.tilt_db)
    for law in line.laws:
        heard = g711(heard, law)
    if line.loss:
        heard = lose(heard, line.loss, rng)
    return heard.astype(np.float32)


def at_level(sound: Sound, dbov: float) -> Sound:
    """Return a sound scaled to an RMS level in dBov."""
    return sound * (10 ** (dbov / 20) / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-9))


def band(sound: Sound, low_hz: float, high_hz: float, tilt_db: float = 0.0) -> Sound:
    """Return the band of a sound, with edges of 100 Hz and a tilt in dB over it."""
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(sound.size, 1 / TAP_RATE_HZ)
    gain = np.clip((frequency - low_hz + 100) / 100, 0, 1) * np.clip(
        (high_hz + 100 - frequency) / 100, 0, 1
    )
    octaves = np.log2(np.clip(frequency, low_hz, high_hz) / low_hz) / np.log2(high_hz / low_hz)
    gain *= 10 ** (tilt_db * (octaves - 0.5) / 20)
    return np.asarray(np.fft.irfft(spectrum * gain, sound.size))


def g711(sound: Sound, law: str) -> Sound:
    """Return a sound after coding and decoding by "mu" or "a"; beyond full scale it clips."""
    x = np.clip(sound, -1, 1)
    height = np.abs(x)
    if law == "mu":
        squeezed = np.log1p(255 * height) / np.log1p(255)
        kept = (np.floor(squeezed * 127.999) + 0.5) / 128
        widened = np.expm1(kept * np.log1p(255)) / 255
        # The mu-law has a code for nothing at all; without it silence would hum.
        widened = np.where(squeezed * 128 < 0.5, 0.0, widened)
    else:
        scale = 1 + np.log(87.6)
        squeezed = np.where(
            height < 1 / 87.6, 87.6 * height, 1 + np.log(np.maximum(87.6 * height, 1))
        )
        kept = (np.floor(squeezed / scale * 127.999) + 0.5) / 128
        widened = np.where(kept < 1 / scale, kept * scale / 87.6, np.exp(kept * scale - 1) / 87.6)
    return np.asarray(np.sign(x) * widened)


def lose(sound: Sound, share: float, rng: np.random.Generator) -> Sound:
    """Return a sound of which a share of the packets of 20 ms was lost and concealed."""
    kept = sound.copy()
    gone = 0
    for start in range(PACKET_SAMPLES, sound.size - PACKET_SAMPLES, PACKET_SAMPLES):
        if rng.random() >= share:
            gone = 0
            continue
        gone += 1
        fade = np.clip(1 - (gone - 1 + np.arange(PACKET_SAMPLES) / PACKET_SAMPLES) / 3, 0, 1)
        before = sound if gone == 1 else kept
        kept[start : start + PACKET_SAMPLES] = before[start - PACKET_SAMPLES : start] * fade
    return kept


def _noise(
    kind: str, speech: Sound, snr_db: float, rng: np.random.Generator, others: Sequence[Sound]
) -> Sound:
    level = 10 * np.log10(max(float(np.mean(np.square(speech))), 1e-12)) - snr_db
    time = np.arange(speech.size) / TAP_RATE_HZ
    if kind == "babble" and others:
        noise = np.zeros(speech.size)
        for other in others:
            noise += np.roll(
                np.resize(at_level(other, -20), speech.size), rng.integers(speech.size)
            )
    elif kind == "hum":
        mains_hz = float(rng.choice([50, 60]))
        noise = np.zeros(speech.size)
        for n in (5, 6, 7, 9, 11, 13):
            noise += np.sin(2 * np.pi * (mains_hz * n * time + rng.random())) / n
    else:
        spectrum = np.fft.rfft(rng.standard_normal(speech.size))
        if kind != "white":
            spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(speech.size, 1 / TAP_RATE_HZ), 50))
        noise = np.fft.irfft(spectrum, speech.size)
    return at_level(noise, level)
