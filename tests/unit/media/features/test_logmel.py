import numpy as np
import pytest

from media.features.logmel import BANDS, POWER_MIN, band_centres_hz, log_mel
from tests.unit.media.features.rig import noise, one, silence, tone


@pytest.mark.parametrize("band", [5, 15, 25, 35])
def test_a_tone_stands_out_in_its_own_band(band: int) -> None:
    found = log_mel(one(tone(float(band_centres_hz()[band]))))[0]
    assert found.shape == (298, BANDS)
    assert (found.argmax(axis=1) == band).all()


def test_ten_times_the_power_is_ten_decibels() -> None:
    loud, soft = log_mel(one(noise(1, peak=0.3))), log_mel(one(noise(1, peak=0.3 / 10**0.5)))
    assert np.abs(loud - soft - 10).max() < 0.01


def test_silence_has_a_floor() -> None:
    assert log_mel(one(silence())) == pytest.approx(10 * np.log10(POWER_MIN), abs=1e-3)
