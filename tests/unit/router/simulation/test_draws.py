from math import log
from statistics import fmean, median, pstdev

from router.simulation.draws import (
    exponential,
    key_of,
    key_of_text,
    lognormal,
    mix,
    normal,
    uniform,
    weibull,
)

KEYS = [key_of(3, number) for number in range(4_000)]


def test_the_mixer_is_that_of_splitmix64() -> None:
    # The first output of SplitMix64 with seed 0, as in its reference implementation.
    assert mix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF


def test_a_draw_depends_on_whom_and_what_for_alone() -> None:
    assert uniform(KEYS[0], 1) == uniform(key_of(3, 0), 1)
    assert uniform(KEYS[0], 1) != uniform(KEYS[0], 2)
    assert uniform(KEYS[0], 1) != uniform(KEYS[1], 1)
    assert key_of(1, 2) != key_of(2, 1)
    assert key_of_text("sales") == key_of_text("sales") != key_of_text("sale")


def test_draws_have_the_distributions_that_they_are_named_after() -> None:
    places = [uniform(key, 1) for key in KEYS]
    assert 0 < min(places) < 0.01 < 0.99 < max(places) < 1
    assert abs(fmean(places) - 0.5) < 0.02
    assert abs(fmean(exponential(key, 2) for key in KEYS) - 1) < 0.05
    bells = [normal(key, 3) for key in KEYS]
    assert abs(fmean(bells)) < 0.05
    assert abs(pstdev(bells) - 1) < 0.05
    assert abs(median(weibull(key, 4, 200.0, 1.3) for key in KEYS) - 200) < 10
    logs = [log(lognormal(key, 5, 240.0, 0.5)) for key in KEYS]
    assert abs(median(logs) - log(240)) < 0.05
    assert abs(pstdev(logs) - 0.5) < 0.03
