import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.functionals import NAMES, features, voiced_frames
from media.pcm import Samples
from tests.unit.media.features.sounds import hiss, pulses, silence, tone, voice

WINDOWS = [tone(), tone(0.3), pulses(0.0), pulses(0.01), silence(), hiss(), voice()]
TONE, SHAKEN, EVEN, JITTERED, SILENCE, HISS, _VOICE = range(len(WINDOWS))
FOUND = features(batch_of(WINDOWS))


def value(window: int, name: str) -> float:
    return float(FOUND.functionals[window, NAMES.index(name)])


def test_a_batch_is_equal_to_its_windows_alone() -> None:
    for row, window in enumerate(WINDOWS):
        alone = features(batch_of([window]))
        np.testing.assert_allclose(alone.functionals[0], FOUND.functionals[row], atol=1e-3)
        np.testing.assert_allclose(alone.log_mel[0], FOUND.log_mel[row], atol=1e-3)


def test_a_tone_of_200_hz_is_an_octave_over_100() -> None:
    assert value(TONE, "pitch_median_st") == pytest.approx(12, abs=0.1)
    assert value(TONE, "pitch_range_st") == pytest.approx(0, abs=0.05)
    assert value(TONE, "level_mean_db") == pytest.approx(-13.47, abs=0.1)
    assert value(TONE, "voiced_share") == 1


def test_six_hertz_of_amplitude_are_found() -> None:
    assert value(SHAKEN, "level_tremor_hz") == pytest.approx(6, abs=0.3)
    assert value(SHAKEN, "level_tremor_share") > 0.9
    assert value(SHAKEN, "syllable_nuclei_per_s") == pytest.approx(6, abs=0.5)


def test_jitter_of_one_percent_is_found() -> None:
    # Neighbours that vary by 1 % each differ by 2 / sqrt(pi) of it on average.
    assert value(EVEN, "jitter_share") < 0.001
    assert value(JITTERED, "jitter_share") == pytest.approx(0.0113, rel=0.35)


def test_silence_and_noise_have_no_voice() -> None:
    assert not FOUND.functionals[SILENCE].any()
    assert value(HISS, "voiced_share") < 0.05
    assert value(HISS, "level_mean_db") == pytest.approx(-20, abs=0.2)


def test_names_are_unique_and_finite_values_come_for_each() -> None:
    assert len(set(NAMES)) == len(NAMES) == FOUND.functionals.shape[1]
    assert np.isfinite(FOUND.functionals).all()


def test_voiced_frames_are_active() -> None:
    assert not (voiced_frames(FOUND.pitch, FOUND.active) & ~FOUND.active).any()


def test_gain_changes_the_mean_level_alone() -> None:
    sound: Samples = voice() + hiss() / np.float32(
        20
    )  # No line is so quiet that a band holds nothing.
    found = features(batch_of([sound, sound * np.float32(0.5)])).functionals
    other = np.abs(found[0] - found[1]) > 0.05
    assert [NAMES[at] for at in np.flatnonzero(other)] == ["level_mean_db"]
