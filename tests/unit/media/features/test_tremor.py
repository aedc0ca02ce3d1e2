import numpy as np
import pytest

from media.features.tremor import modulation

RATE_HZ = 50.0
TIME = np.arange(150) / RATE_HZ
ALL = np.ones((1, TIME.size), dtype=np.bool_)


def test_a_shaking_of_6_hz_has_its_depth_and_rate() -> None:
    course = 5 + 2 * TIME + 1.0 * np.sin(2 * np.pi * 6 * TIME)
    found = modulation(course[np.newaxis, :], ALL, RATE_HZ)
    assert found.depth == pytest.approx([1 / np.sqrt(2)], rel=0.03)
    assert found.peak_hz == pytest.approx([6.0], abs=0.15)
    assert found.share[0] > 0.9


def test_a_slow_movement_is_no_tremor() -> None:
    course = np.sin(2 * np.pi * 1.5 * TIME)[np.newaxis, :]
    assert modulation(course, ALL, RATE_HZ).share[0] < 0.1


def test_what_stands_still_or_is_not_known_does_not_shake() -> None:
    for mask in (ALL, ~ALL):
        found = modulation(np.full((1, TIME.size), 3.0), mask, RATE_HZ)
        assert (found.depth[0], found.share[0], found.peak_hz[0]) == pytest.approx(
            (0, 0, 0), abs=1e-6
        )
