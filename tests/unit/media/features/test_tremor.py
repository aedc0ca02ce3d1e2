import numpy as np
import pytest

from media.features.tremor import modulation


def test_depth_share_and_peak_of_a_sine() -> None:
    time = np.arange(150) / 50
    course = (3 + 2 * time + 0.5 * np.sin(2 * np.pi * 7 * time))[np.newaxis]
    found = modulation(course, np.ones_like(course, dtype=np.bool_), 50)
    assert found.peak_hz[0] == pytest.approx(7, abs=0.15)
    assert found.depth[0] == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert found.share[0] > 0.9


def test_nothing_moves() -> None:
    found = modulation(np.zeros((1, 150)), np.zeros((1, 150), dtype=np.bool_), 50)
    assert found.depth[0] == found.peak_hz[0] == 0
