import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.line import through_band
from media.pcm import Samples
from tests.unit.media.features.rig import noise, tone


def through(sound: Samples) -> Samples:
    heard: Samples = through_band(batch_of([sound])).samples[0, : sound.size]
    return heard


def level_db(sound: Samples) -> float:
    middle = sound[400:-400]
    return float(20 * np.log10(np.sqrt(np.mean(np.square(middle))) + 1e-12))


@pytest.mark.parametrize("hz", [60.0, 120.0, 190.0, 3_600.0])
def test_what_no_telephone_carries_is_gone(hz: float) -> None:
    assert level_db(through(tone(hz))) < level_db(tone(hz)) - 50


@pytest.mark.parametrize("hz", [310.0, 1_000.0, 3_380.0])
def test_what_it_carries_stays_in_its_place(hz: float) -> None:
    sound = tone(hz)
    assert np.abs(through(sound) - sound)[400:-400].max() < 0.005


def test_what_has_passed_once_is_not_changed_again() -> None:
    once = through(noise(1))
    again = through(once)
    assert level_db(again - once) < level_db(once) - 25


def test_windows_keep_their_lengths_and_their_silence_after_the_end() -> None:
    batch = through_band(batch_of([noise(1, seconds=1.0), noise(2, seconds=3.0)]))
    assert batch.lengths.tolist() == [8_000, 24_000]
    assert not batch.samples[0, 8_000:].any()
    alone = through_band(batch_of([noise(1, seconds=1.0)]))
    np.testing.assert_allclose(batch.samples[0], alone.samples[0], atol=1e-6)
