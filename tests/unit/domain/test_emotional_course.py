import sys
from math import exp

import pytest

from domain.emotion import Evidence, LabelProbabilities
from domain.emotional_course import (
    PRIOR_S,
    SMOOTHING_S,
    CourseSettings,
    EmotionalCourse,
    distress,
)
from domain.mood import BANDS, Mood, MoodBand
from tests.emotion_support import PITCH, window, words


def course_of(*angers: float) -> EmotionalCourse:
    course = EmotionalCourse()
    for second, anger in enumerate(angers, 2):
        course.take(window(float(second), anger))
    return course


def test_before_anything_was_heard():
    point = EmotionalCourse().at(12.0)
    assert (point.at_s, point.mood, point.intensity) == (12.0, Mood.UNKNOWN, 0.0)
    assert (point.confidence, point.trend_per_min, point.evidence) == (0.0, 0.0, ())


def test_the_first_window_by_hand():
    point = EmotionalCourse().take(window(2.0, 0.9, confidence=0.5, voiced_s=1.6))
    weight_s = 2.0 * 0.5 * 0.8
    assert point.intensity == pytest.approx(0.9 * weight_s / (PRIOR_S + weight_s))
    assert point.confidence == pytest.approx(weight_s / (PRIOR_S + weight_s))
    assert point.mood is Mood.UNEASY
    assert point.trend_per_min == 0.0, "where a caller begins is no trend"


def test_overlapping_windows_count_each_second_once():
    course = EmotionalCourse()
    course.take(window(2.0, 0.9, confidence=1.0))
    point = course.take(window(3.0, 0.9, confidence=1.0))
    heard_s = 2.0 * exp(-1.0 / SMOOTHING_S) + 1.0
    assert point.confidence == pytest.approx(heard_s / (PRIOR_S + heard_s))


def test_a_caller_who_turns_angry_is_noticed_within_seconds():
    course = course_of(*[0.1] * 30)
    moods = [course.take(window(32.0 + second, 0.9)).mood for second in range(12)]
    assert moods[0] is Mood.CALM, "one window does not make a mood"
    assert moods.index(Mood.ANGRY) == 6, "as ADR 0017 says"
    assert moods == sorted(moods, key=lambda mood: mood.rank)


def test_who_is_calm_again_is_calm_later():
    course = course_of(*[0.9] * 10)
    assert course.at(0.0).mood is Mood.ANGRY
    moods = [course.take(window(12.0 + second, 0.05)).mood for second in range(15)]
    assert moods[0] is Mood.ANGRY
    assert moods[-1] is Mood.CALM


def test_silence_takes_the_confidence_and_nothing_else():
    course = course_of(*[0.9] * 10)
    heard = course.at(11.0)
    silent = course.at(11.0 + 30.0)
    assert (silent.mood, silent.intensity) == (heard.mood, heard.intensity)
    assert silent.confidence < 0.01 < heard.confidence
    forever = course.at(1e9)
    assert (forever.mood, forever.intensity, forever.confidence) == (
        Mood.ANGRY, heard.intensity, 0.0,
    )  # fmt: skip


def test_after_a_silence_the_next_window_weighs_more():
    soon, late = course_of(*[0.9] * 10), course_of(*[0.9] * 10)
    assert late.take(window(60.0, 0.0)).intensity < soon.take(window(12.0, 0.0)).intensity


def test_what_is_not_certain_moves_less():
    steps = [
        EmotionalCourse().take(window(2.0, 0.9, confidence=confidence)).intensity
        for confidence in (0.0, 0.2, 0.5, 1.0)
    ]
    assert steps[0] == 0.0
    assert steps == sorted(set(steps))


def test_a_window_without_speech_says_nothing():
    course = course_of(0.5, 0.5)
    before = course.at(3.0)
    assert course.take(window(4.0, 1.0, voiced_s=0.0)).intensity == before.intensity


def test_a_trend_is_a_slope_a_minute():
    course = course_of(*[second / 60 for second in range(60)])
    point = course.at(0.0)
    assert 0.7 < point.trend_per_min < 1.1, "a ramp of one a minute"
    assert course.at(point.at_s + 60.0).trend_per_min < 0.1, "of long ago"
    falling = course_of(*[1 - second / 60 for second in range(60)])
    assert falling.at(0.0).trend_per_min < -0.7


