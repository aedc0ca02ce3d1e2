import numpy as np

from domain.baseline import Baseline
from media.baseline import (
    MEMORY_WINDOWS,
    READY_WINDOWS,
    UNKNOWN_ANGER_MAX,
    CallerBaseline,
    Functionals,
)
from media.features.functionals import FEATURES_VERSION, LEVEL_NAME, NAMES

LEVEL = NAMES.index(LEVEL_NAME)


def figures(value: float) -> Functionals:
    return np.full(len(NAMES), value, dtype=np.float32)


def known(value: float, windows: int = 8) -> Baseline:
    return Baseline(FEATURES_VERSION, (value,) * len(NAMES), windows)


def test_it_is_the_mean_once_enough_was_heard() -> None:
    baseline = CallerBaseline()
    for number in range(READY_WINDOWS):
        assert baseline.beside(figures(9)) is None
        baseline.learn(figures(number), anger=0.1)
    beside = baseline.beside(figures(9))
    assert beside is not None
    assert np.allclose(beside, np.mean(range(READY_WINDOWS)))


def test_anger_is_not_learnt() -> None:
    baseline = CallerBaseline()
    for _ in range(10):
        baseline.learn(figures(5), anger=UNKNOWN_ANGER_MAX)
    assert not baseline.ready


def test_a_voice_that_sounds_angry_by_nature_is_known_by_its_own_norm() -> None:
    baseline = CallerBaseline()
    for _ in range(READY_WINDOWS):
        baseline.learn(figures(5), anger=0.7)
    assert baseline.ready
    baseline.learn(figures(50), anger=0.7)
    assert np.allclose(baseline.mean, 5), "what is angry for him is not"


def test_it_follows_slowly_and_counts_no_further() -> None:
    baseline = CallerBaseline()
    for _ in range(3 * MEMORY_WINDOWS):
        baseline.learn(figures(0), anger=0.0)
    baseline.learn(figures(1), anger=0.0)
    assert baseline.windows == MEMORY_WINDOWS
    assert np.allclose(baseline.mean, 1 / MEMORY_WINDOWS)


def test_an_earlier_call_holds_from_the_first_window_but_for_the_level() -> None:
    baseline = CallerBaseline(known(2.0))
    beside = baseline.beside(figures(7))
    assert beside is not None
    assert beside[LEVEL] == 7
    assert set(np.delete(beside, LEVEL)) == {2.0}
    baseline.learn(figures(6), anger=0.0)
    beside = baseline.beside(figures(7))
    assert beside is not None
    assert beside[LEVEL] == 6
    assert np.allclose(np.delete(beside, LEVEL), 2 + 4 / 9)


def test_what_is_kept_is_what_it_begins_with() -> None:
    baseline = CallerBaseline(known(2.0, windows=5))
    assert baseline.keep() == known(2.0, windows=5)


def test_a_baseline_that_does_not_fit_is_passed_over() -> None:
    for wrong in (
        Baseline(FEATURES_VERSION + 1, (1.0,) * len(NAMES), 8),
        Baseline(FEATURES_VERSION, (1.0, 2.0), 8),
        Baseline(FEATURES_VERSION, (float("nan"),) * len(NAMES), 8),
        known(1.0, windows=-1),
    ):
        assert CallerBaseline(wrong).windows == 0
