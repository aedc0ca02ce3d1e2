import numpy as np
import pytest

from media.features.rhythm import rhythm


def test_four_bursts_and_a_pause() -> None:
    levels = np.full((1, 200), -70.0)
    for start in (0, 25, 100, 125):
        levels[0, start : start + 20] = -20 - 8 * np.abs(np.linspace(-1, 1, 20))
    active = levels > -50
    found = rhythm(levels, active, active)
    assert found.nuclei_per_s[0] == pytest.approx(4 / 1.45)
    assert found.pause_share[0] == pytest.approx(55 / 145)
    assert found.voiced_run_s[0] == pytest.approx(0.2)
    assert found.voiced_share[0] == 1


def test_silence() -> None:
    nothing = np.zeros((1, 200), dtype=np.bool_)
    found = rhythm(np.full((1, 200), -127.0), nothing, nothing)
    assert found.nuclei_per_s[0] == found.pause_share[0] == found.voiced_run_s[0] == 0
