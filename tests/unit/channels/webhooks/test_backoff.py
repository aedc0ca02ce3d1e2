from datetime import timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webhooks.backoff import JITTER, RETRY_AFTER_S_MAX, backoff_s, retry_after_s
from tests.unit.channels.http.fakes import START


class Middle(Random):
    """Chance that always takes the middle."""

    def uniform(self, a, b):
        return (a + b) / 2


def test_waiting_doubles_up_to_a_limit():
    waits = [backoff_s(failures, 60.0, Middle()) for failures in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff_s(10_000, 60.0, Middle()) == 60


@given(st.integers(1, 100), st.integers())
def test_chance_takes_or_adds_half_at_most(failures, seed):
    middle = backoff_s(failures, 300.0, Middle())
    wait = backoff_s(failures, 300.0, Random(seed))
    assert middle * (1 - JITTER) <= wait <= middle * (1 + JITTER)


def test_the_same_chance_gives_the_same_wait():
    assert backoff_s(3, 300.0, Random(7)) == backoff_s(3, 300.0, Random(7))
    assert backoff_s(3, 300.0, Random(7)) != backoff_s(3, 300.0, Random(8))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("999999", RETRY_AFTER_S_MAX),
        ("9" * 5_000, RETRY_AFTER_S_MAX),
        (format_datetime(START + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(START - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime(START + timedelta(days=9), usegmt=True), RETRY_AFTER_S_MAX),
        ("Mon, 01 Mar 2027 09:01:30 -0000", 90),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_what_a_receiver_asks_for(value, seconds):
    assert retry_after_s(value, START) == seconds


@given(st.text())
def test_whatever_stands_there_breaks_nothing(value):
    seconds = retry_after_s(value, START)
    assert seconds is None or 0 <= seconds <= RETRY_AFTER_S_MAX
