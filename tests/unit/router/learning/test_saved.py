"""The stored form is bounded and refuses what was not written by it."""

import msgspec
import numpy as np
import pytest

from config.routing import Learning
from domain.errors import StoreError
from router.learning import saved
from router.learning.model import OutcomeModel


def filled(agents: int = 40) -> OutcomeModel:
    model = OutcomeModel(Learning())
    ids = tuple(f"a{number}" for number in range(agents))
    model.expect("t", "", ids, np.full(agents, 0.7, dtype=np.float32))
    for number in range(10 * agents):
        model.observe(
            "t", "", ids[number % agents], (number % 3) / 2, number / 100, 1 + number % agents
        )
    return model


def test_of_too_many_cells_those_with_the_most_evidence_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = filled()
    monkeypatch.setattr(saved, "CELLS_MAX", 10)
    again = OutcomeModel(Learning())
    again.restore(model.state())
    (topic,) = again.view().topics
    weights = model._evidence.topics["t"].segments[""].weight
    kept = again._evidence.topics["t"].segments[""].weight
    assert 0 < np.count_nonzero(kept) <= 10
    assert kept.max() == weights.max()
    assert topic.outcomes == pytest.approx(kept.sum())


def test_two_hundred_agents_take_little() -> None:
    model = OutcomeModel(Learning())
    for number in range(4_000):
        model.observe(f"t{number % 10}", f"s{number % 20 // 10}", f"a{number // 20}", 0.5, 0.0)
    assert len(model.state()) < 250_000


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"form": 9}, "form 9; this one reads 1"),
        ({"agents": []}, "not named"),
        ({"agents": 5}, "array"),
        ({"cells": [["t", "", b"\1\0\0\0", b"12"]]}, "cannot be read"),
    ],
)
def test_what_was_not_written_here_is_refused(change: dict[str, object], told: str) -> None:
    document = msgspec.msgpack.decode(filled().state())
    if "cells" in change:
        document["cells"][0]["sums"] = b"12345678"
    else:
        document |= change
    with pytest.raises(StoreError, match=told):
        OutcomeModel(Learning()).restore(msgspec.msgpack.encode(document))


def test_a_number_that_is_none_is_refused() -> None:
    document = msgspec.msgpack.decode(filled().state())
    numbers = np.frombuffer(document["cells"][0]["sums"]).copy()
    numbers[3] = np.nan
    document["cells"][0]["sums"] = numbers.tobytes()
    with pytest.raises(StoreError, match="not finite"):
        OutcomeModel(Learning()).restore(msgspec.msgpack.encode(document))
