"""What was learnt of needs outlives a restart, bounded, and without anybody's history."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from bench.histories import histories
from domain.errors import StoreError
from router.prediction import saved
from router.prediction.markov import NeedModel
from router.prediction.saved import NeedLearner

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PEOPLE = histories(150, structure="last", strength=0.7, seed=5)


def taught(half_life_days: float = 90) -> NeedModel:
    model = NeedModel(half_life_days=half_life_days)
    for history in PEOPLE[:100]:
        model.learn(history)
    model.until = NOW
    return model


def test_a_restart_goes_on_where_it_stopped() -> None:
    model = taught()
    again = NeedModel(half_life_days=90)
    NeedLearner(again).restore(NeedLearner(model).state())
    for one in (model, again):
        for history in PEOPLE[100:]:
            one.learn(history)
    assert again.until == NOW
    assert again.gain == model.gain
    for history in PEOPLE[:20]:
        assert np.array_equal(again.shares(history, NOW), model.shares(history, NOW))
    assert NeedLearner(again).state() == NeedLearner(model).state()


def test_what_grew_by_another_half_life_counts_as_much_as_it_did() -> None:
    model = taught(half_life_days=30)
    again = NeedModel(half_life_days=300)
    NeedLearner(again).restore(NeedLearner(model).state())
    assert again.half_life_days == 300
    for history in PEOPLE[:20]:
        assert again.shares(history, NOW)[1] == pytest.approx(model.shares(history, NOW)[1])
    model.fade_by(300, NOW)
    later = NOW + timedelta(days=200)
    assert again.shares(PEOPLE[0], later)[1] == pytest.approx(model.shares(PEOPLE[0], later)[1])


def test_the_contexts_seen_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    model = taught()
    monkeypatch.setattr(saved, "PAIRS_MAX", 50)
    again = NeedModel(half_life_days=90)
    NeedLearner(again).restore(NeedLearner(model).state())
    kept = list(again.contexts)
    assert 0 < sum(len(counts.of) for counts in again.contexts.values()) <= 50
    assert kept == list(model.contexts)[-len(kept) :]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"form": 9}, "form 9; this one reads 1"),
        ({"levels": [[1, False]]}, "contexts of"),
        ({"needs": []}, "names a need that is not there"),
        ({"needs": [["topic", f"n{number}"] for number in range(301)]}, "301 needs"),
        ({"scores": [float("nan")] * 5}, "not finite"),
        ({"epoch_s": "x"}, "cannot be read"),
        ({"half_life_days": 0.0}, "halves in 0.0 days"),
    ],
)
def test_what_was_not_written_here_is_refused(change: dict[str, object], told: str) -> None:
    document = msgspec.msgpack.decode(NeedLearner(taught()).state()) | change
    model = NeedModel(half_life_days=90)
    with pytest.raises(StoreError, match=told):
        NeedLearner(model).restore(msgspec.msgpack.encode(document))
    assert model.numbers == {}
    with pytest.raises(StoreError, match="cannot be read"):
        NeedLearner(model).restore(b"nonsense")
