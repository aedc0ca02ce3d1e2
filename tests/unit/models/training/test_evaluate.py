import numpy as np
import pytest

from models.training import evaluate
from models.training.evaluate import Judged

JUDGED = Judged(
    np.array([0, 0, 1, 1]),
    np.array(["a", "a", "b", "b"]),
    np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.4, 0.6]]),
)


def test_figures_of_a_few_clips() -> None:
    assert evaluate.unweighted_accuracy(JUDGED) == 75
    assert evaluate.anger_area(JUDGED) == pytest.approx(3.5 / 4)
    assert evaluate.label_error(JUDGED) == pytest.approx((0.1 + 0.2 + 2 * 0.1) / 4)


def test_impossible_labels_get_nothing() -> None:
    found = evaluate.among(JUDGED.chance, np.array([True, False]))
    assert found.tolist() == [[1, 0]] * 4


def test_an_interval_holds_its_figure() -> None:
    found = evaluate.figure(JUDGED, "c", "w", "plain", evaluate.unweighted_accuracy, 1)
    assert found.low <= found.value <= found.high
