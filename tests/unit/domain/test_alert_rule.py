import pytest

from domain.alert_rule import Actions, AlertRule, Verdict, Watch
from domain.emotion import EmotionLabel, LabelProbabilities
from domain.emotional_course import MoodPoint
from domain.mood import Mood
from tests.emotion_support import mood_rule, window

ABOVE, BETWEEN, BELOW = Verdict.ABOVE, Verdict.BETWEEN, Verdict.BELOW


def point(mood=Mood.ANGRY, intensity=0.7, confidence=0.8, trend=0.0) -> MoodPoint:
    return MoodPoint(
        at_s=2.0, mood=mood, intensity=intensity, confidence=confidence, trend_per_min=trend
    )


def label_rule(label=EmotionLabel.ANGRY, **changes) -> AlertRule:
    values = {"level": 0.6, "clear_level": 0.5, "windows": 1, "of_windows": 1}
    return AlertRule(rule_id="r", label=label, **{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": EmotionLabel.SAD}, "exactly one of label and mood"),
        ({"mood": None}, "exactly one of label and mood"),
        ({"mood": None, "label": EmotionLabel.SAD}, "a label needs a level"),
        ({"level": 0.7}, "belong together"),
        ({"clear_level": 0.7}, "belong together"),
        ({"level": 0.7, "clear_level": 0.7}, "clear_level 0.7"),
        ({"level": 1.1, "clear_level": 0.7}, "level 1.1"),
        ({"seconds": 3.0}, "exactly one of windows and seconds"),
        ({"windows": None, "of_windows": None}, "exactly one of windows and seconds"),
        ({"of_windows": None}, "windows and of_windows"),
        ({"windows": 4}, "4 of 3 windows"),
        ({"windows": 0}, "0 of 3 windows"),
        ({"of_windows": 61}, "2 of 61 windows"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        mood_rule(**changes)


def test_service_is_never_made_worse():
    with pytest.raises(ValueError, match="worse"):
        Actions(priority_step=-1)


def test_queues_that_it_looks_at():
    assert mood_rule().looks_at("any")
    some = mood_rule(queues=frozenset({"sales"}))
    assert some.looks_at("sales")
    assert not some.looks_at("billing")


@pytest.mark.parametrize(
    ("rule", "seen", "verdict"),
    [
        (mood_rule(), point(), ABOVE),
        (mood_rule(), point(Mood.UPSET), BELOW),
        (mood_rule(), point(Mood.UNKNOWN), BELOW),
        (mood_rule(mood=Mood.UPSET), point(Mood.ANGRY), ABOVE),
        (mood_rule(), point(confidence=0.3), BETWEEN),
        (mood_rule(level=0.8, clear_level=0.6), point(), BETWEEN),
        (mood_rule(level=0.7, clear_level=0.6), point(), ABOVE),
        (mood_rule(level=0.9, clear_level=0.8), point(), BELOW),
        (mood_rule(rising_per_min=0.5), point(trend=0.4), BETWEEN),
        (mood_rule(rising_per_min=0.5), point(trend=0.5), ABOVE),
    ],
)
def test_what_a_mood_rule_says(rule, seen, verdict):
    assert rule.judge(window(2.0), seen) is verdict


@pytest.mark.parametrize(
    ("rule", "score", "verdict"),
    [
        (label_rule(), window(2.0, 0.6), ABOVE),
        (label_rule(), window(2.0, 0.55), BETWEEN),
        (label_rule(), window(2.0, 0.49), BELOW),
        (label_rule(), window(2.0, 0.9, confidence=0.3), BETWEEN),
        (label_rule(), window(2.0, 0.0, confidence=0.3), BETWEEN),
        (label_rule(EmotionLabel.SAD), window(2.0, 0.9), BELOW),
        (
            label_rule(EmotionLabel.SAD),
            window(2.0, probabilities=LabelProbabilities(sad=0.7)),
            ABOVE,
        ),
    ],
)
def test_what_a_label_rule_says(rule, score, verdict):
    assert rule.judge(score, point(Mood.UNKNOWN, 0.0, 0.0)) is verdict


def watch(rule: AlertRule, *verdicts: Verdict) -> Watch:
    seen = Watch(rule)
    for second, verdict in enumerate(verdicts):
        seen.see(verdict, float(second))
    return seen


@pytest.mark.parametrize(
    ("verdicts", "fulfilled"),
    [
        ([], False),
        ([ABOVE], False),
        ([ABOVE, ABOVE], True),
        ([ABOVE, BETWEEN, ABOVE], True),
        ([ABOVE, BELOW, ABOVE], True),
        ([ABOVE, BETWEEN, BETWEEN, ABOVE], False),
        ([ABOVE, ABOVE, BETWEEN], True),
        ([ABOVE, ABOVE, BELOW], False),
    ],
)
def test_two_of_three_windows(verdicts, fulfilled):
    seen = watch(mood_rule(), *verdicts)
    assert seen.fulfilled(10.0) is fulfilled
    assert seen.fulfilled_at_s() is None


@pytest.mark.parametrize(
    ("verdicts", "at_s"),
    [
        ([], None),
        ([BETWEEN], None),
        ([BETWEEN, ABOVE, BETWEEN], 6.0),
        ([ABOVE, BELOW], None),
        ([ABOVE, BELOW, ABOVE], 7.0),
    ],
)
def test_for_five_seconds(verdicts, at_s):
    seen = watch(mood_rule(windows=None, of_windows=None, seconds=5.0), *verdicts)
    assert seen.fulfilled_at_s() == at_s
    if at_s is None:
        assert not seen.fulfilled(1e9)
    else:
        assert not seen.fulfilled(at_s - 0.1)
        assert seen.fulfilled(at_s)


@pytest.mark.parametrize(
    ("verdicts", "at_s"),
    [
        ([ABOVE], None),
        ([ABOVE, BELOW, BELOW], 21.0),
        ([ABOVE, BELOW, BETWEEN], None),
        ([ABOVE, BELOW, BETWEEN, BELOW], 23.0),
    ],
)
def test_when_the_level_is_gone(verdicts, at_s):
    assert watch(mood_rule(clear_s=20.0), *verdicts).gone_at_s() == at_s
