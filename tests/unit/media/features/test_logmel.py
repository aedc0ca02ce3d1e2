import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.logmel import BANDS, band_centres_hz, log_mel
from tests.unit.media.features.sounds import TIME, silence


@pytest.mark.parametrize("hz", [300, 1_000, 3_000])
def test_a_tone_is_loudest_in_its_band(hz: int) -> None:
    sound = (0.3 * np.sin(2 * np.pi * hz * TIME)).astype(np.float32)
    found = log_mel(batch_of([sound]))
    assert found.shape == (1, 298, BANDS)
    nearest = np.abs(band_centres_hz() - hz).argmin()
    assert abs(int(found[0].mean(axis=0).argmax()) - nearest) <= 1


def test_silence_is_the_floor() -> None:
    assert (log_mel(batch_of([silence()])) == -100).all()