def test_a_silence_is_no_rise():
    course = course_of(*[0.1] * 20)
    point = course.take(window(200.0, 0.9))
    assert point.trend_per_min < 60 / 20


def test_the_evidence_is_that_of_the_window_that_weighs_most():
    calm = Evidence(name="rate", value=3.0, unit="syllables a second")
    course = EmotionalCourse()
    course.take(window(2.0, 0.9, evidence=(PITCH,)))
    assert course.take(window(3.0, 0.2, evidence=(calm,))).evidence == (PITCH,)
    assert course.take(window(4.0, 0.9)).evidence == (PITCH,), "a window without reasons"
    for second in range(5, 20):
        course.take(window(float(second), 0.2, evidence=(calm,)))
    assert course.at(0.0).evidence == (calm,)


def test_time_only_moves_forward():
    course = course_of(0.9, 0.9)
    before = course.at(0.0)
    assert before.at_s == 3.0
    assert course.take(window(3.0, 0.0)) == before
    assert course.take(window(2.5, 0.0)) == before
    assert course.refused == 2


def test_words_are_fused_while_both_are_fresh():
    voice = course_of(0.2, 0.2, 0.2).at(0.0)
    course = course_of(0.2, 0.2, 0.2)
    point = course.take(words(3.5, 0.9))
    assert voice.intensity < point.intensity < 0.9
    assert point.at_s == 4.0, "words come after the voice that said them"
    assert point.confidence > voice.confidence
    later = [course.take(window(5.0 + second, 0.2)).intensity for second in range(30)]
    assert later[-1] == pytest.approx(0.2, abs=0.01), "old words are forgotten"


def test_the_voice_goes_on_after_words_that_were_heard_further():
    course = course_of(0.2)
    course.take(words(2.9, 0.9))
    assert course.take(window(2.5, 0.2)).at_s == 2.9
    assert course.refused == 0


def test_words_that_come_too_late_are_about_another_mood():
    course = course_of(*[0.2] * 30)
    course.take(words(10.0, 0.9))
    assert course.refused == 1


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (window(2.0, 0.7, arousal=1.0), 0.7),
        (window(2.0, arousal=1.0), 0.3),
        (window(2.0, arousal=1.0, valence=1.0), 0.0),
        (window(2.0, arousal=1.0, valence=-1.0), 0.6),
        (window(2.0, arousal=-1.0, valence=-1.0), 0.0),
        (window(2.0, probabilities=LabelProbabilities(sad=0.5, fear=0.5)), 0.6),
        (window(2.0, probabilities=LabelProbabilities(happy=1.0)), 0.0),
        (words(2.0, 0.4), 0.4),
    ],
)
def test_distress_by_hand(score, expected):
    assert distress(score) == pytest.approx(expected)


def test_agitation_and_sadness_alone_never_lead_to_angry():
    sad = LabelProbabilities(sad=1.0)
    course = EmotionalCourse()
    for second in range(2, 100):
        point = course.take(
            window(float(second), 0.0, arousal=1.0, valence=-1.0, probabilities=sad)
        )
        assert point.mood is not Mood.ANGRY
    assert point.mood is Mood.UPSET


def test_a_course_is_small_however_long_the_call():
    short, long = course_of(0.5), course_of(*[0.5] * 5_000)
    assert sys.getsizeof(short) == sys.getsizeof(long)
    assert not hasattr(long, "__dict__")


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="smoothing_s"):
        CourseSettings(smoothing_s=0.0)
    low = (*BANDS[:2], MoodBand(mood=Mood.ANGRY, enter=0.55, leave=0.5))
    with pytest.raises(ValueError, match="agitation alone"):
        CourseSettings(bands=low)


def test_another_hop_tells_about_the_same():
    fine, coarse = EmotionalCourse(), EmotionalCourse()
    for half_seconds in range(4, 40):
        fine.take(window(half_seconds / 2, 0.8))
        if half_seconds % 2 == 0:
            coarse.take(window(half_seconds / 2, 0.8))
    assert fine.at(20.0).intensity == pytest.approx(coarse.at(20.0).intensity, abs=0.02)
    assert fine.at(20.0).confidence == pytest.approx(coarse.at(20.0).confidence, abs=0.05)
