"""What the four efforts do to a voice, on sounds with known answers and on the recordings."""

import wave
from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from demo.effort import (
    BANDS_HZ,
    GAIN_DB_MAX,
    MANNERS,
    SPECTRUM_DB,
    Effort,
    equalised,
    roughened,
    spectrum,
)
from demo.script import recording
from media.features.framing import batch_of
from media.features.functionals import NAMES, features

RATE = 22_050
NOISE = np.random.default_rng(7).normal(0.0, 0.1, 10 * RATE)
SCALE = tuple(Effort)


def measured(line: str) -> dict[str, float]:
    """Return the mean functionals of a recording's windows of 2.5 s."""
    with wave.open(str(recording(line))) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    samples = (pcm / 32_768).astype(np.float32)
    starts = range(0, len(samples) - 20_000 + 1, 8_000)
    found = features(batch_of([samples[at : at + 20_000] for at in starts])).functionals
    return dict(zip(NAMES, found.mean(axis=0).tolist(), strict=True))


def test_each_effort_is_louder_than_the_one_before() -> None:
    assert list(MANNERS) == list(SPECTRUM_DB) == list(SCALE)
    for softer, louder in pairwise(SCALE):
        assert MANNERS[softer].level_dbov < MANNERS[louder].level_dbov
        assert MANNERS[softer].pitch <= MANNERS[louder].pitch
        assert MANNERS[softer].rate <= MANNERS[louder].rate


@pytest.mark.parametrize("effort", SCALE)
def test_noise_gets_the_spectrum_that_is_wanted(effort: Effort) -> None:
    wanted = np.array(SPECTRUM_DB[effort])
    shaped = equalised(NOISE, RATE, wanted - spectrum(NOISE, RATE))
    off = spectrum(shaped, RATE) - wanted
    # Below 300 Hz a band is narrower than what the filter can tell apart.
    inside = np.array(BANDS_HZ) >= 315
    held = np.abs(wanted - wanted[5:9].mean()) < GAIN_DB_MAX
    assert np.ptp(off[inside & held]) < 2.0


def test_a_gain_has_its_limit() -> None:
    gains = np.zeros(len(BANDS_HZ))
    gains[-2] = 60.0
    shaped = spectrum(equalised(NOISE, RATE, gains), RATE) - spectrum(NOISE, RATE)
    # A peak of one band is rounded off towards its neighbours.
    assert GAIN_DB_MAX - 3 < shaped[-2] < GAIN_DB_MAX + 0.5
    assert shaped[8] == pytest.approx(0.0, abs=1.0)


def test_roughness_moves_periods_and_heights_and_nothing_else() -> None:
    time = np.arange(2 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 150 * time)
    np.testing.assert_allclose(roughened(tone, RATE, 0.0, 0.0), tone, atol=1e-9)
    rough = roughened(tone, RATE, 0.02, 1.0)
    np.testing.assert_array_equal(rough, roughened(tone, RATE, 0.02, 1.0))
    assert rough.shape == tone.shape
    assert np.sqrt(np.mean(rough**2)) == pytest.approx(np.sqrt(np.mean(tone**2)), rel=0.03)
    rises = np.flatnonzero((rough[:-1] < 0) & (rough[1:] >= 0))
    periods = np.diff(rises) / RATE
    assert periods.mean() == pytest.approx(1 / 150, rel=0.01)
    assert 0.005 < np.std(periods) * 150 < 0.03
    heights, _ = signal.find_peaks(rough, height=0.2)
    assert 0.3 < np.std(20 * np.log10(rough[heights])) < 1.5


@pytest.mark.parametrize(("language", "calm"), [("en", "outage"), ("zh", "parcel")])
def test_who_grows_angry_sounds_as_hot_anger_does(language: str, calm: str) -> None:
    before, again, enough = (
        measured(f"{language}-customer-{line}") for line in (calm, "again", "enough")
    )
    level = "level_mean_db"
    assert before[level] + 3 < again[level] < enough[level] - 1
    assert enough[level] - before[level] > 9
    for name, least in (
        ("pitch_median_st", 3.0),
        ("pitch_range_st", 1.0),
        ("alpha_ratio_db_voiced_mean", 8.0),
        ("tilt_db_per_octave_voiced_mean", 3.0),
    ):
        assert enough[name] - before[name] > least, name
