import pytest

from domain.emotion import EmotionLabel
from server.analyse.clips import Clip, Score
from server.analyse.truth import Comparison, trained_on


def clip(truth: str, anger: float, *, sad: float = 0.0, **row: str) -> Clip:
    neutral = 1 - anger - sad
    chance = {EmotionLabel.ANGRY: anger, EmotionLabel.NEUTRAL: neutral, EmotionLabel.SAD: sad}
    return Clip("a.wav", {"file": "a.wav", "emotion": truth, **row}, Score(None, chance, 0.0, 0.0))


def figures(comparison: Comparison) -> dict[tuple[str, str], float]:
    return {(each.corpus, each.what): each.value for each in comparison.figures()}


def test_figures_of_each_corpus():
    comparison = Comparison("emotion", claims_labels=True)
    for corpus, right in (("one", 0.9), ("two", 0.2)):
        for speaker in "ab":
            comparison.take(clip("angry", right, corpus=corpus, speaker=speaker))
            comparison.take(clip("calm", 0.3, corpus=corpus, speaker=speaker))
    found = figures(comparison)
    assert found["one", "UA %"] == 100
    assert found["one", "anger AUC"] == 1
    assert found["two", "UA %"] == 50
    assert found["two", "anger AUC"] == 0
    assert {each.condition for each in comparison.figures()} == {"4 clips, 2 speakers"}


def test_labels_that_the_truth_lacks_cannot_be_mistaken():
    comparison = Comparison("emotion", claims_labels=True)
    comparison.take(clip("angry", 0.3, sad=0.6))
    comparison.take(clip("neutral", 0.1, sad=0.6))
    assert figures(comparison)["all", "UA %"] == 100


def test_weights_that_claim_anger_are_measured_by_anger():
    comparison = Comparison("emotion", claims_labels=False)
    comparison.take(clip("angry", 0.8))
    comparison.take(clip("sad", 0.2))
    assert figures(comparison) == {
        ("all", "anger AUC"): 1.0,
        ("all", "anger ECE"): pytest.approx(0.2),
    }


def test_what_is_left_out_is_counted():
    comparison = Comparison("emotion", claims_labels=False)
    comparison.take(clip("puzzled", 0.8))
    comparison.take(clip("", 0.8))
    comparison.take(Clip("a.wav", {"emotion": "angry"}, None))
    assert (comparison.unknown, comparison.unscored) == (2, 1)
    assert comparison.figures() == []


def test_other_names_of_labels():
    comparison = Comparison("emotion", claims_labels=False)
    for name in ("Anger", " happiness", "boredom", "fearful"):
        comparison.take(clip(name, 0.5))
    assert comparison.unknown == 0


def test_figures_of_what_was_trained_on_are_known_as_such():
    comparison = Comparison("emotion", claims_labels=False)
    for corpus in ("emodb", "casia"):
        comparison.take(clip("angry", 0.8, corpus=corpus))
        comparison.take(clip("sad", 0.2, corpus=corpus))
    assert trained_on(comparison.figures(), ["emodb", "nemo"]) == ["emodb"]
