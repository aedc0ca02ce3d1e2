import numpy as np
import pytest

from models.card import Bin
from models.measures import (
    Judged,
    among,
    anger_area,
    anger_error,
    area_under_curve,
    calibration_error,
    figure,
    label_error,
    reliability,
    unweighted_accuracy,
)


def judged(label: list[int], chance: list[list[float]], speaker: list[str] | None = None) -> Judged:
    return Judged(
        np.array(label), np.array(speaker or ["a"] * len(label)), np.array(chance, dtype=float)
    )


def test_area_under_the_curve():
    wanted = np.array([True, True, False, False])
    assert area_under_curve(np.array([4.0, 3.0, 2.0, 1.0]), wanted) == 1.0
    assert area_under_curve(np.array([1.0, 2.0, 3.0, 4.0]), wanted) == 0.0
    assert area_under_curve(np.array([4.0, 2.0, 3.0, 1.0]), wanted) == 0.75
    assert area_under_curve(np.ones(4), wanted) == 0.5
    assert np.isnan(area_under_curve(np.ones(4), np.ones(4, dtype=bool)))


def test_area_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(1)
    score, wanted = rng.integers(0, 20, 200).astype(float), rng.random(200) < 0.3
    hits, misses = score[wanted][:, np.newaxis], score[~wanted][np.newaxis, :]
    pairs = (hits > misses).mean() + 0.5 * (hits == misses).mean()
    assert area_under_curve(score, wanted) == pytest.approx(pairs)


def test_every_label_counts_alike():
    chance = [[0.9, 0.1, 0.0]] * 8 + [[0.1, 0.9, 0.0]] * 2
    assert unweighted_accuracy(judged([0] * 9 + [1], chance)) == pytest.approx(
        100 * (8 / 9 + 1) / 2
    )


def test_probabilities_are_shared_among_what_is_possible():
    shared = among(np.array([[0.2, 0.6, 0.2]]), np.array([True, False, True]))
    assert shared.tolist() == [[0.5, 0.0, 0.5]]


def test_calibration():
    assert calibration_error([Bin(0.5, 0.5, 10), Bin(0.9, 0.7, 10)]) == pytest.approx(0.1)
    assert calibration_error([]) == 0
    right = judged([0, 0, 1, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert label_error(right) == anger_error(right) == 0
    assert anger_area(right) == 1.0
    wrong = judged([1, 1, 0, 0], right.chance.tolist())
    assert label_error(wrong) == 1.0
    assert reliability(wrong) == [Bin(1.0, 0.0, 4)]


def test_an_interval_is_over_speakers():
    # One of four speakers is always wrong: draws without him and with him alone differ.
    chance = [[0.9, 0.1], [0.1, 0.9]] * 4
    label = [0, 1] * 3 + [1, 0]
    speakers = [name for name in "abcd" for _ in range(2)]
    found = figure(judged(label, chance, speakers), "here", "UA %", "x", unweighted_accuracy, 1)
    assert (found.corpus, found.what, found.value) == ("here", "UA %", 75.0)
    assert (found.low, found.high) == (25.0, 100.0)
    assert found == figure(
        judged(label, chance, speakers), "here", "UA %", "x", unweighted_accuracy, 1
    )


def test_a_figure_that_is_not_to_be_had_is_nan():
    found = figure(judged([1, 1], [[0.5, 0.5]] * 2), "here", "AUC", "x", anger_area, 1)
    assert np.isnan([found.value, found.low, found.high]).all()
