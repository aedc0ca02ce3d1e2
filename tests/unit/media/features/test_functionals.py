import numpy as np
import pytest

from media.features.framing import batch_of
from media.features.functionals import LEVEL_NAME, NAMES, features
from media.pcm import Samples
from tests.unit.media.features.rig import buzz, noise, one, silence


def named(samples: Samples) -> dict[str, float]:
    return dict(zip(NAMES, features(one(samples)).functionals[0].tolist(), strict=True))


def test_each_functional_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 100


def test_a_voice_of_200_hz_is_an_octave_above_the_reference() -> None:
    found = named(buzz(200))
    assert found["pitch_median_st"] == pytest.approx(12.0, abs=0.1)
    assert found["pitch_range_st"] == pytest.approx(0.0, abs=0.2)
    assert found["voiced_share"] > 0.9


def test_how_loud_the_line_is_changes_the_level_alone() -> None:
    voice = buzz(170) + noise(4, peak=0.02)
    loud, soft = named(voice), named(np.asarray(voice / 4, dtype=np.float32))
    differs = {
        name for name in NAMES if abs(loud[name] - soft[name]) > 0.02 + 0.02 * abs(loud[name])
    }
    assert differs == {LEVEL_NAME}
    assert loud[LEVEL_NAME] - soft[LEVEL_NAME] == pytest.approx(12.04, abs=0.1)


@pytest.mark.parametrize("sound", [silence(), noise(1), buzz(120, seconds=0.3)])
def test_nothing_that_is_heard_gives_a_figure_that_is_none(sound: Samples) -> None:
    found = features(one(sound))
    assert np.isfinite(found.functionals).all()
    assert np.isfinite(found.log_mel).all()


def test_a_batch_hears_what_each_window_alone_does() -> None:
    sounds = [buzz(150), noise(1), np.asarray(buzz(210)[:9_000]), silence()]
    together = features(batch_of(sounds)).functionals
    for row, sound in enumerate(sounds):
        alone = features(one(sound)).functionals[0]
        assert together[row] == pytest.approx(alone, rel=1e-4, abs=1e-4)
