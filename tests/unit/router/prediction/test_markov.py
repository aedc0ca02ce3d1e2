"""The model predicts from structure where there is some, and is silent where there is none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.histories import histories, shuffled
from domain.need import Need, NeedKind, NeedStep, SuggestionReason
from router.prediction import markov
from router.prediction.markov import NeedModel

START = datetime(2026, 1, 1, tzinfo=UTC)


def step(name: str, day: float, kind: NeedKind = NeedKind.TOPIC) -> NeedStep:
    return NeedStep(kind, name, START + timedelta(days=day))


def steps(*names: str, every_days: float = 1.0) -> list[NeedStep]:
    return [step(name, every_days * day) for day, name in enumerate(names)]


def taught(*patterns: list[NeedStep], times: int = 150) -> NeedModel:
    model = NeedModel(half_life_days=3650)
    for _ in range(times):
        for pattern in patterns:
            model.learn(pattern)
    return model


def test_what_came_after_comes_next_and_the_reason_is_what_came_before() -> None:
    model = taught(steps("move", "bill"), steps("fault", "router"), steps("bill"))
    found = model.predict(steps("move"), START + timedelta(days=1))
    assert found is not None
    assert found.need == Need(NeedKind.TOPIC, "bill")
    assert found.reason is SuggestionReason.AFTER
    assert found.after == (Need(NeedKind.TOPIC, "move"),)
    assert found.probability > 0.7 > 0.5 > found.baseline_probability
    assert found.words("en").startswith("After move, bill comes next for ")
    assert found.words("zh").startswith("在“move”之后")


def test_two_steps_say_more_than_one() -> None:
    model = taught(
        steps("a", "x", "left"), steps("b", "x", "right"), steps("a", "y"), steps("b", "y")
    )
    now = START + timedelta(days=2)
    found = model.predict(steps("a", "x"), now)
    assert found is not None
    assert found.need.name == "left"
    assert found.reason is SuggestionReason.AFTER_TWO
    assert [need.name for need in found.after] == ["a", "x"]
    assert found.words("en").startswith("After a and then x, left comes next")
    other = model.predict(steps("b", "x"), now)
    assert other is not None
    assert other.need.name == "right"


def test_time_says_more_than_none() -> None:
    soon = [step("buy", 0), step("set-up", 1)]
    late = [step("buy", 0), step("renewal", 100)]
    model = taught(soon, late)
    early, later = (
        model.predict([step("buy", 0)], START + timedelta(days=days)) for days in (1, 100)
    )
    assert early is not None
    assert later is not None
    assert (early.need.name, later.need.name) == ("set-up", "renewal")
    assert later.reason is SuggestionReason.AFTER_TIME
    assert later.words("en").startswith("So long after buy, renewal comes next")


def test_only_needs_that_are_asked_about_and_only_by_the_margin() -> None:
    model = taught(steps("move", "bill"), steps("fault", "router"))
    now = START + timedelta(days=1)
    bill, router = Need(NeedKind.TOPIC, "bill"), Need(NeedKind.TOPIC, "router")
    assert model.predict(steps("move"), now, among={router}) is None
    found = model.predict(steps("move"), now, among={router, bill}, margin=0.3)
    assert found is not None
    assert found.need == bill
    assert model.predict(steps("move"), now, among={bill}, margin=0.9) is None
    assert model.predict([], now) is None
    assert model.predict(steps("never-seen"), now) is None


def test_shares_are_probabilities_and_the_baseline_is_the_most_popular() -> None:
    model = taught(steps("a", "b", "c"), steps("b", "b"), times=20)
    baseline, shares = model.shares(steps("a"), START + timedelta(days=1))
    assert baseline.argmax() == model.numbers[Need(NeedKind.TOPIC, "b")]
    for each in (baseline, shares):
        assert np.all(each > 0)
        assert 0.9 < each.sum() <= 1 + 1e-9


def test_new_steps_are_learnt_once() -> None:
    once, parts = NeedModel(half_life_days=90), NeedModel(half_life_days=90)
    history = steps("a", "b", "c", "a", "b")
    once.learn(history)
    parts.learn(history[:3])
    parts.learn(history, 3)
    assert parts.contexts == once.contexts
    assert parts.everybody == once.everybody


def test_the_old_fades() -> None:
    model = NeedModel(half_life_days=40)
    for _ in range(30):
        model.learn([step("a", 0), step("old", 1)])
        model.learn([step("a", 200), step("new", 201)])
        model.learn([step("z", 200), step("old", 201)])
    _, shares = model.shares([step("a", 201)], START + timedelta(days=202))
    number = {name: model.numbers[Need(NeedKind.TOPIC, name)] for name in ("old", "new")}
    assert shares[number["new"]] > 3 * shares[number["old"]]
    # A thousand half-lives later the sums are still numbers.
    model.learn([step("a", 10_200), step("new", 10_201)])
    assert np.isfinite(model.shares([step("a", 10_300)], START + timedelta(days=10_301))[1]).all()


def test_another_rate_of_fading_changes_nothing_at_once() -> None:
    model = taught(steps("a", "b"), steps("c", "d"), times=5)
    now = START + timedelta(days=50)
    before = model.shares(steps("a"), now)[1]
    model.fade_by(5.0, now)
    assert model.shares(steps("a"), now)[1] == pytest.approx(before)
    assert model.half_life_days == 5.0


def test_needs_and_contexts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (markov.NEEDS_MAX, markov.CONTEXTS_MAX) == (300, 20_000)
    monkeypatch.setattr(markov, "NEEDS_MAX", 5)
    monkeypatch.setattr(markov, "CONTEXTS_MAX", 7)
    model = NeedModel(half_life_days=90)
    for number in range(40):
        model.learn(steps(f"n{number % 9}", f"n{number % 4}", f"n{number % 9}"))
    assert len(model.numbers) == 5
    assert len(model.contexts) == 7


@pytest.mark.parametrize("structure", ["last", "last two", "last and time"])
def test_hidden_structure_is_found(structure: str) -> None:
    model = NeedModel(half_life_days=360)
    for history in histories(450, structure=structure, strength=0.7, seed=1):  # type: ignore[arg-type]
        model.learn(history)
    assert model.gain.is_proven
    assert model.gain.model_hits > 1.3 * model.gain.baseline_hits


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_claimed_of_shuffled_histories(seed: int) -> None:
    of = shuffled(histories(250, structure="last", strength=0.7, seed=seed), seed)
    model = NeedModel(half_life_days=360)
    claims = 0
    for history in of:
        claims += model.predict(history[:-1], history[-1].at) is not None
        model.learn(history)
    assert claims == 0
    assert abs(model.gain.mean) < 0.05
