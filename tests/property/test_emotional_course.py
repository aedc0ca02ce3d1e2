"""Whatever a customer's windows say: the course is bounded, monotone, never flickers, and asks
nothing about how its windows were handed over."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.emotion import EmotionScore, LabelProbabilities
from domain.emotional_course import EmotionalCourse, MoodPoint
from domain.mood import BANDS, SCALE, Mood, next_mood
from tests.emotion_support import window, words

SETTINGS = settings(deadline=None, derandomize=True, max_examples=200)
UNIT = st.floats(0, 1)
STEPS = st.lists(
    st.tuples(st.floats(0.05, 40), UNIT, UNIT, UNIT, st.floats(-1, 1), st.booleans()),
    min_size=1,
    max_size=60,
)
"""Seconds since the last, anger, confidence, share of speech, arousal, whether words came too."""


def scores(steps):
    now_s = 0.5
    for wait_s, anger, confidence, voiced, arousal, spoken in steps:
        now_s += wait_s
        length_s = min(2.0, now_s)
        yield window(
            now_s, anger, confidence=confidence, arousal=arousal, voiced_s=voiced * length_s * 0.99
        )
        if spoken:
            yield words(now_s, anger, confidence=confidence)


def walk(steps) -> list[MoodPoint]:
    course = EmotionalCourse()
    return [course.take(score) for score in scores(steps)]


@SETTINGS
@given(STEPS)
def test_every_figure_stays_on_its_scale_and_time_moves_forward(steps):
    course, at_s = EmotionalCourse(), 0.0
    for score in scores(steps):
        point = course.take(score)
        assert 0 <= point.intensity <= 1
        assert 0 <= point.confidence < 1
        assert -3 <= point.trend_per_min <= 3
        assert len(point.evidence) <= 3
        assert point.at_s >= at_s
        at_s = point.at_s
        later = course.at(at_s + 1e6)
        assert (later.mood, later.intensity) == (point.mood, point.intensity)
        assert later.confidence <= point.confidence


@SETTINGS
@given(STEPS, st.lists(UNIT, min_size=120, max_size=120))
def test_more_anger_never_makes_a_milder_course(steps, more):
    worse = [
        (wait_s, max(anger, extra), *rest)
        for (wait_s, anger, *rest), extra in zip(steps, more, strict=False)
    ]
    for mild, hard in zip(walk(steps), walk(worse), strict=True):
        # Two sums in another order differ in their last bits.
        assert hard.intensity >= mild.intensity - 1e-12
        assert hard.confidence == mild.confidence
        assert (hard.mood is Mood.UNKNOWN) is (mild.mood is Mood.UNKNOWN)
        if hard.intensity >= mild.intensity:
            assert hard.mood.rank >= mild.mood.rank


@SETTINGS
@given(STEPS)
def test_the_mood_changes_only_where_a_level_is_crossed(steps):
    """Going up takes an `enter` level, going down a `leave` level: nothing between them does."""
    mood = Mood.UNKNOWN
    for point in walk(steps):
        if mood is not Mood.UNKNOWN and point.mood.rank > mood.rank:
            assert point.intensity >= BANDS[point.mood.rank - 1].enter
        elif point.mood.rank < mood.rank:
            assert point.intensity < BANDS[point.mood.rank].leave
        mood = point.mood


@SETTINGS
@given(st.sampled_from(BANDS), st.lists(UNIT, max_size=100), st.sampled_from(SCALE))
def test_a_dead_band_never_flickers(band, shares, before):
    """Any walk within one dead band changes the mood once at most, at its first step."""
    mood, changes = before, 0
    for share in shares:
        level = band.leave + share * (band.enter - band.leave) * 0.999
        after = next_mood(mood, level)
        changes += after is not mood
        mood = after
    assert changes <= 1


@SETTINGS
@given(st.sampled_from(list(Mood)), st.sampled_from(list(Mood)), UNIT, UNIT)
def test_the_next_mood_is_monotone(one, other, low, high):
    low, high = sorted((low, high))
    milder, worse = sorted((one, other), key=lambda mood: mood.rank)
    assert next_mood(milder, low).rank <= next_mood(worse, high).rank


@SETTINGS
@given(STEPS, st.integers(0, 60), st.lists(st.floats(0, 100), max_size=5))
def test_batches_and_questions_change_nothing(steps, cut, asked):
    course, taken = EmotionalCourse(), list(scores(steps))
    for score in taken[:cut]:
        course.take(score)
    for at_s in asked:
        course.at(at_s)
    for score in taken[cut:]:
        course.take(score)
    assert course.at(0.0) == walk(steps)[-1]


@SETTINGS
@given(STEPS, st.integers(0, 59))
def test_what_was_taken_already_changes_nothing(steps, index):
    course, taken = EmotionalCourse(), list(scores(steps))
    for score in taken:
        course.take(score)
    before = course.at(0.0)
    for score in taken[: index + 1]:
        course.take(score)
    assert course.at(0.0) == before
    assert course.refused == min(index + 1, len(taken))


@SETTINGS
@given(STEPS, UNIT, UNIT, UNIT)
def test_low_confidence_moves_it_less(steps, anger, low, high):
    low, high = sorted((low, high))
    before = walk(steps)[-1]
    last = window(before.at_s + 1.0, anger)
    moved = []
    for confidence in (low, high):
        course = EmotionalCourse()
        for score in scores(steps):
            course.take(score)
        after = course.take(replace(last, confidence=confidence))
        moved.append(abs(after.intensity - before.intensity))
    assert moved[0] <= moved[1] + 1e-12


@SETTINGS
@given(st.lists(st.tuples(UNIT, UNIT, UNIT), min_size=1, max_size=30))
def test_only_anger_leads_to_angry(shares):
    course = EmotionalCourse()
    for second, (sad, fear, arousal) in enumerate(shares, 2):
        total = max(1.0, sad + fear)
        score: EmotionScore = window(
            float(second),
            0.0,
            arousal=arousal,
            valence=-1.0,
            confidence=1.0,
            probabilities=LabelProbabilities(sad=sad / total, fear=fear / total),
        )
        assert course.take(score).mood is not Mood.ANGRY
