"""What learning may do to agents' load is bounded."""

import numpy as np
import pytest

from router.learning.load import advantage, load_factor


def test_the_factor_falls_with_the_excess_over_the_peers() -> None:
    busy = np.array([0.5, 0.5, 0.5, 0.5, 0.5])
    assert load_factor(busy, 0.25).tolist() == [1.0] * 5
    busy[0] = 0.5625  # An eighth more than the others.
    factor = load_factor(busy, 0.25)
    assert factor[0] == pytest.approx(0.5)
    assert factor[1:].tolist() == [1.0] * 4
    busy[0] = 0.7
    assert load_factor(busy, 0.25)[0] == 0.0


def test_no_gain_at_all_is_allowed_at_zero() -> None:
    assert load_factor(np.array([0.4, 0.41, 0.4]), 0.0).tolist() == [1.0, 0.0, 1.0]


def test_the_first_call_of_a_quiet_morning_is_no_excess() -> None:
    assert load_factor(np.array([0.05, 0.0, 0.0]), 0.25).tolist() == [1.0, 1.0, 1.0]


def test_one_agent_has_no_peers() -> None:
    assert load_factor(np.array([1.0]), 0.25).tolist() == [1.0]
    assert load_factor(np.zeros(0), 0.25).tolist() == []


@pytest.mark.parametrize("busy", [np.array([[0.5]]), np.array([1.5, 0.2]), np.array([np.nan, 0.1])])
def test_what_is_no_share_is_refused(busy: np.ndarray) -> None:
    with pytest.raises(ValueError, match="occupancy"):
        load_factor(busy, 0.25)


def test_at_the_bound_nobody_leads() -> None:
    expected = np.array([0.9, 0.7, 0.6], dtype=np.float32)
    free = advantage(expected, np.ones(3, dtype=np.float32))
    assert free == pytest.approx([0.3, 0.1, 0.0], abs=1e-6)
    bound = advantage(expected, np.array([0.0, 1.0, 1.0], dtype=np.float32))
    assert bound == pytest.approx([0.0, 0.1, 0.0], abs=1e-6)
    assert advantage(expected[:0], expected[:0]).tolist() == []


@pytest.mark.parametrize("gain_max", [0.1, 0.25, 0.5])
def test_work_that_goes_by_expectation_alone_stays_within_the_bound(gain_max: float) -> None:
    expected = np.linspace(0.5, 0.95, 10).astype(np.float32)
    busy = np.full(10, 0.5)
    for _ in range(3_000):
        lead = advantage(expected, load_factor(busy, gain_max))
        # Among equals the least occupied goes first.
        chosen = int(np.lexsort((busy, -lead))[0])
        work = np.zeros(10)
        work[chosen] = 1.0
        busy += 0.02 * (5 * work - busy)
    peers = (busy.sum() - busy) / 9
    # One contact may pass the bound; a fiftieth of the memory is one contact.
    assert np.max(busy / peers) < 1 + gain_max + 0.25
    assert busy[-1] > busy[0]


def test_without_a_bound_one_would_do_nearly_all() -> None:
    expected = np.linspace(0.5, 0.95, 10).astype(np.float32)
    assert int(np.argmax(advantage(expected, np.ones(10, dtype=np.float32)))) == 9
