import itertools

import pytest

from domain.mood import BANDS, SCALE, Mood, MoodBand, check_bands, next_mood


def bands(*levels: tuple[float, float]) -> tuple[MoodBand, ...]:
    return tuple(
        MoodBand(mood=mood, enter=enter, leave=leave)
        for mood, (enter, leave) in zip(SCALE[1:], levels, strict=True)
    )


def test_every_mood_has_a_place():
    assert [mood.rank for mood in Mood] == [-1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("before", "intensity", "after"),
    [
        (Mood.UNKNOWN, 0.0, Mood.CALM),
        (Mood.UNKNOWN, 0.3, Mood.CALM),
        (Mood.UNKNOWN, 0.9, Mood.ANGRY),
        (Mood.CALM, 0.34, Mood.CALM),
        (Mood.CALM, 0.35, Mood.UNEASY),
        (Mood.CALM, 0.5, Mood.UPSET),
        (Mood.UNEASY, 0.25, Mood.UNEASY),
        (Mood.UNEASY, 0.24, Mood.CALM),
        (Mood.ANGRY, 0.5, Mood.ANGRY),
        (Mood.ANGRY, 0.49, Mood.UPSET),
        (Mood.ANGRY, 0.39, Mood.UNEASY),
        (Mood.ANGRY, 0.0, Mood.CALM),
    ],
)
def test_the_next_mood(before, intensity, after):
    assert next_mood(before, intensity) is after


def test_ours_are_a_scale():
    check_bands(BANDS)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (BANDS[:2], "one for each"),
        (tuple(reversed(BANDS)), "one for each"),
        (bands((0.3, 0.3), (0.5, 0.4), (0.7, 0.6)), "band uneasy: leave 0.3"),
        (bands((0.3, 0.0), (0.5, 0.4), (0.7, 0.6)), "band uneasy: leave 0.0"),
        (bands((0.3, 0.2), (0.5, 0.4), (1.1, 0.6)), "band angry: leave 0.6"),
        (bands((0.3, 0.2), (0.3, 0.25), (0.7, 0.6)), "band upset: not above that of uneasy"),
        (bands((0.3, 0.2), (0.5, 0.4), (0.7, 0.4)), "band angry: not above that of upset"),
    ],
)
def test_what_is_no_scale_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        check_bands(wrong)


def test_staying_where_it_is_changes_nothing():
    for mood, hundredths in itertools.product(Mood, range(101)):
        once = next_mood(mood, hundredths / 100)
        assert next_mood(once, hundredths / 100) is once
