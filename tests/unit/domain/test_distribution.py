from math import inf

import pytest

from domain.distribution import Distribution


def test_values_are_counted_within_their_edges():
    counted = Distribution((0.5, 1.0))
    for value in (0.25, 0.5, 0.75, 3.0):
        counted.add(value)
    assert counted.rows() == ((0.5, 2), (1.0, 3), (inf, 4))
    assert counted.total == 4.5
    assert counted.count == 4


def test_nothing_is_counted_at_first():
    assert Distribution((1.0,)).rows() == ((1.0, 0), (inf, 0))


@pytest.mark.parametrize("edges", [(2.0, 1.0), (1.0, 1.0)])
def test_edges_rise(edges):
    with pytest.raises(AssertionError, match="rise"):
        Distribution(edges)
