import pytest

from router.inputs import OutcomeKnown
from router.learning.outcome import goodness


@pytest.mark.parametrize(
    ("marks", "good"),
    [
        ({}, None),
        ({"resolved": True}, 1.0),
        ({"resolved": False, "satisfied": 0.5}, 0.25),
        ({"resolved": True, "satisfied": 0.5, "calmer": False}, 0.5),
        ({"calmer": True}, 1.0),
    ],
)
def test_what_is_known_counts_alike(marks: dict[str, bool], good: float | None) -> None:
    assert goodness(OutcomeKnown("c1", **marks)) == good


@pytest.mark.parametrize("satisfied", [-0.1, 1.1, float("nan")])
def test_a_satisfaction_that_is_none_is_refused(satisfied: float) -> None:
    with pytest.raises(ValueError, match="satisfied of contact c1"):
        goodness(OutcomeKnown("c1", satisfied=satisfied))
