"""A gain is claimed when it is one, and not when it is chance."""

import numpy as np
import pytest

from router.prediction.gain import COMPARISONS_MIN, MEMORY, Gain


def fill(gain: Gain, differences: list[float]) -> None:
    for difference in differences:
        gain.compare(difference, model_hit=True, baseline_hit=False)


def test_few_steps_prove_nothing() -> None:
    gain = Gain()
    assert (gain.mean, gain.error, gain.is_proven) == (0.0, float("inf"), False)
    # All but exactly so many count; they fade by a little.
    fill(gain, [1.0, 1.1] * int(COMPARISONS_MIN / 2))
    assert not gain.is_proven
    fill(gain, [1.0, 1.1] * 10)
    assert gain.is_proven
    assert gain.model_hits == pytest.approx(gain.count)


def test_the_error_is_that_of_a_mean() -> None:
    differences = np.random.default_rng(1).normal(0.1, 1.0, 400)
    gain = Gain()
    fill(gain, differences.tolist())
    assert gain.mean == pytest.approx(differences.mean(), abs=0.01)
    assert gain.error == pytest.approx(differences.std() / 20, rel=0.05)


def test_chance_is_seldom_taken_for_a_gain_however_often_one_looks() -> None:
    rng = np.random.default_rng(2)
    claimed = 0
    for _ in range(60):
        gain, ever = Gain(), False
        for difference in rng.normal(0.0, 1.0, 1_500).tolist():
            gain.compare(difference, model_hit=False, baseline_hit=False)
            ever = ever or gain.is_proven
        claimed += ever
    assert claimed <= 3


def test_a_gain_that_is_gone_is_claimed_no_longer() -> None:
    gain = Gain()
    fill(gain, [0.5, 0.3] * 500)
    assert gain.is_proven
    fill(gain, [-0.5, -0.3] * int(MEMORY))
    assert not gain.is_proven
    assert gain.mean < 0
