from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from channels.lookup.breaker import Breaker


def test_after_failures_one_attempt_tries_again():
    breaker = Breaker(failures_max=2, retry_s=30)
    assert breaker.begin(0.0)
    breaker.failed(0.0)
    assert breaker.begin(1.0)
    breaker.failed(1.0)
    assert breaker.is_open
    assert not breaker.begin(30.9)
    assert breaker.begin(31.0)
    assert not breaker.begin(31.0)
    breaker.failed(31.5)
    assert not breaker.begin(61.0)
    assert breaker.begin(61.5)
    breaker.abandoned()
    assert breaker.begin(61.5)
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.begin(61.5)


def test_a_success_in_between_begins_the_count_anew():
    breaker = Breaker(failures_max=2, retry_s=30)
    for _ in range(5):
        breaker.failed(0.0)
        breaker.succeeded()
    assert not breaker.is_open


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=50), st.integers(1, 4))
def test_a_dead_side_is_tried_once_in_a_while(steps, failures_max):
    breaker, now_s, begun = Breaker(failures_max=failures_max, retry_s=30.0), 0.0, []
    for passed_s, _ in steps:
        now_s += passed_s
        if breaker.begin(now_s):
            begun.append(now_s)
            breaker.failed(now_s)
    later = begun[failures_max - 1 :]
    assert all(b - a >= 30.0 - 1e-9 for a, b in pairwise(later))
