"""The uplift is compared like with like, and its interval holds what it promises."""

import numpy as np
import pytest

from domain.decision import Scheme
from domain.learning import Uplift, Verdict
from router.learning.uplift import OUTCOMES_MIN, PERIOD_DAYS, PERIODS_MAX, STRATA_MAX, UpliftCount


def fill(count: UpliftCount, scheme: Scheme, goods: list[float], topic: str = "t") -> None:
    for good in goods:
        count.note(scheme, topic, "", good, 0.0)


def test_too_few_outcomes_say_nothing() -> None:
    count = UpliftCount()
    assert count.uplift() == Uplift(learned=0, control=0, least=OUTCOMES_MIN)
    fill(count, Scheme.LEARNED, [1.0] * 500)
    fill(count, Scheme.CONTROL, [0.0] * (OUTCOMES_MIN - 1))
    uplift = count.uplift()
    assert (uplift.verdict, uplift.difference, uplift.low) == (Verdict.NOT_YET, None, None)
    assert (uplift.learned_good, uplift.control_good) == (1.0, 0.0)
    fill(count, Scheme.CONTROL, [0.0])
    assert count.uplift().verdict is Verdict.BETTER


def test_who_had_no_part_in_the_lot_is_not_counted() -> None:
    count = UpliftCount()
    for scheme in (Scheme.PLAIN, Scheme.UNLEARNED):
        fill(count, scheme, [1.0] * 100)
    assert (count.uplift().learned, count.uplift().control) == (0, 0)


def test_a_difference_is_that_of_welch_in_one_stratum() -> None:
    count = UpliftCount()
    fill(count, Scheme.LEARNED, [1.0] * 320 + [0.0] * 80)
    fill(count, Scheme.CONTROL, [1.0] * 70 + [0.0] * 30)
    uplift = count.uplift()
    assert uplift.difference == pytest.approx(0.1)
    assert uplift.low is not None
    assert uplift.high is not None
    # By hand: sqrt(0.8 * 0.2 / 400 + 0.7 * 0.3 / 100) is 0.05, times 1.98 of 135 degrees.
    assert uplift.high - uplift.low == pytest.approx(2 * 0.0990, rel=0.02)
    assert uplift.verdict is Verdict.BETTER


def test_hard_topics_in_one_group_are_no_effect() -> None:
    count = UpliftCount()
    fill(count, Scheme.LEARNED, [1.0] * 90 + [0.0] * 10, "easy")
    fill(count, Scheme.CONTROL, [1.0] * 18 + [0.0] * 2, "easy")
    fill(count, Scheme.LEARNED, [1.0] * 4 + [0.0] * 16, "hard")
    fill(count, Scheme.CONTROL, [1.0] * 20 + [0.0] * 80, "hard")
    uplift = count.uplift()
    assert uplift.learned_good is not None
    assert uplift.control_good is not None
    assert uplift.learned_good - uplift.control_good > 0.4
    assert uplift.difference == pytest.approx(0.0)
    assert uplift.verdict is Verdict.OPEN


def test_outcomes_that_are_all_alike_make_nothing_certain() -> None:
    count = UpliftCount()
    fill(count, Scheme.LEARNED, [1.0] * 60)
    fill(count, Scheme.CONTROL, [1.0] * 60)
    uplift = count.uplift()
    assert uplift.low is not None
    assert uplift.low < -0.03
    assert uplift.verdict is Verdict.OPEN


def test_small_topics_are_compared_together() -> None:
    count = UpliftCount()
    for number in range(40):
        fill(count, Scheme.LEARNED, [1.0, 0.0, 1.0], f"t{number}")
        fill(count, Scheme.CONTROL, [0.0, 1.0], f"t{number}")
    uplift = count.uplift()
    assert uplift.difference == pytest.approx(2 / 3 - 1 / 2)


def test_months_go_and_strata_are_bounded() -> None:
    count = UpliftCount()
    for month in range(PERIODS_MAX + 3):
        count.note(Scheme.LEARNED, "t", "", 1.0, month * PERIOD_DAYS)
    assert count.uplift().learned == PERIODS_MAX
    count.note(Scheme.LEARNED, "t", "", 1.0, 0.0)
    assert count.uplift().learned == PERIODS_MAX
    for number in range(STRATA_MAX + 50):
        count.note(Scheme.CONTROL, f"topic-{number}", "", 1.0, 0.0 + PERIODS_MAX * PERIOD_DAYS)
    assert max(len(strata) for strata in count.periods.values()) <= STRATA_MAX + 1
    assert count.uplift().control == STRATA_MAX + 50


def test_the_interval_holds_the_true_difference_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    rates = np.array([[0.55, 0.5], [0.85, 0.8], [0.72, 0.68], [0.3, 0.29]])  # learned, control
    shares = np.array([0.4, 0.3, 0.25, 0.05])
    true = float(shares @ (rates[:, 0] - rates[:, 1]))
    held, runs = 0, 400
    for _ in range(runs):
        count = UpliftCount()
        topics = rng.choice(4, 1_000, p=shares)
        control = rng.random(1_000) < 0.1
        # Three marks, of which some are not known, make fractions.
        goods = rng.binomial(2, rates[topics, control.astype(int)]) / 2
        for topic, arm, good in zip(topics.tolist(), control.tolist(), goods.tolist(), strict=True):
            count.note(Scheme.CONTROL if arm else Scheme.LEARNED, f"t{topic}", "", good, 0.0)
        uplift = count.uplift()
        assert uplift.low is not None
        assert uplift.high is not None
        held += uplift.low <= true <= uplift.high
    # Two standard deviations of 400 runs, and a little for the care taken with few outcomes.
    assert 0.93 <= held / runs <= 0.98


@pytest.mark.parametrize(
    ("goods", "verdict", "english", "chinese"),
    [
        (([1.0] * 190 + [0.0] * 10, [1.0] * 50 + [0.0] * 50), Verdict.BETTER, "improves", "改善"),
        (([0.0] * 200, [1.0] * 100), Verdict.WORSE, "switching it off", "关闭学习"),
        (([1.0, 0.0] * 100, [1.0, 0.0] * 50), Verdict.OPEN, "No difference", "尚未显示"),
        (([1.0], [0.0]), Verdict.NOT_YET, "Not yet enough", "不足"),
    ],
)
def test_it_is_said_in_both_languages(
    goods: tuple[list[float], list[float]], verdict: Verdict, english: str, chinese: str
) -> None:
    count = UpliftCount()
    fill(count, Scheme.LEARNED, goods[0])
    fill(count, Scheme.CONTROL, goods[1])
    uplift = count.uplift()
    assert uplift.verdict is verdict
    assert english in uplift.words("en")
    assert chinese in uplift.words("zh")
    assert uplift.words("fr") == uplift.words("en")
    assert str(uplift.control) in uplift.words("zh")
