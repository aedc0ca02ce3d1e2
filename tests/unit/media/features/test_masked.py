import numpy as np
import pytest

from media.features import masked

VALUES = np.array([[1.0, 2.0, 100.0, 3.0], [5.0, 5.0, 5.0, 5.0]])
MASK = np.array([[True, True, False, True], [False, False, False, False]])


def test_only_what_the_mask_lets_through_counts() -> None:
    assert masked.mean(VALUES, MASK).tolist() == [2.0, 0.0]
    assert masked.spread(VALUES, MASK) == pytest.approx([np.std([1, 2, 3]), 0.0])
    middle, high = masked.quantiles(VALUES, MASK, 0.5, 0.75)
    assert (middle.tolist(), high.tolist()) == ([2.0, 0.0], [2.5, 0.0])


def test_a_straight_line_has_its_slope_also_with_gaps() -> None:
    line = 3.0 * np.arange(6)[np.newaxis, :] * 0.02 + 7
    line[0, 2] = -50
    mask = np.array([[True, True, False, True, True, True]])
    assert masked.slope(line, mask, 0.02) == pytest.approx([3.0])


def test_steps_need_both_neighbours() -> None:
    change, both = masked.steps(VALUES, MASK)
    assert change[0].tolist() == [1.0, 98.0, -97.0]
    assert both[0].tolist() == [True, False, False]


def test_courses_that_share_a_mask_have_the_moments_of_each() -> None:
    rng = np.random.default_rng(4)
    courses, mask = rng.normal(-50, 7, (3, 5, 40)), rng.random((5, 40)) < 0.4
    mask[2] = False
    centre, spread = masked.moments(courses, mask)
    for course, mean, deviation in zip(courses, centre, spread, strict=True):
        np.testing.assert_allclose(mean, masked.mean(course, mask))
        np.testing.assert_allclose(deviation, masked.spread(course, mask))
    np.testing.assert_allclose(masked.means(courses, mask), centre)
    assert (centre[:, 2] == 0).all()
