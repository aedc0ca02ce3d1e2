"""Sums fade, come in any order, and are bounded."""

import numpy as np
import pytest

from router.learning import evidence as module
from router.learning.evidence import AGENTS_MAX, NOBODY, SEGMENTS_MAX, TOPICS_MAX, Evidence


def total(evidence: Evidence, topic: str = "t") -> float:
    return evidence.weight_of(evidence.topics[topic])


def test_an_outcome_counts_half_after_the_half_life() -> None:
    evidence = Evidence(10.0)
    evidence.add("t", "", "a", 1.0, 100.0, 1.0)
    evidence.add("t", "", "b", 1.0, 110.0, 1.0)
    assert total(evidence) == pytest.approx(1.5)
    evidence.add("t", "", "a", 1.0, 90.0, 1.0)
    assert total(evidence) == pytest.approx(1.75)


def test_centuries_later_it_still_counts_right() -> None:
    evidence = Evidence(1.0)
    for day in range(0, 40_000, 37):
        evidence.add("t", "", "a", 0.5, float(day), 1.0)
    assert total(evidence) == pytest.approx(1.0)
    evidence.add("t", "", "a", 0.5, -1e9, 1.0)
    assert total(evidence) == pytest.approx(1.0)
    column = evidence.topics["t"].segments[""]
    assert all(np.isfinite(each).all() for each in column.sums())


def test_nobody_has_evidence() -> None:
    evidence = Evidence(10.0)
    for number in range(200):
        evidence.add("t", "", f"a{number}", 1.0, 0.0, 1.0)
    assert evidence.topics["t"].segments[""].weight[NOBODY] == 0
    assert len(set(evidence.places.values())) == 200


def test_segments_beyond_the_limit_count_as_the_one_without_a_name() -> None:
    evidence = Evidence(10.0)
    for number in range(SEGMENTS_MAX + 5):
        evidence.add("t", f"s{number}", "a", 1.0, 0.0, 1.0)
    assert len(evidence.topics["t"].segments) == SEGMENTS_MAX + 1
    assert evidence.topics["t"].segments[""].weight.sum() == 5
    assert total(evidence) == SEGMENTS_MAX + 5


def test_the_weakest_topic_makes_room() -> None:
    evidence = Evidence(10.0)
    for number in range(TOPICS_MAX):
        for _ in range(1 if number == 7 else 2):
            evidence.add(f"t{number}", "", "a", 1.0, 0.0, 1.0)
    evidence.add("new", "", "a", 1.0, 0.0, 1.0)
    assert len(evidence.topics) == TOPICS_MAX
    assert "t7" not in evidence.topics


def test_agents_with_the_least_evidence_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AGENTS_MAX == 5_000
    monkeypatch.setattr(module, "AGENTS_MAX", 8)
    evidence = Evidence(10.0)
    for number in range(8):
        evidence.add("t", "", f"a{number}", number / 10, 0.0, 1.0 + number)
    evidence.add("t", "", "new", 1.0, 0.0, 1.0)
    assert sorted(evidence.places) == ["a2", "a3", "a4", "a5", "a6", "a7", "new"]
    column = evidence.topics["t"].segments[""]
    for number in range(2, 8):
        place = evidence.places[f"a{number}"]
        assert column.good[place] / column.weight[place] == pytest.approx(number / 10)
    assert column.weight[evidence.places["new"]] == 1.0
