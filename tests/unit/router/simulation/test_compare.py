import json

import pytest

from router.simulation.compare import (
    REQUIRED,
    Interval,
    Played,
    differences,
    intervals,
    mean_of,
    play,
    report,
)
from tests.unit.router.simulation.rig import centre, workload


def played(policy: str, seed: int, asa_s: float) -> Played:
    return Played(policy, seed, {"asa_s": asa_s}, {}, [[0.0, 0.0] for _ in range(48)])


def test_the_interval_is_students() -> None:
    # Mean 5, standard deviation 1.5811; t with 4 degrees of freedom at 97.5 % is 2.7764.
    one = Interval.of([3.0, 4.0, 5.0, 6.0, 7.0])
    assert one.mean == 5.0
    assert one.high - one.mean == pytest.approx(2.7764 * 1.5811 / 5**0.5, abs=1e-3)
    assert one.mean - one.low == pytest.approx(one.high - one.mean)
    assert Interval.of([4.0]) == Interval(4.0, 4.0, 4.0)


def test_differences_are_taken_in_pairs_of_seeds() -> None:
    mine = [played("a", seed, asa_s) for seed, asa_s in ((1, 10.0), (2, 30.0), (3, 50.0))]
    theirs = [played("b", seed, asa_s) for seed, asa_s in ((3, 52.0), (1, 12.0), (2, 32.0))]
    found = differences(mine, theirs)["asa_s"]
    assert found == Interval(-2.0, -2.0, -2.0)
    spread = intervals(mine)["asa_s"]
    assert spread.high - spread.low > 50


def test_a_report_has_what_is_promised_and_is_plain_json() -> None:
    rows = [play(centre(seed), policy) for seed in (1, 2) for policy in ("fifo", "skills-greedy")]
    made = report(workload(), rows, baseline="skills-greedy")
    assert json.loads(json.dumps(made)) == made
    assert made["seeds"] == 2
    policies: dict = made["policies"]  # type: ignore[assignment]
    assert list(policies) == ["fifo", "skills-greedy"]
    for figures in policies.values():
        assert list(figures)[: len(REQUIRED)] == list(REQUIRED)
        for name in REQUIRED:
            low, high = figures[name]["ci95"]
            assert low <= figures[name]["mean"] <= high
    assert "difference" in policies["fifo"]
    assert "difference" not in policies["skills-greedy"]
    assert set(policies["fifo"]["channels"]) == {"voice", "chat", "mail"}
    assert mean_of(policies["fifo"], "asa_s") is not None
    assert mean_of(policies["fifo"], "nothing") is None
