import numpy as np
import pytest

from media.features import masked

ROW = np.array([[1.0, 2.0, 3.0, 99.0]])
MASK = np.array([[True, True, True, False]])


def test_statistics_look_at_what_is_let_through() -> None:
    assert masked.mean(ROW, MASK) == pytest.approx(2)
    assert masked.spread(ROW, MASK) == pytest.approx(np.sqrt(2 / 3))
    assert masked.slope(ROW, MASK, 0.1) == pytest.approx(10)
    low, middle = masked.quantiles(ROW, MASK, 0.25, 0.5)
    assert (low[0], middle[0]) == (1.5, 2.0)
    change, known = masked.steps(ROW, MASK)
    assert change.tolist() == [[1, 1, 96]]
    assert known.tolist() == [[True, True, False]]


def test_nothing_gives_zero() -> None:
    nothing = np.zeros_like(MASK)
    assert masked.mean(ROW, nothing) == 0
    assert masked.slope(ROW, nothing, 1) == 0
    assert masked.quantiles(ROW, nothing, 0.5)[0] == 0
